/** Makes the change for good that an experiment has shown to pay. The experiment has put everything back by then. */
import { pause } from '../measure/pause.ts';
import { BETWEEN_CHANGES } from '../prove/schedule.ts';
import type { AttachOptions } from '../steer/attach.ts';
import type { GroupChoice } from '../steer/select.ts';
import { duringOperation } from '../system/errors.ts';
import { apply } from './apply.ts';
import type { LiveMachine, Progress } from './machine.ts';
import type { Proved } from './prove.ts';
import type { Asked } from './prove-change.ts';
import { attachTo } from './steer.ts';
import { takeBackOwn } from './undo.ts';

export interface Kept {
  readonly kept: boolean;
  /** One sentence. */
  readonly why: string;
  /** Of the plan that is applied now. */
  readonly journal: string | null;
}

export interface KeepOptions {
  readonly machine: AttachOptions['machine'];
  /** What was proved. */
  readonly selector: GroupChoice;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Throws Failure: everything of `attach`; of `apply`. */
export async function keepProved(
  machine: LiveMachine,
  { verdict, aa, port }: Pick<Proved, 'verdict' | 'aa' | 'port'>,
  asked: Asked,
  { machine: attachMachine, selector, signal, progress }: KeepOptions,
): Promise<Kept> {
  const not = (why: string): Kept => ({ kept: false, why: `Not kept: ${why}.`, journal: null });
  if (aa) return not('nothing was changed');
  if (verdict !== 'gain') return not('it is not shown to pay, so everything is as it was before');
  // The experiment has just made its last change.
  await pause(BETWEEN_CHANGES, signal);
  if (signal.aborted) return not('interrupted, so everything is as it was before');
  try {
    if (asked.kind === 'plan') return await keepPlan(machine, asked.plan, signal, not);
    const options = { program: asked.program, machine: attachMachine, ...ATTACH };
    await attachTo(machine, selector, options, progress);
  } catch (error) {
    throw duringOperation(error, 'it pays, but could not be kept');
  }
  const why = `Kept: the program is attached; \`locality-tune detach --port ${port}\` takes it off.`;
  return { kept: true, why, journal: null };
}

const ATTACH = { groupSize: null, dryRun: false, force: false } as const;

async function keepPlan(
  machine: LiveMachine,
  plan: Extract<Asked, { readonly kind: 'plan' }>['plan'],
  signal: AbortSignal,
  not: (why: string) => Kept,
): Promise<Kept> {
  const { journal, failed, takenBack } = await apply(machine, plan, signal);
  if (takenBack !== null)
    return not(`interrupted, so ${takenBack.length === 0 ? 'everything was restored' : UNRESTORED}`);
  if (failed.length > 0) {
    const { skipped } = journal === null ? { skipped: [] } : await takeBackOwn(machine, journal);
    const restored = skipped.some(({ settled }) => !settled) ? UNRESTORED : 'everything was restored';
    return not(`${failed[0]?.message}, so ${restored}`);
  }
  return {
    kept: true,
    why: `Kept: journal ${journal}; \`locality-tune undo\` restores the settings.`,
    journal,
  };
}

const UNRESTORED = 'some settings could not be restored; run `locality-tune undo`';
