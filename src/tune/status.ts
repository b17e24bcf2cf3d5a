/** Which applied settings are still in force, and which have drifted. */
import { errnoCode, isFailure } from '../system/errors.ts';
import { deviceOf, identityOf } from './device.ts';
import { type Journal, type JournalStep, lastSteps } from './journal.ts';
import { likelyCause } from './refusal.ts';
import { isEffective } from './settings/irq.ts';
import type { Access } from './settings/setting.ts';
import { settingOf } from './settings/settings.ts';

export interface Drift {
  readonly subject: string;
  readonly wanted: string;
  /** null: it cannot be read, or is gone. */
  readonly is: string | null;
  /** The likely cause. */
  readonly likely: string;
}

export interface Standing {
  readonly drift: readonly Drift[];
  /** IRQs whose effective affinity differs: no interrupt has come yet, or permanently. */
  readonly pending: readonly string[];
}

/** Of several journals, newest first; the latest record of each setting counts. */
export async function standingOf(access: Access, journals: readonly Journal[]): Promise<Standing> {
  const drift: Drift[] = [];
  const pending: string[] = [];
  // In the order in which they were set.
  for (const step of [...lastSteps(journals).values()].reverse()) {
    const found = await compare(access, step);
    if (found === 'pending') pending.push(step.change.subject);
    else if (found !== 'as set') drift.push(found);
  }
  return { drift, pending };
}

const RECREATED = 'the interface was deleted and made again, which set everything to its defaults';

async function compare(
  access: Access,
  { change, device, is: wanted }: JournalStep,
): Promise<Drift | 'pending' | 'as set'> {
  const { subject, kind } = change;
  const setting = settingOf(change.target);
  try {
    const target = await setting.find(access, change.target);
    if (identityOf(device, deviceOf(access.files, target)) === 'recreated')
      return { subject, wanted, is: null, likely: RECREATED };
    const is = await setting.read(access, target);
    if (is !== null && setting.same(is, wanted))
      return target.kind === 'irq' && isEffective(access.files, target, is) === false ? 'pending' : 'as set';
    const running = access.files.list('/run/irqbalance').length > 0;
    return { subject, wanted, is, likely: likelyCause(kind, running) };
  } catch (error) {
    if (!isFailure(error) && errnoCode(error) === null) throw error;
    return { subject, wanted, is: null, likely: error instanceof Error ? error.message : '' };
  }
}
