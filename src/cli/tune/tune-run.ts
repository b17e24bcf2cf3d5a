/** `locality-tune tune`: improves the machine in one command, or restores it. */
import { paragraph } from '../../report/text.ts';
import { changeLines, madeLines } from '../../report/tune.ts';
import { expectedLines, tuneMeasuredLines } from '../../report/tune-measured.ts';
import type { Judged } from '../../tune/judge.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import { type Planned, requireSubject } from '../../use-cases/plan.ts';
import { type Tuned, tune, untouched } from '../../use-cases/tune.ts';
import { confirm, requireAnswer } from '../confirm.ts';
import type { TuneDocument, TuneFigures } from '../documents/tune.ts';
import { EXIT } from '../errors.ts';
import { printDocument, printLines, progress, sayParagraph, styleOf } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { printPlanNotes } from './apply-run.ts';
import { loadPlan } from './load-plan.ts';
import { planOptionsOf, type TuningOptions } from './plan-options.ts';
import { checkProveOptions, proveAndKeep } from './tune-prove.ts';

export interface TuneCommandOptions extends TuningOptions {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly keep?: true;
  readonly prove?: true;
  /** Length of each measurement. */
  readonly seconds: number;
}

export async function runTune(options: TuneCommandOptions): Promise<void> {
  if (!options.dryRun) {
    requireRoot('tune');
    planOptionsOf(options);
    if (options.prove) checkProveOptions(options);
  }
  const interruption = heedInterruptions();
  const planned = await loadPlan(options);
  requireSubject(planned, planOptionsOf(options));
  if (!options.dryRun && planned.plan.changes.length > 0) requireAnswer('tune', options.yes === true);
  const json = options.json || options.pretty;
  if (!json) printPlanNotes(planned.plan);
  const isProved = options.prove && !options.dryRun && planned.plan.changes.length > 0;
  if (isProved) return proveAndKeep(planned, options, interruption);
  const tuned = await tuneOrShow(planned, options, interruption.signal);
  // What is lost from here on is only the output.
  const status = interruption.status();
  if (json) printDocument({ schema: 'locality-tune.tune/1', ...toDocument(planned, tuned) }, options);
  else printTuned(planned, tuned, options);
  const isUnmeasured = tuned.kept === true && tuned.after === null;
  process.exitCode = status ?? (tuned.kept === false || isUnmeasured ? EXIT.failed : EXIT.ok);
}

async function tuneOrShow(
  { plan }: Planned,
  { dryRun, keep, yes, udp, port = [], seconds }: TuneCommandOptions,
  signal: AbortSignal,
): Promise<Tuned> {
  if (dryRun && plan.changes.length > 0) return untouched('nothing was changed');
  return tune(openMachine(), plan, {
    traffic: { protocol: udp ? 'udp' : 'tcp', ports: port, seconds },
    keep: keep === true,
    anyway: 'use --keep to apply it anyway',
    signal,
    confirm: async (question) => yes === true || confirm(question, signal),
    progress,
  });
}

function printTuned({ plan, expected }: Planned, tuned: Tuned, { color }: TuneCommandOptions): void {
  const style = styleOf(color, process.stdout, process.env);
  const { before, after, why, applied, undone } = tuned;
  printLines(applied === null ? changeLines(plan.changes, style) : madeLines(applied, style), style);
  for (const note of undone?.notes ?? []) sayParagraph('note: ', note);
  for (const { change, why } of [...(applied?.takenBack ?? []), ...(undone?.skipped ?? [])])
    sayParagraph('not restored: ', `${change.subject}: ${why}`);
  const figures =
    before === null || after === null
      ? expectedLines(expected, style)
      : tuneMeasuredLines(before, after, style);
  printLines([...figures, ...paragraph('', why, style)], style);
  if (after !== null) printLines(paragraph('', NOT_COST, style), style);
}

const NOT_COST = 'This judges locality, not cost: `tune --prove` keeps a plan only if it saves CPU.';

function toDocument(
  { plan, expected }: Planned,
  { before, after, kept, why, applied, undone }: Tuned,
): Omit<TuneDocument, 'schema'> {
  const figures = (measured: Judged | null): TuneFigures | null =>
    measured && {
      rx: measured.rx.percent,
      tx: measured.tx?.percent ?? null,
      accept: measured.accept?.percent ?? null,
      events: {
        rx: measured.rx.events,
        tx: measured.tx?.events ?? null,
        accept: measured.accept?.events ?? null,
      },
      txShare: measured.txShare,
      pps: measured.pps,
      seconds: Math.round(1000 * measured.seconds) / 1000,
    };
  const journal = applied?.journal ?? null;
  const failed = applied?.failed ?? [];
  const takenBack = applied?.takenBack ?? null;
  return {
    judged: 'locality',
    before: figures(before),
    plan,
    expected,
    after: figures(after),
    kept,
    why,
    journal,
    failed,
    takenBack,
    undone,
  };
}
