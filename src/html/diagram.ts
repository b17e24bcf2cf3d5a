/** The path of a group's packets as SVG: RX queue, CPU, slot, worker, TX queue. */

import type { Group } from '../host/types.ts';
import type { Path } from '../path/types.ts';
import { type Fold, gather } from '../report/fold.ts';
import { inWords } from '../report/paths.ts';
import { type Tone, truncate } from '../report/text.ts';
import { count } from '../words/phrase.ts';
import { draw, type Edge, type Lane, lanesOf, type PlacedBox } from './lanes.ts';
import { html, type Markup, raw } from './markup.ts';

/** Left edge and width of each column. */
const COLUMNS = [
  { name: 'rx queue', x: 92, width: 170 },
  { name: 'received on', x: 298, width: 134 },
  { name: 'slot', x: 466, width: 138 },
  { name: 'worker', x: 638, width: 174 },
  { name: 'tx queue', x: 846, width: 113 },
] as const;
const WIDTH = 960;
const PITCH = 46;
const BOX = 36;
const TOP = 30;
/** Sentences below a diagram. */
const REASONS = 6;

/** Marks, so that colour is never the only sign. */
export const MARK: Readonly<Record<Tone, string>> = {
  local: '✓',
  partly: '◐',
  remote: '✗',
  unknown: '–',
  strong: '',
};

/** @param group null if no group receives from the queues */
export function diagram(paths: readonly Path[], group: Group | null): Markup {
  const lanes = lanesOf(paths, group);
  const { boxes, edges, height } = draw(lanes);
  const bottom = TOP + height * PITCH;
  const columns =
    group === null ? COLUMNS.filter(({ name }) => name !== 'slot' && name !== 'worker') : COLUMNS;
  return html`<div class="wide"><svg class="path" role="img" aria-label="Path of packets to ${group?.id ?? 'no group'}" viewBox="0 0 ${WIDTH} ${bottom}">
<text class="head" x="80" y="16" text-anchor="end">local</text>
${columns.map(({ name, x }) => html`<text class="head" x="${x}" y="16">${name}</text>`)}
${edges.map(edge)}
${lanes.map(
  ({ local, tone, why }, at) =>
    html`<g class="share ${tone}"><title>${why}</title><text x="80" y="${TOP + at * PITCH + BOX / 2 + 5}" text-anchor="end">${tone === 'unknown' ? null : `${local} `}<tspan class="mark">${raw(MARK[tone])}</tspan></text></g>`,
)}
${boxes.map(box)}
</svg></div>
${reasons(lanes)}`;
}

/** Paper has no tooltips: the first lane of each kind says why. */
function reasons(lanes: readonly Lane[]): Markup {
  const alike = gather(lanes, ({ local, why }) => `${local} ${inWords(why)}`);
  const sentence = ({ first, rows }: Fold<Lane>): Markup => {
    const others = rows.length > 1 ? `; ${count(rows.length - 1, 'row')} more of this kind` : '';
    const share = first.tone === 'unknown' ? null : html`<span class="${first.tone}">${first.local}</span>, `;
    return html`<li>${first.name}: ${share}${first.why}${others}</li>`;
  };
  return html`<ul class="why dim">${alike.slice(0, REASONS).map(sentence)}</ul>`;
}

const middle = ({ y }: PlacedBox): number => TOP + y * PITCH + BOX / 2;

function edge({ from, to, tone }: Edge): Markup {
  const start = (COLUMNS[from.column]?.x ?? 0) + (COLUMNS[from.column]?.width ?? 0);
  const end = COLUMNS[to.column]?.x ?? 0;
  const bend = (end - start) / 2;
  const way = `M${start} ${middle(from)}C${start + bend} ${middle(from)} ${end - bend} ${middle(to)} ${end} ${middle(to)}`;
  return html`<path class="edge ${tone ?? 'plain'}" d="${way}"/>`;
}

/** Pixels of a character of a box's second line, at most, in the fonts that browsers choose for it. */
const widthOf = (character: string): number =>
  /[A-Z@%mw\\\u2026]/.test(character) ? 10 : /[ilj.,:;'|! ]/.test(character) ? 4 : 7;

/** As much of a text as fits, with an ellipsis if that is not all. */
function fitting(text: string, room: number): string {
  const widths = Array.from(text, widthOf);
  const all = widths.reduce((sum, width) => sum + width, 0);
  if (all <= room) return text;
  let left = room - widthOf('…');
  const length = widths.findIndex((width) => {
    left -= width;
    return left < 0;
  });
  return `${Array.from(text).slice(0, length).join('')}…`;
}

function box({ column, title, detail, known, y }: PlacedBox): Markup {
  const { x = 0, width = 0 } = COLUMNS[column] ?? {};
  const top = TOP + y * PITCH;
  const room = (size: number) => Math.floor((width - 16) / size);
  const small =
    detail === ''
      ? null
      : html`<text class="detail" x="${x + 9}" y="${top + 29}">${fitting(detail, width - 16)}</text>`;
  return html`<g class="box${known ? null : ' open'}"><title>${detail === '' ? title : `${title}, ${detail}`}</title><rect x="${x}" y="${top}" width="${width}" height="${BOX}" rx="5"/><text x="${x + 9}" y="${top + (small === null ? 23 : 15)}">${truncate(title, room(7.9), true)}</text>${small}</g>`;
}
