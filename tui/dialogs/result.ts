/** What `t` did: kept, restored or nothing, what was measured before and after, and the changes. */

import { paragraph } from '../../src/report/text.ts';
import { madeLines } from '../../src/report/tune.ts';
import { tuneMeasuredLines } from '../../src/report/tune-measured.ts';
import { type Line, span } from '../components/line.ts';
import type { ResultDialog } from '../state.ts';
import type { Theme } from '../theme.ts';

export function resultLines({ tuned }: ResultDialog, columns: number, { unicode }: Theme): readonly Line[] {
  const style = { color: true, rules: false, unicode, columns };
  const { before, after, why, applied, undone } = tuned;
  const left = [...(applied?.takenBack ?? []), ...(undone?.skipped ?? [])];
  return [
    [span(verdictOf(tuned), 'strong')],
    ...paragraph('', why, style),
    ...(before === null || after === null ? [] : [[], ...tuneMeasuredLines(before, after, style)]),
    ...(applied === null ? [] : [[], ...madeLines(applied, style)]),
    ...left.flatMap((one) => paragraph('not restored: ', `${one.change.subject}: ${one.why}`, style)),
    ...(undone?.notes ?? []).flatMap((note) => paragraph('note: ', note, style)),
  ];
}

function verdictOf({ kept, applied, undone }: ResultDialog['tuned']): string {
  if (kept === true) return 'Kept. u takes it back.';
  if (undone !== null || (applied?.takenBack ?? null) !== null) return 'Taken back.';
  return applied?.journal == null ? 'Nothing was changed.' : 'Not in force any more.';
}
