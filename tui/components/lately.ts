/** The latest samples that were measured under the same settings. */
import type { Sample } from '../../src/live/types.ts';

/** At most `most` samples, oldest first. Counts from before or during a change say nothing about now. */
export function lately(history: readonly Sample[], most: number): readonly Sample[] {
  const recent = history.slice(-most);
  const changed = recent.findLastIndex(({ events }) =>
    events.some(({ kind }) => kind === 'change' || kind === 'action'),
  );
  return recent.slice(changed + 1);
}
