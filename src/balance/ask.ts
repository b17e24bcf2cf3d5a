/** Asks backends, many at the same time. */
import { tcpAnswers, udpAnswers } from '../system/answers.ts';
import { type Check, checkKey } from './health.ts';

/** At the same time. */
const MOST_CHECKS = 64;

/** Why each does not answer, by checkKey; null: it does. */
export async function ask(
  checks: readonly Check[],
  timeoutMs: number,
): Promise<ReadonlyMap<string, string | null>> {
  const answers = new Map<string, string | null>();
  const waiting = [...new Map(checks.map((check) => [checkKey(check), check]))];
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [key, check] = next;
      const { request } = check;
      const answer = request === null ? tcpAnswers(check, timeoutMs) : udpAnswers(check, request, timeoutMs);
      answers.set(key, await answer);
    }
  };
  await Promise.all(Array.from({ length: MOST_CHECKS }, worker));
  return answers;
}
