/** `locality-tune tune`: from bad to good in one command, or back. */
import type { Expected } from '../../path/types.ts';
import { paragraph } from '../../report/text.ts';
import { changeLines } from '../../report/tune.ts';
import { expectedLines, measuredLines } from '../../report/tune-measured.ts';
import { openFiles } from '../../system/files.ts';
import type { Applied } from '../../tune/apply.ts';
import { listJournals } from '../../tune/journal-file.ts';
import { type Judged, judge, tooFew } from '../../tune/judge.ts';
import { takeLock } from '../../tune/lock.ts';
import type { Plan } from '../../tune/types.ts';
import { type Skipped, type Undone, undoOne } from '../../tune/undo.ts';
import { confirm, requireAnswer } from '../confirm.ts';
import { asFailure, during, EXIT } from '../errors.ts';
import { printDocument, printLines, progress, say, styleOf } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { carryOut, tellPlan } from './apply-run.ts';
import type { TuningOptions } from './plan-options.ts';
import { openBench, requireRoot } from './tune-change.ts';
import { measureLocality } from './tune-measure.ts';
import { type Planned, planFor } from './tune-plan.ts';

export interface TuneCommandOptions extends TuningOptions {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly keep?: true;
  /** Of each measurement. */
  readonly seconds: number;
}

interface Outcome {
  readonly before: Judged | null;
  readonly plan: Plan;
  readonly expected: { readonly before: readonly Expected[]; readonly after: readonly Expected[] };
  readonly after: Judged | null;
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
    for (const note of [...(outcome.applied?.notes ?? []), ...(outcome.undone?.notes ?? [])])
      say(`note: ${note}\n`);
    for (const { change, why } of [...(outcome.applied?.takenBack ?? []), ...(outcome.undone?.skipped ?? [])])
      say(`not restored: ${change.subject}: ${why}\n`);
    printLines(
      outcome.before === null || outcome.after === null
        ? expectedLines(outcome.expected, style)
        : measuredLines(outcome.before, outcome.after, style),
      style,
    );
    printLines(paragraph('', outcome.why, style), style);
  }
  const isUnmeasured = outcome.kept === true && outcome.after === null;
  process.exitCode =
    interruption.status() ?? (outcome.kept === false || isUnmeasured ? EXIT.failed : EXIT.ok);
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
  const senders = sendersOf(plan);
  const before = await measure(options, senders, signal, 'before');
  if (signal.aborted) return { ...left, before, why: 'interrupted before anything was changed' };
  const few = options.keep ? null : tooFew(before);
  if (few !== null)
    return {
      ...left,
      before,
      kept: false,
      why: `nothing was changed: ${few}; --keep applies it all the same`,
    };
  if (!options.yes && !(await confirm(`Make ${plan.changes.length} changes?`, signal)))
    return { ...left, before, kept: false, why: 'nothing was changed' };
  const applied = await carryOut(openBench(), plan, signal);
  const { journal, takenBack } = applied;
  if (takenBack !== null)
    return { ...left, before, applied, kept: false, why: `interrupted: ${howMuch(takenBack)}` };
  if (journal === null) return { ...left, before, applied, kept: false, why: 'nothing was changed' };
  const made = { ...left, before, applied };
  const back = async (after: Judged | null, why: string): Promise<Outcome> => {
    const undone = await takeBack(journal);
    return { ...made, after, undone, kept: false, why: `${why}: ${howMuch(undone.skipped)}` };
  };
  const keep = (after: Judged | null, why: string): Outcome => ({
    ...made,
    after,
    kept: true,
    why: `${why}; kept: \`locality-tune undo\` takes it back`,
  });
  let after: Judged;
  try {
    after = await measure(options, senders, signal, 'after');
  } catch (error) {
    // Ctrl-C reaches the probe as well, and is no failure of it.
    if (signal.aborted) return back(null, 'interrupted');
    const { message, hint } = asFailure(error, 'the measurement after the change');
    const why = hint === null ? message : `${message} (${hint})`;
    return options.keep ? keep(null, why) : back(null, why);
  }
  if (signal.aborted) return back(null, 'interrupted');
  const { better, why } = judge(before, after);
  if (!isInForce(journal)) return { ...made, after, kept: false, why: `${why}; ${UNDONE_BY_OTHERS}` };
  return better || options.keep ? keep(after, why) : back(after, why);
}

/** What is taken back and could not be, in words. */
function howMuch(skipped: readonly Skipped[]): string {
  if (skipped.length === 0) return 'everything is taken back';
  return skipped.every(({ settled }) => settled)
    ? 'everything that is still there is taken back'
    : 'not all could be taken back: `locality-tune undo` tries again, `status` shows the rest';
}

/** Interfaces whose packets may leave by another queue, or be given back by another CPU, than before. */
const sendersOf = ({ changes }: Plan): string[] => [
  ...new Set(
    changes.flatMap(({ target }) =>
      target.kind === 'channels' || target.kind === 'irq' || target.kind === 'xps' ? [target.nic] : [],
    ),
  ),
];

async function measure(
  options: TuneCommandOptions,
  senders: readonly string[],
  signal: AbortSignal,
  when: string,
): Promise<Judged> {
  const { udp, port = [], seconds } = options;
  const done = progress(`measuring ${seconds} s ${when} the change ...`);
  const what = { protocol: udp ? 'udp' : 'tcp', ports: port, seconds, senders, signal } as const;
  return measureLocality(openFiles('/'), what).finally(done);
}

const UNDONE_BY_OTHERS = 'another `locality-tune undo` has taken it back meanwhile';

const isInForce = (journal: string): boolean =>
  listJournals(openBench().state).some(({ id }) => id === journal);

/** Read anew: what apply has read may be a minute old. Throws CliError, which says that it is in force still. */
function takeBack(journal: string): Promise<Undone> {
  const operation = `journal ${journal} is still in force (\`locality-tune undo\` takes it back), as taking it back failed`;
  return during(operation, 'root', async () => {
    const { access, state } = openBench();
    const release = takeLock(state, access.files);
    try {
      const file = listJournals(state).find(({ id }) => id === journal);
      if (file === undefined)
        return { journal, restored: [], skipped: [], left: [], notes: [UNDONE_BY_OTHERS] };
      return await undoOne(access, file, { force: false, ask: async () => false });
    } finally {
      release();
    }
  });
}

function toDocument({ before, after, plan, expected, kept, why, applied, undone }: Outcome) {
  const figures = (measured: Judged | null) =>
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
