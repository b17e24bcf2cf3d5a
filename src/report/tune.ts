/** What apply and undo print. */

import type { Applied } from '../tune/apply.ts';
import type { ListedJournal } from '../tune/journal-list.ts';
import { brief } from '../tune/refusal.ts';
import type { Change } from '../tune/types.ts';
import type { Undone } from '../tune/undo.ts';
import { count, UNKNOWN } from '../words/phrase.ts';
import { type Column, table } from './table.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

const FROM_TO: readonly Column[] = [
  { head: 'what', align: 'left' },
  { head: 'subject', align: 'left' },
  { head: 'from', align: 'left', give: 'cut' },
  { head: 'to', align: 'left', give: 'cut' },
  { head: '', align: 'left' },
];

type Shown = Pick<Change, 'kind' | 'subject' | 'from' | 'to'>;

const row = ({ kind, subject, from, to }: Shown, state: string) => [
  kind,
  subject,
  from === null ? UNKNOWN : brief(from),
  brief(to),
  state,
];

const PENDING = 'an IRQ moves at its next interrupt';

/** The planned changes, before the question. */
export function changeLines(changes: readonly Shown[], style: Style): Line[] {
  return table(
    FROM_TO,
    changes.map((change) => row(change, '')),
    style,
  );
}

/** What was changed, what was refused, and notes on both. */
export function madeLines({ done, failed, notes }: Applied, style: Style): Line[] {
  const made = done.filter(({ state }) => state !== 'already');
  const already = done.length - made.length;
  const lines = [
    ...(made.length > 0
      ? table(
          FROM_TO,
          made.map((one) => row(one, one.state === 'set' ? '' : one.state)),
          style,
        )
      : []),
    ...failed.flatMap(({ message }) => paragraph('failed: ', message, style)),
    ...notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
  if (made.some(({ state }) => state === 'pending')) lines.push(...paragraph('pending: ', PENDING, style));
  if (already > 0)
    lines.push([span(`${count(already, 'setting')} ${already === 1 ? 'was' : 'were'} right already`)]);
  return lines;
}

export function appliedLines(applied: Applied, style: Style): Line[] {
  const { journal, failed, takenBack } = applied;
  const lines = madeLines(applied, style);
  lines.push(...paragraph('', verdict(journal, takenBack, failed.length), style));
  for (const { change, why } of takenBack ?? [])
    lines.push(...paragraph('not restored: ', aboutChange(change, why), style));
  return lines;
}

function verdict(journal: string | null, takenBack: Applied['takenBack'], failed: number): string {
  if (takenBack !== null) {
    const result =
      takenBack.length === 0
        ? 'everything was restored'
        : 'not everything was restored; run `locality-tune undo`';
    // A change that others are of no use without was refused.
    return failed > 0 ? result : `interrupted: ${result}`;
  }
  if (journal === null) return failed > 0 ? 'nothing was changed' : 'unchanged: every setting is as planned';
  return `journal ${journal}: \`locality-tune undo\` restores it, \`locality-tune status\` shows drift`;
}

/** What an undo would do. @param asks about each setting that someone has changed since */
export function rehearsedLines(
  { file, journal: { header, persisted }, place }: ListedJournal,
  { restored, skipped, notes }: Undone,
  asks: boolean,
  style: Style,
): Line[] {
  const open = skipped.filter(({ settled }) => !settled);
  const lost = skipped.filter(({ settled }) => settled);
  return [
    [span(`journal ${file.id}, ${header.time}: ${count(restored.length, 'setting')} to restore`, 'strong')],
    ...(restored.length > 0 ? table(FROM_TO, restored.map(backRow), style) : []),
    ...open.flatMap(({ change, why }) =>
      paragraph(asks ? 'asks first: ' : 'leaves alone: ', aboutChange(change, why), style),
    ),
    ...lost.flatMap(({ change, why }) => paragraph('cannot restore: ', aboutChange(change, why), style)),
    ...(place === 'elsewhere' ? [] : persisted.map(({ unit }) => [span(`removes ${unit}`)])),
    ...notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
}

const backRow = (change: Change) => row({ ...change, from: change.to, to: change.from ?? UNKNOWN }, '');

export function undoneLines({ journal, restored, skipped, left, notes }: Undone, style: Style): Line[] {
  const rows = restored.map(backRow);
  return [
    [span(`journal ${journal}: ${count(restored.length, 'setting')} restored`, 'strong')],
    ...(rows.length > 0 ? table(FROM_TO, rows, style) : []),
    ...skipped.flatMap(({ change, why }) => paragraph('not restored: ', aboutChange(change, why), style)),
    ...left.flatMap((file) => paragraph('not removed: ', file, style)),
    ...notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
}

/** A refusal begins with the subject already. */
function aboutChange({ subject }: Change, why: string): string {
  return why.startsWith(subject) ? why : `${subject}: ${why}`;
}
