/** The options of `prove`, and what must hold of them together. Nothing slow is done here. */
import type { NumberSource } from '../../prove/own-number.ts';
import type { MetricName } from '../../prove/types.ts';
import { LEAST_BLOCKS } from '../../prove/verdict.ts';
import { portOf } from '../../tune/settings/program.ts';
import { usage } from '../errors.ts';
import type { ProgramOptions } from '../programs/program-options.ts';
import type { TuningOptions } from '../tune/plan-options.ts';
import { ROUND, ROUND_OF_PLAN } from './defaults.ts';

export type Requirement = 'gain' | 'no-loss';

export interface ProveCommandOptions
  extends Omit<TuningOptions, 'port'>,
    Omit<ProgramOptions, keyof TuningOptions> {
  readonly port: number;
  /** An id. */
  readonly group?: string;
  readonly allGroups?: true;
  readonly change: 'program' | 'plan';
  readonly blocks: number;
  readonly untilClear?: true;
  readonly metric: MetricName;
  readonly per?: 'connection' | 'packet';
  /** Words, without a shell. */
  readonly command?: string;
  readonly url?: string;
  readonly better: 'lower' | 'higher';
  readonly round?: number;
  /** Percent. */
  readonly margin: number;
  readonly seed?: number;
  readonly latency?: true;
  readonly aa?: true;
  readonly require?: Requirement;
  readonly csv?: true;
  /** A file. */
  readonly html?: string;
  readonly keep?: true;
  readonly yes?: true;
}

/** Throws CliError usage. */
export function roundOf({ change, round }: ProveCommandOptions): number {
  if (change === 'program') return round ?? ROUND;
  if (round !== undefined && round < ROUND_OF_PLAN)
    throw usage(`--round ${round}: rounds of a plan have at least ${ROUND_OF_PLAN} s`, 'omit it');
  return round ?? ROUND_OF_PLAN;
}

/** Options that only a plan has, and the ones that only a program has. */
const OF_PLAN = {
  iface: '--iface',
  only: '--only',
  cpus: '--cpus',
  irqCpus: '--irq-cpus',
  avoidCpus: '--avoid-cpus',
} as const;
const OF_PROGRAM = { weights: '--weights', drain: '--drain', by: '--by' } as const;

/** Throws CliError usage. */
export function checkOptions(options: ProveCommandOptions): void {
  const others = options.change === 'plan' ? OF_PROGRAM : OF_PLAN;
  const own = options.change === 'plan' ? 'program' : 'plan';
  const odd = Object.entries(others).find(([key]) => Reflect.get(options, key) !== undefined);
  if (odd !== undefined) throw usage(`${odd[1]}: only for --change ${own}`, 'omit it');
  roundOf(options);
  if (options.csv && (options.json || options.pretty))
    throw usage('--csv: cannot be combined with -j', 'omit one of them');
  const { port, group, allGroups, udp, per, command, url, metric, untilClear, blocks } = options;
  if (group !== undefined && allGroups)
    throw usage('--group and --all-groups: only one of them can choose', 'omit one of them');
  if (group !== undefined && (!group.startsWith(udp ? 'udp ' : 'tcp ') || portOf(group) !== port))
    throw usage(
      `--group '${group}': must be the id of a ${udp ? 'UDP' : 'TCP'} group on port ${port}`,
      'write it as `locality-tune inspect` shows it: tcp 0.0.0.0:8080',
    );
  if (udp && per !== undefined)
    throw usage('--per: the cost of a UDP server is divided by datagrams', 'omit it');
  if (command !== undefined && url !== undefined)
    throw usage('--command and --url: only one of them can give the number', 'omit one of them');
  if (metric === 'number' && command === undefined && url === undefined)
    throw usage('--metric number: no number is given', 'use --command or --url');
  if (untilClear && blocks < LEAST_BLOCKS)
    throw usage(`--until-clear: a look needs ${LEAST_BLOCKS} blocks`, `use --blocks ${LEAST_BLOCKS} or more`);
  numberOf(options);
}

/** Throws CliError usage. */
export function numberOf({ command, url }: ProveCommandOptions): NumberSource | null {
  if (url !== undefined) return { kind: 'url', url };
  if (command === undefined) return null;
  const [file, ...words] = command.split(/\s+/).filter((word) => word !== '');
  if (file === undefined) throw usage("--command '': must name a program");
  return { kind: 'command', words: [file, ...words] };
}
