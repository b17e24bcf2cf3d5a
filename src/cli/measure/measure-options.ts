/** The options that `measure skb`, `accept` and `udp` share. */
import { existsSync } from 'node:fs';
import { openPorts } from '../../host/names.ts';
import type { Filter } from '../../measure/filter.ts';
import type { Question } from '../../measure/types.ts';
import { cliFailure } from '../errors.ts';
import type { Globals } from '../options.ts';
import { progress, say } from '../output.ts';

export interface MeasureOptions extends Globals {
  /** Seconds. */
  readonly interval: number;
  /** Intervals; endless without. */
  readonly count?: number;
  readonly pid?: number;
  readonly comm?: string;
  readonly port?: number;
  /** For tests of one variant: no other variant is tried. */
  readonly variant?: string;
}

export const filterOf = ({ pid, port, comm }: MeasureOptions): Filter => ({
  pid: pid ?? null,
  port: port ?? null,
  comm: comm ?? null,
});

/** With --variant only that variant. */
export const only = (question: Question, { variant }: MeasureOptions): Question =>
  variant === undefined
    ? question
    : { ...question, variants: question.variants.filter(({ name }) => name === variant) };

/** It takes a second or two, in which a terminal would show nothing. */
export const showingStart = <T>(start: () => Promise<T>): Promise<T> => {
  const done = progress('starting bpftrace ...');
  return start().finally(done);
};

/**
 * Says so if nothing is on the port, where a server may still start. Throws CliError `gone` for a process that does not
 * exist.
 */
export function checkSubject(
  pid: number | undefined,
  port: number | undefined,
  protocol: 'tcp' | 'udp',
): void {
  if (pid !== undefined && !existsSync(`/proc/${pid}`))
    throw cliFailure('gone', `--pid ${pid}: no such process`, 'see `pgrep -a NAME`');
  if (port === undefined) return;
  const there = openPorts('/proc/self').find((each) => each.port === port)?.protocols ?? [];
  if (!there.includes(protocol)) say(`note: nothing is on ${protocol} port ${port} yet\n`);
}
