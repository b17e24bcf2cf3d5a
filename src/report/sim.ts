/** What a program did with a packet, or with all packets of a capture. */

import type { TraceStep } from '../cbpf/trace.ts';
import type { Distribution, Replay } from '../pcap/replay.ts';
import { percent } from '../words/phrase.ts';
import { type Column, table } from './table.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

export interface Simulated {
  readonly result: number;
  readonly earlyExit: string | null;
  /** null without a group, and if the hash chooses. */
  readonly slot: number | null;
  /** Does the kernel's hash choose? null without a group. */
  readonly fallsBack: boolean | null;
  readonly steps: readonly TraceStep[];
  readonly groupSize: number | null;
}

export function simulatedLines(
  simulated: Simulated,
  withSteps: boolean,
  notes: readonly string[],
  style: Style,
): Line[] {
  return [
    ...(withSteps ? [...stepTable(simulated.steps, style), [span('')]] : []),
    ...paragraph('', outcome(simulated), style),
    ...notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
}

function outcome({ result, earlyExit, slot, fallsBack, groupSize }: Simulated): string {
  const hex = result > 9 ? ` (0x${result.toString(16)})` : '';
  const why = earlyExit === null ? '' : `: ${earlyExit}, which ends the program`;
  if (fallsBack === null) return `result ${result}${hex}${why}`;
  const where = fallsBack ? `beyond the group's ${groupSize}: the kernel's hash chooses` : `slot ${slot}`;
  return earlyExit === null ? `result ${result}${hex}: ${where}` : `result ${result}${why}; so ${where}`;
}

function stepTable(steps: readonly TraceStep[], style: Style): Line[] {
  const columns: Column[] = [
    { head: '', align: 'right' },
    { head: 'instruction', align: 'left', give: 'cut' },
    { head: 'A', align: 'right' },
    { head: 'X', align: 'right' },
    { head: 'wrote', align: 'left' },
    { head: 'read', align: 'left', give: 'cut' },
  ];
  const rows = steps.map(({ index, text, a, x, memory, read }) => [
    String(index),
    text,
    word(a),
    word(x),
    memory === null ? '' : `M[${memory.word}] = ${word(memory.value)}`,
    read ?? '',
  ]);
  return table(columns, rows, style);
}

/** Small numbers are slots, ports and CPUs; large ones are bit patterns. */
const word = (value: number) =>
  value < 0x10000 ? String(value) : `0x${value.toString(16).padStart(8, '0')}`;

const MOST_RESULTS = 20;

/** @param distribution null without a group */
export function captureLines(
  name: string,
  { packets, passedOver, results, earlyExits }: Replay,
  distribution: Distribution | null,
  notes: readonly string[],
  style: Style,
): Line[] {
  const over = [...passedOver.values()].reduce((sum, count) => sum + count, 0);
  const chosen = `${name}: ${grouped(packets)} packets choose a socket`;
  const rows =
    distribution === null
      ? [...results]
          .sort(([, one], [, other]) => other - one)
          .map(([result, count]) => [String(result), count] as const)
      : slotRows(distribution);
  const shown = distribution === null ? rows.slice(0, MOST_RESULTS) : rows;
  return [
    ...paragraph('', over === 0 ? chosen : `${chosen}, ${grouped(over)} do not`, style),
    ...paragraph('  skipped: ', counts(passedOver), style).filter(() => over > 0),
    ...paragraph('  ended early: ', counts(earlyExits), style).filter(() => earlyExits.size > 0),
    ...(packets > 0
      ? [[span('')], ...bars(shown, distribution === null ? 'result' : 'slot', packets, style)]
      : []),
    ...(shown.length < rows.length
      ? paragraph('', `${grouped(rows.length - shown.length)} more results: -j lists them`, style)
      : []),
    ...(notes.length > 0 ? [[span('')]] : []),
    ...notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
}

function slotRows({ slots, hashed }: Distribution): (readonly [string, number])[] {
  const rows = slots.map((count, slot) => [String(slot), count] as const);
  return hashed > 0 ? [...rows, ['by hash', hashed]] : rows;
}

function bars(
  rows: readonly (readonly [string, number])[],
  head: string,
  packets: number,
  style: Style,
): Line[] {
  const columns: Column[] = [
    { head, align: 'right' },
    { head: 'packets', align: 'right' },
    { head: 'share', align: 'right' },
    { head: '', align: 'left' },
  ];
  const most = rows.reduce((high, [, count]) => Math.max(high, count), 1);
  const room = Math.max(10, style.columns - 40);
  const cells = rows.map(([what, count]) => [
    what,
    grouped(count),
    percent(count / packets),
    '█'.repeat(count === 0 ? 0 : Math.max(1, Math.round((room * count) / most))),
  ]);
  return table(columns, cells, style);
}

function counts(map: ReadonlyMap<string, number>): string {
  return [...map]
    .sort(([, one], [, other]) => other - one)
    .map(([what, count]) => `${grouped(count)} ${what}`)
    .join('; ');
}

const grouped = (count: number) => count.toLocaleString('en');
