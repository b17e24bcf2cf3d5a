/** Packets by their first CPU (row) and their last one (column): received and read, or sent and freed. As SVG. */

import { type Cpus, formatCpuList } from '../host/cpus.ts';
import type { Matrix } from '../measure/skb.ts';
import { shareTone, short } from '../report/format.ts';
import { percent } from '../words/phrase.ts';
import { html, type Markup } from './markup.ts';

export type Direction = 'rx' | 'tx';

/** What each axis shows: what the row's CPU did with the packets, then the column's. */
const AXES = { rx: ['received', 'read'], tx: ['sent', 'freed'] } as const;

export interface Heat {
  readonly direction: Direction;
  readonly cpus: Cpus;
  readonly matrix: Matrix;
  /** Lines separate the nodes. */
  readonly numa: readonly { readonly node: number; readonly cpus: Cpus }[];
}

/** Most rows and columns; if there are more CPUs, several share one. */
const MOST = 64;
/** Up to this many rows, cells show their share, and empty cells are drawn. */
const NUMBERED = 12;
const SIDE = 560;
/** Above this depth, text on a cell has the colour of the page. */
const DEEP = 0.5;
const MARGIN = 44;
/** Width of a CPU number. */
const TICK = 30;

/** Groups of neighbouring CPUs, at most MOST of them. */
function bins(cpus: Cpus): readonly Cpus[] {
  const size = 2 ** Math.max(0, Math.ceil(Math.log2(cpus.length / MOST)));
  return Array.from({ length: Math.ceil(cpus.length / size) }, (_, at) =>
    cpus.slice(at * size, (at + 1) * size),
  );
}

interface Cell {
  readonly row: number;
  readonly column: number;
  readonly packets: number;
  /** Packets that stayed on their CPU. */
  readonly local: number;
}

function cellsOf(matrix: Matrix, size: number, groups: number): readonly Cell[] {
  const packets = new Float64Array(groups * groups);
  const local = new Float64Array(groups * groups);
  matrix.forEach((line, from) => {
    const row = Math.floor(from / size) * groups;
    line.forEach((count, to) => {
      const at = row + Math.floor(to / size);
      packets[at] = (packets[at] ?? 0) + count;
      if (from === to) local[at] = (local[at] ?? 0) + count;
    });
  });
  return Array.from(packets, (count, at) => ({
    row: Math.floor(at / groups),
    column: at % groups,
    packets: count,
    local: local[at] ?? 0,
  }));
}

export function heatmap({ direction, cpus, matrix, numa }: Heat): Markup {
  const [first, last] = AXES[direction];
  const groups = bins(cpus);
  const cells = cellsOf(matrix, groups[0]?.length ?? 1, groups.length);
  const unit = Math.min(72, SIDE / groups.length);
  const side = unit * groups.length;
  const size = MARGIN + side + 2;
  const scale: Scale = {
    groups: groups.map(formatCpuList),
    nodes: nodesOf(groups, numa),
    unit,
    total: cells.reduce((sum, { packets }) => sum + packets, 0),
    most: cells.reduce((max, { packets }) => Math.max(max, packets), 0),
    numbered: groups.length <= NUMBERED,
  };
  const drawn = cells.filter(({ packets }) => packets > 0 || scale.numbered);
  return html`<svg class="heat" role="img" aria-label="Packets by the CPU where they were ${first} and the CPU where they were ${last}" viewBox="0 0 ${size} ${size}" width="${size}">
<text class="axis" x="${MARGIN + side / 2}" y="12" text-anchor="middle">${last} on CPU &rarr;</text>
<text class="axis" transform="translate(11 ${MARGIN + side / 2}) rotate(-90)" text-anchor="middle">&larr; ${first} on CPU</text>
<g class="ticks">${ticks(groups, unit)}</g>
<rect class="ground" x="${MARGIN}" y="${MARGIN}" width="${side}" height="${side}"/>
${drawn.map((cell) => square(cell, scale))}
${borders(groups, numa).map(
  (at) =>
    html`<path class="node" d="M${MARGIN + at * unit} ${MARGIN}v${side}M${MARGIN} ${MARGIN + at * unit}h${side}"/>`,
)}
</svg>`;
}

interface Scale {
  /** CPUs of each row and column, as a list. */
  readonly groups: readonly string[];
  /** Their NUMA nodes; null for one that spans several, and for all where there is only one node. */
  readonly nodes: readonly (number | null)[];
  /** Width of a cell. */
  readonly unit: number;
  readonly total: number;
  /** Packets of the fullest cell. */
  readonly most: number;
  /** Cells show their numbers. */
  readonly numbered: boolean;
}

/** The first CPU of a row or column, where there is room for it. */
function ticks(groups: readonly Cpus[], unit: number): readonly Markup[] {
  const every = Math.ceil(TICK / unit);
  return groups.flatMap((group, at) => {
    const [cpu, middle] = [group[0] ?? 0, MARGIN + (at + 0.5) * unit];
    if (at % every > 0) return [];
    return [
      html`<text x="${middle}" y="${MARGIN - 6}" text-anchor="middle">${cpu}</text>`,
      html`<text x="${MARGIN - 6}" y="${middle + 4}" text-anchor="end">${cpu}</text>`,
    ];
  });
}

function nodesOf(groups: readonly Cpus[], numa: Heat['numa']): readonly (number | null)[] {
  if (numa.length < 2) return groups.map(() => null);
  return groups.map(
    (group) => numa.find(({ cpus }) => group.every((cpu) => cpus.includes(cpu)))?.node ?? null,
  );
}

/** Rows and columns at which another NUMA node begins. */
function borders(groups: readonly Cpus[], numa: Heat['numa']): readonly number[] {
  const nodeOf = new Map(numa.flatMap(({ node, cpus }) => cpus.map((cpu) => [cpu, node] as const)));
  return groups.flatMap((group, at) => {
    const before = groups[at - 1]?.at(-1);
    return before !== undefined && nodeOf.get(before) !== nodeOf.get(group[0] ?? -1) ? [at] : [];
  });
}

/** Colour shows how near the packets stay, depth how many they are (by the square root, so that few are visible). */
function square({ row, column, packets, local }: Cell, scale: Scale): Markup {
  const { groups, unit, total, most, numbered } = scale;
  const sameNode = row !== column && scale.nodes[row] !== null && scale.nodes[row] === scale.nodes[column];
  // As the live view: another CPU of the same node is not as far as one of another node.
  const tone = packets === 0 ? 'none' : sameNode ? 'partly' : shareTone(local / packets);
  const depth = packets === 0 ? 0 : 0.12 + 0.88 * Math.sqrt(packets / most);
  const share = percent(total === 0 ? null : packets / total);
  const stayed = local > 0 && local < packets ? `, ${local} of them local` : '';
  const title = `from CPU ${groups[row]} to CPU ${groups[column]}: ${packets} packets, ${share}${stayed}`;
  const [x, y] = [MARGIN + column * unit, MARGIN + row * unit];
  const text = html`<text x="${x + unit / 2}" y="${y + unit / 2 + 4}" text-anchor="middle">${unit < 60 ? short(packets) : share}</text>`;
  return html`<g class="cell ${tone}${depth > DEEP ? ' deep' : null}"><title>${title}</title><rect x="${x}" y="${y}" width="${unit}" height="${unit}" fill-opacity="${depth.toFixed(3)}"/>${numbered ? text : null}</g>`;
}
