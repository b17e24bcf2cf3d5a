/** `locality-tune apply`: plan, ask, carry out, print what became of it. */

import { appliedLines, changeLines } from '../../report/tune.ts';
import { type Applied, applyPlan } from '../../tune/apply.ts';
import { listJournals } from '../../tune/journal-file.ts';
import type { Plan } from '../../tune/types.ts';
import { confirm, requireAnswer } from '../confirm.ts';
import { during, EXIT, usage } from '../errors.ts';
import { createNotePrinter, printDocument, printLines, progress, say, styleOf } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { type Job, loadSaved, persist, takeOver } from './apply-saved.ts';
import type { TuningOptions } from './plan-options.ts';
import { type Bench, openBench, requireRoot } from './tune-change.ts';
import { planFor } from './tune-plan.ts';

export interface ApplyCommandOptions extends TuningOptions {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly persist?: true;
  /** A file that --persist has written. */
  readonly saved?: string;
}

const SCHEMA = 'locality-tune.apply/1';

export async function runApply(options: ApplyCommandOptions): Promise<void> {
  const json = options.json || options.pretty;
  if (!options.dryRun) {
    requireRoot('apply');
    requireAnswer('apply', options.yes === true);
  }
  if (options.persist && options.netns !== undefined)
    throw usage(
      "--persist: at boot it would run in the machine's own network namespace",
      'leave out --netns',
    );
  const job = await jobOf(options);
  const { plan } = job;
  const style = styleOf(options.color, process.stdout, process.env);
  if (!json) tellPlan(plan);
  if (options.dryRun) {
    if (json) printDocument({ schema: SCHEMA, dryRun: true, journal: null, ...plan, ...NOTHING }, options);
    else printLines(changeLines(plan.changes, style), style);
    return;
  }
  if (plan.changes.length > 0 && !options.yes) {
    printLines(changeLines(plan.changes, style), style);
    if (!(await confirm(`Make ${plan.changes.length} changes?`))) {
      process.exitCode = EXIT.failed;
      return say('nothing was changed\n');
    }
  }
  // Before this there is nothing to take back, and a signal ends it as any program.
  const interruption = heedInterruptions();
  const bench = openBench();
  const applied = await carryOut(bench, plan, interruption.signal);
  const kept = applied.takenBack === null ? await keep(bench, applied, job, options) : [];
  const result = { ...applied, notes: [...applied.notes, ...kept] };
  if (json) printDocument({ schema: SCHEMA, ...result, refused: plan.refused }, options);
  else printLines(appliedLines(result, style), style);
  process.exitCode = interruption.status() ?? (applied.failed.length > 0 ? EXIT.failed : EXIT.ok);
}

const NOTHING = { done: [], failed: [] } as const;

async function jobOf(options: ApplyCommandOptions): Promise<Job> {
  if (options.saved === undefined) {
    const { view, plan } = await planFor(options);
    return { host: view.host, plan, persisted: null };
  }
  if (options.iface !== undefined || options.port !== undefined)
    throw usage('--saved: the file says what is to be tuned', 'leave out --iface and --port');
  if (options.persist) throw usage('--persist: that plan is kept already', 'leave out --persist or --saved');
  return loadSaved(options.saved);
}

/** What is not planned, and what to know of the rest, before anything is changed. */
export function tellPlan({ refused, notes }: Plan): void {
  createNotePrinter()([...refused.map(({ subject, why }) => `${subject}: ${why}`), ...notes]);
}

/** Also for `tune`. Throws Failure, CliError. */
export async function carryOut(
  { access, state, netns }: Bench,
  plan: Plan,
  signal: AbortSignal,
): Promise<Applied> {
  const done = progress(`applying ${plan.changes.length} changes ...`);
  try {
    return await during('apply', 'root', () => applyPlan(access, plan, { state, netns, signal }));
  } finally {
    done();
  }
}

async function keep(
  bench: Bench,
  { journal }: Applied,
  job: Job,
  options: ApplyCommandOptions,
): Promise<readonly string[]> {
  const file = listJournals(bench.state).find(({ id }) => id === journal);
  if (file === undefined)
    return options.persist ? ['nothing was changed, so there is nothing to keep: undo, then --persist'] : [];
  if (options.persist) return persist(bench, file, job);
  return job.persisted === null ? [] : takeOver(bench, file, job.persisted);
}
