/** `locality-tune prove`: runs the experiment and prints the verdict. */
import { randomInt } from 'node:crypto';
import { LOOKS } from '../../prove/looks.ts';
import type { NumberSource } from '../../prove/own-number.ts';
import { METRICS, type MetricName, type Round } from '../../prove/types.ts';
import { LEAST_BLOCKS } from '../../prove/verdict.ts';
import { proveLines } from '../../report/prove.ts';
import { paragraph } from '../../report/text.ts';
import type { AttachOptions } from '../../steer/attach.ts';
import { readAttachMachine } from '../../steer/machine.ts';
import { packageVersion } from '../../system/package.ts';
import { type Kept, keepProved } from '../../use-cases/keep-proved.ts';
import { type LiveMachine, openMachine, requireRoot } from '../../use-cases/machine.ts';
import { requireSubject } from '../../use-cases/plan.ts';
import type { Proved } from '../../use-cases/prove.ts';
import type { Asked } from '../../use-cases/prove-change.ts';
import { requireAnswer } from '../confirm.ts';
import { EXIT, usage } from '../errors.ts';
import { forOutside, print, printDocument, printLines, progress, save, styleOf } from '../output.ts';
import type { ProgramOptions } from '../programs/program-options.ts';
import { heedInterruptions } from '../signals.ts';
import { askedProgram } from '../steer/requested-program.ts';
import { printPlanNotes } from '../tune/apply-run.ts';
import { loadPlan } from '../tune/load-plan.ts';
import { planOptionsOf, type TuningOptions } from '../tune/plan-options.ts';
import { ROUND, ROUND_OF_PLAN } from './defaults.ts';
import { type ExperimentOptions, runExperiment } from './run-experiment.ts';

export type Requirement = 'gain' | 'no-loss';

export interface ProveCommandOptions
  extends Omit<TuningOptions, 'port'>,
    Omit<ProgramOptions, keyof TuningOptions> {
  readonly port: number;
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
  readonly aa?: true;
  readonly require?: Requirement;
  readonly csv?: true;
  /** A file. */
  readonly html?: string;
  readonly keep?: true;
  readonly yes?: true;
}

export async function runProve(options: ProveCommandOptions): Promise<void> {
  const { json, pretty, csv, aa, yes, keep } = options;
  if (csv && (json || pretty)) throw usage('--csv: cannot be combined with -j', 'omit one of them');
  checkOptions(options);
  requireRoot('prove', 'only root can read slots and programs, and count events on all CPUs');
  requireAnswer('prove', yes === true || aa === true, '--aa to change nothing');
  const interruption = heedInterruptions();
  const machine = openMachine();
  const asked = await askedChange(options, machine);
  const attachMachine = readAttachMachine(machine);
  const proved = await runExperiment(machine, experimentOf(options, asked, attachMachine), interruption);
  const { signal } = interruption;
  const kept = keep
    ? await keepProved(machine, proved, asked, { machine: attachMachine, signal, progress })
    : null;
  if (json || pretty)
    printDocument({ schema: 'locality-tune.prove/1', ...proved, ...inDocument(kept) }, options);
  else if (csv) print(csvOf(proved.rounds));
  else {
    const style = styleOf(options.color, process.stdout, process.env);
    const lines = kept === null ? [] : paragraph('', kept.why, style);
    printLines([...proveLines(proved, style), ...lines], style);
  }
  if (options.html !== undefined) await savePage(options.html, proved);
  process.exitCode =
    interruption.status() ??
    (proved.verdict === 'stopped' || !fulfils(proved, options.require) ? EXIT.failed : EXIT.ok);
}

function experimentOf(
  options: ProveCommandOptions,
  change: Asked,
  machine: AttachOptions['machine'],
): ExperimentOptions {
  const { port, udp, blocks, margin, aa, yes, seed = randomInt(2 ** 31 - 1) } = options;
  const untilClear = options.untilClear === true;
  return {
    port,
    protocol: udp ? 'udp' : 'tcp',
    per: udp ? 'datagram' : (options.per ?? 'connection'),
    change,
    machine,
    blocks: untilClear ? LOOKS * blocks : blocks,
    untilClear,
    primary: options.metric,
    number: numberOf(options),
    better: options.better,
    round: roundOf(options),
    margin: margin / 100,
    aa: aa === true,
    seed,
    yes: yes === true,
  };
}

/** Loaded only here: most experiments write no page. */
async function savePage(output: string, proved: Proved): Promise<void> {
  const { experimentPage } = await import('../../html/experiment.ts');
  await save(experimentPage(proved, packageVersion()), { output });
}

const inDocument = (kept: Kept | null) =>
  kept === null
    ? { kept: null, keptWhy: null, journal: null }
    : { kept: kept.kept, keptWhy: forOutside(kept.why), journal: kept.journal };

function roundOf({ change, round }: ProveCommandOptions): number {
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

/** Before anything slow is done. Throws CliError usage. */
function checkOptions(options: ProveCommandOptions): void {
  const others = options.change === 'plan' ? OF_PROGRAM : OF_PLAN;
  const own = options.change === 'plan' ? 'program' : 'plan';
  const odd = Object.entries(others).find(([key]) => Reflect.get(options, key) !== undefined);
  if (odd !== undefined) throw usage(`${odd[1]}: only for --change ${own}`, 'omit it');
  roundOf(options);
  const { udp, per, command, url, metric, untilClear, blocks } = options;
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
function numberOf({ command, url }: ProveCommandOptions): NumberSource | null {
  if (url !== undefined) return { kind: 'url', url };
  if (command === undefined) return null;
  const [file, ...words] = command.split(/\s+/).filter((word) => word !== '');
  if (file === undefined) throw usage("--command '': must name a program");
  return { kind: 'command', words: [file, ...words] };
}

async function askedChange(options: ProveCommandOptions, machine: LiveMachine): Promise<Asked> {
  const { change, port, program } = options;
  if (change === 'program') {
    const asked = await askedProgram({ ...options, program: program ?? 'cpu' }, machine);
    return { kind: 'program', program: asked.program };
  }
  const tuning = { ...options, port: [port] };
  const planned = await loadPlan(tuning);
  requireSubject(planned, planOptionsOf(tuning));
  if (!options.json && !options.pretty) printPlanNotes(planned.plan);
  return { kind: 'plan', plan: planned.plan };
}

function fulfils({ verdict }: Proved, required: Requirement | undefined): boolean {
  if (required === undefined) return true;
  return verdict === 'gain' || (required === 'no-loss' && verdict === 'none');
}

/** The raw rounds, for another program to check the result. An empty field is not known. */
function csvOf(rounds: readonly Round[]): string {
  const rows = rounds.map(({ block, arm, at, seconds, connections, values }) =>
    [block, arm, at, seconds, connections, ...METRICS.map((name) => values[name] ?? '')].join(','),
  );
  return [`block,arm,at,seconds,connections,${METRICS.join(',')}`, ...rows, ''].join('\n');
}
