/** What undo cannot restore, or not exactly; shown before the change. */
import { word } from '../words/shell.ts';
import type { Change, Plan } from './types.ts';

/** One sentence for each such change of the plan. */
export function notRestorable({ changes }: Plan): readonly string[] {
  // Queues that come with a change of channels also go with it.
  const coming = new Set(changes.flatMap(({ target }) => (target.kind === 'channels' ? [target.nic] : [])));
  return changes.flatMap((change) => warningOf(change, coming) ?? []);
}

function warningOf({ subject, from, target }: Change, coming: ReadonlySet<string>): string | null {
  if (target.kind === 'rss' && from !== null && from !== 'default')
    return (
      `${subject}: undo restores these entries, but the kernel then counts the table as set by a user. ` +
      `If it was the driver's own, hand it back with \`ethtool -X ${word(target.nic)} default\``
    );
  if (from !== null || ('nic' in target && coming.has(target.nic))) return null;
  return `${subject}: the present value is not known, so undo restores it only if apply can read it`;
}
