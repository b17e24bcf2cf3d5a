/** `locality-tune prove`: runs the experiment and prints the verdict. */
import { randomInt } from 'node:crypto';
import { LOOKS } from '../../prove/looks.ts';
import { METRICS, type Round } from '../../prove/types.ts';
import { proveLines } from '../../report/prove.ts';
import { paragraph } from '../../report/text.ts';
import type { AttachOptions } from '../../steer/attach.ts';
import { readAttachMachine } from '../../steer/machine.ts';
import { packageVersion } from '../../system/package.ts';
import { type Kept, keepProved } from '../../use-cases/keep-proved.ts';
import { type LiveMachine, openMachine, requireRoot } from '../../use-cases/machine.ts';
import { requireSubject } from '../../use-cases/plan.ts';
import type { Proved } from '../../use-cases/prove.ts';
import { type Asked, selectorOf } from '../../use-cases/prove-change.ts';
import { requireAnswer } from '../confirm.ts';
import { EXIT } from '../errors.ts';
import { forOutside, print, printDocument, printLines, progress, save, styleOf } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { askedProgram } from '../steer/requested-program.ts';
import { printPlanNotes } from '../tune/apply-run.ts';
import { loadPlan } from '../tune/load-plan.ts';
import { planOptionsOf } from '../tune/plan-options.ts';
import {
  checkOptions,
  numberOf,
  type ProveCommandOptions,
  type Requirement,
  roundOf,
} from './check-options.ts';
import { type ExperimentOptions, runExperiment } from './run-experiment.ts';

export async function runProve(options: ProveCommandOptions): Promise<void> {
  const { json, pretty, csv, aa, yes, keep } = options;
  checkOptions(options);
  requireRoot('prove', 'only root can read slots and programs, and count events on all CPUs');
  const interruption = heedInterruptions();
  const machine = openMachine();
  const asked = await askedChange(options, machine);
  requireAnswer('prove', yes === true || aa === true, '--aa to change nothing');
  const attachMachine = readAttachMachine(machine);
  const experiment = experimentOf(options, asked, attachMachine);
  const proved = await runExperiment(machine, experiment, interruption);
  const { signal } = interruption;
  const kept = keep
    ? await keepProved(machine, proved, asked, {
        machine: attachMachine,
        selector: selectorOf(experiment),
        signal,
        progress,
      })
    : null;
  if (json || pretty)
    printDocument({ schema: 'locality-tune.prove/1', ...proved, ...inDocument(kept) }, options);
  else if (csv) print(csvOf(proved));
  else {
    const style = styleOf(options.color, process.stdout, process.env);
    const lines = kept === null ? [] : [[], ...paragraph('', kept.why, style)];
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
    group: options.group ?? null,
    allGroups: options.allGroups === true,
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
    latency: options.latency === true,
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

/** The raw rounds, for another program to check the result. An empty field is not known; with the probe, `probed` is 1. */
function csvOf({ rounds, probed }: Pick<Proved, 'rounds' | 'probed'>): string {
  const row = ({ block, arm, at, seconds, connections, values }: Round, isProbed: 0 | 1) =>
    [block, arm, at, seconds, connections, ...METRICS.map((name) => values[name] ?? ''), isProbed].join(',');
  return [
    `block,arm,at,seconds,connections,${METRICS.join(',')},probed`,
    ...rounds.map((round) => row(round, 0)),
    ...probed.map((round) => row(round, 1)),
    '',
  ].join('\n');
}
