/** The options that `measure skb`, `accept` and `udp` share. */
import type { Filter } from '../../measure/filter.ts';
import type { Question } from '../../measure/types.ts';
import type { Globals } from '../options.ts';
import { progress } from '../output.ts';

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
