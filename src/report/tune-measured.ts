/** Before and after: measured, or expected. */

import type { Expected } from '../path/types.ts';
import type { Figure, Measured } from '../tune/judge.ts';
import { percent, UNKNOWN } from '../words/phrase.ts';
import { shareTone, short } from './format.ts';
import { percentSpan } from './interval.ts';
import { type Column, table } from './table.ts';
import { type Line, type Style, span } from './text.ts';

const BEFORE_AFTER: readonly Column[] = [
  { head: '', align: 'left' },
  { head: 'before', align: 'right' },
  { head: 'after', align: 'right' },
];

export function tuneMeasuredLines(before: Measured, after: Measured, style: Style): Line[] {
  const share = (figure: Figure | null) => percentSpan(figure?.percent ?? null);
  const events = (figure: Figure | null) => (figure === null ? UNKNOWN : String(figure.events));
  const rate = (pps: number | null) => (pps === null ? UNKNOWN : short(pps));
  const figures = [
    { name: 'rx', of: ({ rx }: Measured) => rx },
    { name: 'tx', of: ({ tx }: Measured) => tx },
    { name: 'accept', of: ({ accept }: Measured) => accept },
  ].filter(({ of }) => of(before) !== null || of(after) !== null);
  const rows = [
    ...figures.map(({ name, of }) => [`${name} on its CPU`, share(of(before)), share(of(after))]),
    ...figures.map(({ name, of }) => [`${name} counted`, events(of(before)), events(of(after))]),
    ['rx packets/s', rate(before.pps.rx), rate(after.pps.rx)],
    ['tx packets/s', rate(before.pps.tx), rate(after.pps.tx)],
  ];
  return table(BEFORE_AFTER, rows, style);
}

export function expectedLines(
  { before, after }: { readonly before: readonly Expected[]; readonly after: readonly Expected[] },
  style: Style,
): Line[] {
  const later = new Map(after.map((each) => [`${each.group} ${each.nic}`, each.now]));
  const cell = (share: number | null) => span(percent(share), shareTone(share));
  const rows = before.map(({ group, nic, now }) => [
    `expected: ${group} behind ${nic}`,
    cell(now),
    cell(later.get(`${group} ${nic}`) ?? null),
  ]);
  return rows.length === 0 ? [] : table(BEFORE_AFTER, rows, style);
}
