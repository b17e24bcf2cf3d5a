/** What works on this machine, and what to do about the rest. */
import { isFailure, isSystemError } from '../system/errors.ts';
import { EVERY } from './commands.ts';
import { KERNEL_CHECKS } from './kernel.ts';
import { NETWORK_CHECKS } from './network.ts';
import { PLACE_CHECKS } from './places.ts';
import { PRIVILEGE_CHECKS } from './privileges.ts';
import { TRACING_CHECKS } from './tracing.ts';
import { type Check, type Examined, type Outcome, type Subject, unknown } from './types.ts';

/** In the order in which they are shown. The slow ones come last. */
export const CHECKS: readonly Check[] = [
  ...KERNEL_CHECKS,
  ...PRIVILEGE_CHECKS,
  ...NETWORK_CHECKS,
  ...PLACE_CHECKS,
  ...TRACING_CHECKS,
];

/** Commands that some check is about. */
export const COMMANDS: readonly string[] = EVERY;

/** @param commands only the checks that matter to one of these; empty: all checks */
export async function examine(subject: Subject, commands: readonly string[] = []): Promise<Examined[]> {
  const chosen = CHECKS.filter(
    (check) => commands.length === 0 || commands.some((name) => check.commands.includes(name)),
  );
  const examined: Examined[] = [];
  // One after another: bpftrace must not be started several times at once.
  for (const { id, commands: needed, examine } of chosen)
    examined.push({ id, commands: needed, ...(await answerOf(() => examine(subject))) });
  return examined;
}

/** An error is an answer too, and must not hide the answers of the other checks. */
async function answerOf(examine: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await examine();
  } catch (error) {
    if (!isSystemError(error) && !isFailure(error)) throw error;
    return unknown(`not known: ${error.message}`);
  }
}

/** Was something asked for that cannot work? */
export const hasFailed = (examined: readonly Examined[]): boolean => examined.some(({ ok }) => ok === false);
