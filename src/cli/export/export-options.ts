/** What `export`, `metrics` and `watch --listen` share. */
import type { Command } from 'commander';
import { type ListenAddress, parseListen } from '../../export/address.ts';
import { PROBES, type ProbeName } from '../../export/probes.ts';
import type { Schedule } from '../../export/sampler.ts';
import { usage } from '../errors.ts';
import { collect, type Globals, port } from '../options.ts';

/** What the metrics are of. */
export interface MetricsOptions extends Globals {
  readonly iface?: readonly string[];
  readonly port?: number;
  readonly slots: boolean;
  readonly perIrq?: true;
}

export interface MetricsCommandOptions extends MetricsOptions {
  readonly textfile?: string;
  readonly openmetrics?: true;
}

export interface ExportCommandOptions extends MetricsOptions {
  readonly listen?: ListenAddress;
  readonly sample?: Schedule;
  readonly probes?: readonly ProbeName[];
  readonly matrix?: true;
}

export const addMetricsOptions = (command: Command): Command =>
  command
    .option('-I, --iface <name>', 'only this interface (repeatable)', collect)
    .option('--port <port>', 'only groups and sockets of this port', port)
    .option('--no-slots', 'do not read slots and programs with bpftrace')
    .option('--per-irq', 'add series for each IRQ');

/** Throws usage. */
export function listenAddress(text: string): ListenAddress {
  const address = parseListen(text);
  if (address !== null) return address;
  throw usage(
    `--listen '${text}': must be ADDRESS:PORT or PORT`,
    'for example 127.0.0.1:9884, [::1]:9884, or *:9884 for all addresses',
  );
}

const MOST_SECONDS = 300;
const MOST_PERIOD = 86_400;
/** Starting bpftrace takes a second of CPU time. */
const LEAST_PERIOD = 10;

/** `5/60`. Throws usage. */
export function schedule(text: string): Schedule {
  const [, seconds, period] = /^(\d{1,3})\/(\d{1,5})$/.exec(text)?.map(Number) ?? [];
  if (seconds === undefined || period === undefined)
    throw usage(`--sample '${text}': must be SECONDS/PERIOD`, '5/60 counts for 5 s of every minute');
  if (seconds < 1 || seconds > MOST_SECONDS || period < LEAST_PERIOD || period > MOST_PERIOD)
    throw usage(
      `--sample '${text}': SECONDS must be 1 to ${MOST_SECONDS}, PERIOD ${LEAST_PERIOD} to ${MOST_PERIOD}`,
    );
  if (2 * seconds > period)
    throw usage(
      `--sample '${text}': SECONDS must be at most half of PERIOD`,
      'sampling is meant to cost little',
    );
  return { seconds, period };
}

/** Throws usage. */
export function probes(text: string): readonly ProbeName[] {
  return text.split(',').map((word) => {
    const probe = PROBES.find((known) => known === word);
    if (probe === undefined) throw usage(`--probes '${word}': must be some of ${PROBES.join(', ')}`);
    return probe;
  });
}
