/** The path of one flow, top down: what, which, and why; the locality comes last. */

import type { Explanation } from '../path/explain.ts';
import type { QueuePorts } from '../path/explain-ports.ts';
import type { ExplainStep } from '../path/explain-steps.ts';
import { percent, UNKNOWN } from '../words/phrase.ts';
import { shareTone } from './format.ts';
import { heading } from './style.ts';
import { type Cell, type Column, table } from './table.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

/** @param before the machine as it is, if `shown` is one on paper */
export function explanationLines(shown: Explanation, before: Explanation | null, style: Style): Line[] {
  const columns: Column[] = [
    { head: 'step', align: 'left' },
    { head: before === null ? '' : 'now', align: 'left', give: 'cut' },
    { head: before === null ? '' : 'with', align: 'left', give: 'cut' },
    { head: 'why', align: 'left', give: 'wrap' },
  ];
  const byName = new Map(before?.steps.map((each) => [each.what, each]));
  const rows = shown.steps.map((each): readonly Cell[] => {
    const now = before === null ? each : byName.get(each.what);
    const changed = now?.value !== each.value || now.chance !== each.chance;
    return [each.what, now === undefined ? '' : cell(now), changed ? cell(each) : '', each.why];
  });
  return [heading(shown.flow, style), ...table(columns, rows, style)];
}

function cell({ what, value, chance }: ExplainStep): Cell {
  if (what === 'locality') {
    const share = value === 'local' ? 1 : value === 'remote' ? 0 : chance;
    return span(value === null ? percent(share) : String(value), shareTone(share));
  }
  if (value !== null) return String(value);
  return span(chance === null ? UNKNOWN : `${percent(chance)} each`, 'unknown');
}

export function portLines(
  ways: string,
  queues: readonly QueuePorts[],
  notes: readonly string[],
  style: Style,
): Line[] {
  const columns: Column[] = [
    { head: 'queue', align: 'left' },
    { head: 'client ports', align: 'left', give: 'wrap' },
  ];
  const rows = queues.map(({ queue, ports }) => [`rx-${queue}`, ports.join(' ') || UNKNOWN]);
  return [
    heading(ways, style),
    ...table(columns, rows, style),
    ...notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
}
