/**
 * Paints rows directly onto the terminal, past Ink's own output. Ink splits a frame into characters and measures each,
 * even in unchanged rows: 6 % of a CPU for 64 CPUs at one frame a second, and 100 MB. Here the width of every span is
 * known, so only changed spans are written, in place.
 */
import { createContext } from 'react';
import { fit, type Line, merge, type Span, span, widthOf } from './components/line.ts';
import { paintLine } from './components/paint.ts';
import type { Theme } from './theme.ts';

export interface Region {
  /** Row of the screen, from 0. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly lines: readonly Line[];
}

export interface Canvas {
  /**
   * `key` identifies the component that draws it. Everything that is put in one turn of the event loop is painted
   * together.
   */
  put(key: object, region: Region): void;
  remove(key: object): void;
  /** Paints everything again, because another program has written to the terminal. */
  repaint(): void;
  /** Stops all painting: the screen is about to belong to the shell. */
  close(): void;
}

/** Where a component draws: a canvas, and the position of its top left corner on it. null: in Ink's own output. */
export interface CanvasOrigin {
  readonly canvas: Canvas;
  readonly x: number;
  readonly y: number;
}

export const OriginContext = createContext<CanvasOrigin | null>(null);

/** Begin and end of a synchronized update (DEC mode 2026): terminals that know it show no half frames. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';
const CLEAR = '\x1b[2J';

export function createCanvas(theme: Theme, write: (text: string) => void): Canvas {
  const regions = new Map<object, Region>();
  /** What is on the screen, by `y,x,width`. */
  let shown: ReadonlyMap<string, Line> = new Map();
  let [scheduled, closed] = [false, false];

  const flush = (): void => {
    scheduled = false;
    if (closed) return;
    const wanted = rowsOf([...regions.values()], theme);
    const moved = wanted.size !== shown.size || [...wanted.keys()].some((key) => !shown.has(key));
    const text = Array.from(wanted, ([key, line]) =>
      update(key, moved ? undefined : shown.get(key), line, theme),
    ).join('');
    shown = wanted;
    if (moved || text !== '') write(`${BEGIN}${moved ? CLEAR : ''}${text}${END}`);
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(flush);
  };
  return {
    put: (key, region) => {
      regions.set(key, region);
      schedule();
    },
    remove: (key) => {
      regions.delete(key);
      schedule();
    },
    repaint: () => {
      shown = new Map();
      schedule();
    },
    close: () => {
      closed = true;
    },
  };
}

function rowsOf(regions: readonly Region[], theme: Theme): ReadonlyMap<string, Line> {
  const rows = new Map<string, Line>();
  for (const { x, y, width, height, lines } of regions)
    for (let row = 0; row < height; row++) {
      const line = fit(lines[row] ?? [], width, theme);
      rows.set(
        `${y + row},${x},${width}`,
        merge([...line, span(' '.repeat(Math.max(0, width - widthOf(line))))]),
      );
    }
  return rows;
}

/** From the first changed span to the last: both lines have the same width, so an equal end stays in place. */
function update(key: string, before: Line | undefined, after: Line, theme: Theme): string {
  const [y = 0, x = 0] = key.split(',').map(Number);
  const least = Math.min(before?.length ?? 0, after.length);
  let first = 0;
  while (first < least && isSame(before?.[first], after[first])) first++;
  let same = 0;
  while (same < least - first && isSame(before?.at(-1 - same), after.at(-1 - same))) same++;
  const changed = after.slice(first, after.length - same);
  if (changed.length === 0) return '';
  return `\x1b[${y + 1};${x + widthOf(after.slice(0, first)) + 1}H${paintLine(changed, theme)}`;
}

const isSame = (one: Span | undefined, other: Span | undefined): boolean =>
  one?.text === other?.text &&
  one?.tone === other?.tone &&
  one?.foreground === other?.foreground &&
  one?.background === other?.background;
