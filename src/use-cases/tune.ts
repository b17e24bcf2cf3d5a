/** Measures, applies, measures again, and keeps the change only if it helps. */
import { isFailure } from '../system/errors.ts';
import type { Applied } from '../tune/apply.ts';
import { listJournals } from '../tune/journal-file.ts';
import { type Judged, judge, tooFew } from '../tune/judge.ts';
import type { Plan } from '../tune/types.ts';
import type { Skipped, Undone } from '../tune/undo.ts';
import { count } from '../words/phrase.ts';
import { apply } from './apply.ts';
import type { LiveMachine, Progress } from './machine.ts';
import { measureLocality, type Traffic } from './tune-measurement.ts';
import { takeBackOwn, UNDONE_BY_OTHERS } from './undo.ts';

export interface TuneOptions {
  readonly traffic: Pick<Traffic, 'protocol' | 'ports' | 'seconds'>;
  /** Keep the change regardless of the measurement, also with too little traffic to decide. */
  readonly keep: boolean;
  /** How the user can apply the plan if there is too little traffic to measure: `use --keep to apply it anyway`. */
  readonly anyway: string;
  readonly signal: AbortSignal;
  /** Asked after the first measurement, before the first change. */
  readonly confirm: (question: string) => Promise<boolean>;
  readonly progress: Progress;
}

export interface Tuned {
  readonly before: Judged | null;
  readonly after: Judged | null;
  /** null: there was nothing to keep. */
  readonly kept: boolean | null;
  readonly why: string;
  readonly applied: Applied | null;
  readonly undone: Undone | null;
}

/** Nothing was changed, and nothing measured. */
export const untouched = (why: string): Tuned => ({
  before: null,
  after: null,
  kept: null,
  why,
  applied: null,
  undone: null,
});

/** Throws Failure: everything of measureLocality (before a change) and of applyPlan; `still-applied`. */
export async function tune(machine: LiveMachine, plan: Plan, options: TuneOptions): Promise<Tuned> {
  const { keep, anyway, signal, confirm, progress } = options;
  if (plan.changes.length === 0) return untouched('the machine is right already: there is nothing to change');
  const measure = (when: string): Promise<Judged> => {
    const done = progress(`measuring ${options.traffic.seconds} s ${when} the change ...`);
    const traffic = { ...options.traffic, senders: sendersOf(plan), signal };
    return measureLocality(machine.files, traffic).finally(done);
  };
  const before = await measure('before');
  const unchanged = { ...untouched('nothing was changed'), before, kept: false };
  if (signal.aborted) return { ...unchanged, kept: null, why: 'interrupted before anything was changed' };
  const few = keep ? null : tooFew(before);
  if (few !== null) return { ...unchanged, why: `nothing was changed: ${few}; ${anyway}` };
  if (!(await confirm(`Make ${count(plan.changes.length, 'change')}?`))) return unchanged;
  const done = progress(`applying ${count(plan.changes.length, 'change')} ...`);
  const applied = await apply(machine, plan, signal).finally(done);
  const { journal, takenBack } = applied;
  const made = { ...unchanged, applied };
  if (takenBack !== null) return { ...made, why: `interrupted: ${howMuch(takenBack)}` };
  if (journal === null) return made;
  const back = async (after: Judged | null, why: string): Promise<Tuned> => {
    const undone = await takeBackOwn(machine, journal);
    return { ...made, after, undone, why: `${why}: ${howMuch(undone.skipped)}` };
  };
  const kept = (after: Judged | null, why: string): Tuned => ({
    ...made,
    after,
    kept: true,
    why: `${why}; kept: \`locality-tune undo\` restores the settings`,
  });
  let after: Judged;
  try {
    after = await measure('after');
  } catch (error) {
    // Ctrl-C also reaches the probe, which is not a failure of the probe.
    if (signal.aborted) return back(null, 'interrupted');
    const why = reasonOf(error);
    return keep ? kept(null, why) : back(null, why);
  }
  if (signal.aborted) return back(null, 'interrupted');
  const { better, why } = judge(before, after);
  if (!isInForce(machine, journal)) return { ...made, after, why: `${why}; ${UNDONE_BY_OTHERS}` };
  return better || keep ? kept(after, why) : back(after, why);
}

const reasonOf = (error: unknown): string =>
  `the measurement after the change: ${
    isFailure(error) ? `${error.message} (${error.hint})` : error instanceof Error ? error.message : error
  }`;

/** What was and was not restored, in words. */
function howMuch(skipped: readonly Skipped[]): string {
  if (skipped.length === 0) return 'everything was restored';
  return skipped.every(({ settled }) => settled)
    ? 'everything that still exists was restored'
    : 'not everything could be restored: `locality-tune undo` tries again, `locality-tune status` shows the rest';
}

/** Interfaces whose packets may use another TX queue, or be freed on another CPU, than before. */
const sendersOf = ({ changes }: Plan): string[] => [
  ...new Set(
    changes.flatMap(({ target }) =>
      target.kind === 'channels' || target.kind === 'irq' || target.kind === 'xps' ? [target.nic] : [],
    ),
  ),
];

const isInForce = ({ state }: LiveMachine, journal: string): boolean =>
  listJournals(state).some(({ id }) => id === journal);
