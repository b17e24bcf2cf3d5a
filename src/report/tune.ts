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
  { head: 'subject', align: 'left', give: 'cut' },
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
    lines.push(...paragraph('not restored: ', `${change.subject}: ${why}`, style));
  return lines;
}

function verdict(journal: string | null, takenBack: Applied['takenBack'], failed: number): string {
  if (takenBack !== null)
    return takenBack.length === 0
      ? 'interrupted: everything was restored'
      : 'interrupted: not everything was restored; run `locality-tune undo`';
  if (journal === null) return failed > 0 ? 'nothing was changed' : 'nothing to change';
  return `journal ${journal}: \`locality-tune undo\` restores it, \`locality-tune status\` shows drift`;
}

/** What an undo would restore. */
export function journalLines({ file, journal, place }: ListedJournal, style: Style): Line[] {
  const { header, steps, persisted } = journal;
  const back = steps
    .filter(({ outcome }) => outcome !== 'restored')
    .toReversed()
    .map(({ change, from, is }) => row({ ...change, from: is, to: from ?? UNKNOWN }, ''));
  return [
    [span(`journal ${file.id}, ${header.time}`, 'strong')],
    ...(place === 'before' || place === 'gone'
      ? paragraph('  ', FORGOTTEN[place], style)
      : table(FROM_TO, back, style)),
    ...persisted.map(({ unit }) => [span(`  removes ${unit}`)]),
  ];
}

const FORGOTTEN = {
  before: 'made before this boot; its settings are gone',
  gone: 'made in a network namespace that has gone; its settings are gone',
} as const;

export function undoneLines({ journal, restored, skipped, left, notes }: Undone, style: Style): Line[] {
  const rows = restored.map((change) => row({ ...change, from: change.to, to: change.from ?? UNKNOWN }, ''));
  return [
    [span(`journal ${journal}: ${count(restored.length, 'setting')} restored`, 'strong')],
    ...(rows.length > 0 ? table(FROM_TO, rows, style) : []),
    ...skipped.flatMap(({ change, why }) => paragraph('not restored: ', `${change.subject}: ${why}`, style)),
    ...left.flatMap((file) => paragraph('not removed: ', file, style)),
    ...notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
}
