/** `locality-tune tune`: from bad to good in one command, or back. */
import type { Expected } from '../path/types.ts';
import { paragraph } from '../report/text.ts';
import { changeLines } from '../report/tune.ts';
import { expectedLines, measuredLines } from '../report/tune-measured.ts';
import { openFiles } from '../system/files.ts';
import type { Applied } from '../tune/apply.ts';
import { listJournals } from '../tune/journal-file.ts';
import { judge, type Measured, tooFew } from '../tune/judge.ts';
import { takeLock } from '../tune/lock.ts';
import type { Plan } from '../tune/types.ts';
import { type Undone, undoOne } from '../tune/undo.ts';
import { carryOut, tellPlan } from './apply-run.ts';
import { confirm, requireAnswer } from './confirm.ts';
import { EXIT } from './errors.ts';
import { printDocument, printLines, progress, say, styleOf } from './output.ts';
import type { TuneCommandOptions } from './tune.ts';
import { heedInterruptions, openBench, requireRoot } from './tune-change.ts';
import { measureLocality } from './tune-measure.ts';
import { type Planned, planFor } from './tune-plan.ts';

interface Outcome {
  readonly before: Measured | null;
  readonly plan: Plan;
  readonly expected: { readonly before: readonly Expected[]; readonly after: readonly Expected[] };
  readonly after: Measured | null;
  /** null: there was nothing to keep. */
  readonly kept: boolean | null;
  readonly why: string;
  readonly applied: Applied | null;
  readonly undone: Undone | null;
}

export async function runTune(options: TuneCommandOptions): Promise<void> {
  if (!options.dryRun) {
    requireRoot('tune');
    requireAnswer('tune', options.yes === true);
  }
  const interruption = heedInterruptions();
  const planned = await planFor(options);
  const style = styleOf(options.color, process.stdout, process.env);
  const json = options.json || options.pretty;
  const { plan } = planned;
  if (!json) tellPlan(plan);
  const outcome = await tune(planned, options, interruption.signal);
  if (json) printDocument({ schema: 'locality-tune.tune/1', ...toDocument(outcome) }, options);
  else {
    if (outcome.applied === null) printLines(changeLines(plan.changes, style), style);
    for (const { message } of outcome.applied?.failed ?? []) say(`failed: ${message}\n`);
    for (const { change, why } of outcome.undone?.skipped ?? [])
      say(`not restored: ${change.subject}: ${why}\n`);
    printLines(
      outcome.before === null || outcome.after === null
        ? expectedLines(outcome.expected, style)
        : measuredLines(outcome.before, outcome.after, style),
      style,
    );
    printLines(paragraph('', outcome.why, style), style);
  }
  process.exitCode = interruption.status() ?? (outcome.kept === false ? EXIT.failed : EXIT.ok);
}

async function tune(
  { plan, expected }: Planned,
  options: TuneCommandOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const left = { before: null, plan, expected, after: null, kept: null, applied: null, undone: null };
  if (plan.changes.length === 0)
    return { ...left, why: 'the machine is right already: there is nothing to change' };
  if (options.dryRun) return { ...left, why: 'nothing was changed' };
  const before = await measure(options, signal, 'before');
  if (signal.aborted) return { ...left, before, why: 'interrupted before anything was changed' };
  const few = options.keep ? null : tooFew(before);
  if (few !== null)
    return {
      ...left,
      before,
      kept: false,
      why: `nothing was changed: ${few}; --keep applies it all the same`,
    };
  if (!options.yes && !(await confirm(`Make ${plan.changes.length} changes?`)))
    return { ...left, before, kept: false, why: 'nothing was changed' };
  const applied = await carryOut(openBench(), plan, signal);
  if (applied.journal === null || applied.takenBack !== null)
    return { ...left, before, applied, kept: false, why: 'nothing is changed' };
  const back = (undone: Undone, after: Measured | null, why: string): Outcome => ({
    ...left,
    before,
    applied,
    after,
    undone,
    kept: false,
    why: `${why}: ${undone.skipped.length === 0 ? 'everything is taken back' : 'not all could be taken back'}`,
  });
  const measured = await measure(options, signal, 'after').catch(async (error: unknown) => {
    // Ctrl-C reaches the probe as well, and is no failure of it.
    if (signal.aborted) return null;
    if (!options.keep) await takeBack(applied.journal);
    throw error;
  });
  if (signal.aborted || measured === null) return back(await takeBack(applied.journal), null, 'interrupted');
  const { better, why } = judge(before, measured);
  if (!better && !options.keep) return back(await takeBack(applied.journal), measured, why);
  const kept = `${why}; kept: \`locality-tune undo\` takes it back`;
  return { ...left, before, applied, after: measured, kept: true, why: kept };
}

async function measure(options: TuneCommandOptions, signal: AbortSignal, when: string): Promise<Measured> {
  const { udp, port = [], seconds } = options;
  const done = progress(`measuring ${seconds} s ${when} the change ...`);
  const what = { protocol: udp ? 'udp' : 'tcp', ports: port, seconds, signal } as const;
  return measureLocality(openFiles('/'), what).finally(done);
}

/** Read anew: what apply has read may be a minute old. */
async function takeBack(journal: string | null): Promise<Undone> {
  const { access, state } = openBench();
  const file = listJournals(state).find(({ id }) => id === journal);
  if (file === undefined) throw new Error(`journal ${journal} has gone`);
  const release = takeLock(state, access.files);
  try {
    return await undoOne(access, file, { force: false, ask: async () => false });
  } finally {
    release();
  }
}

function toDocument({ before, after, plan, expected, kept, why, applied, undone }: Outcome) {
  const figures = (measured: Measured | null) =>
    measured && {
      rx: measured.rx.percent,
      tx: measured.tx?.percent ?? null,
      accept: measured.accept?.percent ?? null,
      events: {
        rx: measured.rx.events,
        tx: measured.tx?.events ?? null,
        accept: measured.accept?.events ?? null,
      },
      pps: measured.pps,
      seconds: Math.round(1000 * measured.seconds) / 1000,
    };
  const journal = applied?.journal ?? null;
  const failed = applied?.failed ?? [];
  return {
    before: figures(before),
    plan,
    expected,
    after: figures(after),
    kept,
    why,
    journal,
    failed,
    undone,
  };
}
