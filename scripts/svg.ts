/** Turns lines with SGR sequences into an SVG that looks the same with any font. */

export interface Picture {
  readonly columns: number;
  readonly rows: number;
  /** For screen readers, and if the picture is not shown. */
  readonly title: string;
  /** The terminal's own colours, `#rrggbb`. */
  readonly foreground: string;
  readonly background: string;
}

/** Pixels of a cell, of the border around all, and of the letters. */
const CELL = { width: 8.4, height: 18 };
const BORDER = 12;
const FONT = 14;
const BASELINE = 13.5;
const FAMILY = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';

interface Look {
  readonly foreground: string | null;
  readonly background: string | null;
  readonly bold: boolean;
}

interface Run extends Look {
  readonly text: string;
  readonly column: number;
}

/** @param screen lines with SGR sequences: bold, and colours as `38;2;r;g;b` */
export function svg(screen: string, picture: Picture): string {
  const size = [
    round(picture.columns * CELL.width + 2 * BORDER),
    picture.rows * CELL.height + 2 * BORDER,
  ] as const;
  const sides = `width="${size[0]}" height="${size[1]}"`;
  const lines = screen.split('\n').slice(0, picture.rows);
  const body = lines.flatMap((line, row) =>
    runsOf(line).flatMap((run) => drawRun(run, BORDER + row * CELL.height, picture)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.join(' ')}" ${sides} role="img">`,
    `<title>${escaped(picture.title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${picture.background}"/>`,
    `<g font-family="${FAMILY}" font-size="${FONT}" fill="${picture.foreground}">`,
    ...body,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

const PLAIN: Look = { foreground: null, background: null, bold: false };

function runsOf(line: string): readonly Run[] {
  const runs: Run[] = [];
  let look = PLAIN;
  let column = 0;
  // Every second piece is the parameters of a sequence.
  for (const [at, piece] of line.split(SGR).entries()) {
    if (at % 2 === 1) look = after(look, piece.split(';').map(Number));
    else if (piece !== '') {
      runs.push({ ...look, text: piece, column });
      column += piece.length;
    }
  }
  return runs;
}

const SGR = new RegExp(`${String.fromCharCode(27)}\\[([\\d;]*)m`);

/** ECMA-48 8.3.117, as far as it is used. */
function after(look: Look, [code = 0, , red = 0, green = 0, blue = 0]: readonly number[]): Look {
  const rgb = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
  switch (code) {
    case 0:
      return PLAIN;
    case 1:
    case 22:
      return { ...look, bold: code === 1 };
    case 38:
      return { ...look, foreground: rgb };
    case 39:
      return { ...look, foreground: null };
    case 48:
      return { ...look, background: rgb };
    case 49:
      return { ...look, background: null };
    default:
      return look;
  }
}

function drawRun(run: Run, top: number, { foreground }: Picture): readonly string[] {
  const fill = run.foreground ?? foreground;
  const ground =
    run.background === null
      ? []
      : [rect({ x: 0, y: 0, width: run.text.length, height: 1 }, run.column, top, run.background)];
  const pieces = run.text.match(PIECES) ?? [];
  let column = run.column;
  const drawn = pieces.flatMap((piece) => {
    const at = column;
    column += piece.length;
    const block = BLOCKS.get(piece.charAt(0));
    if (block !== undefined) {
      const whole = { ...block, width: block.width < 1 ? block.width : piece.length };
      return [rect(whole, at, top, fill)];
    }
    return piece.trim() === '' ? [] : [text(piece, at, top, run)];
  });
  return [...ground, ...drawn];
}

interface Block {
  /** In cells. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly opacity?: number;
}

/** Block elements and bars are drawn, because fonts leave gaps between them. */
const BLOCKS: ReadonlyMap<string, Block> = new Map([
  ...Array.from('▁▂▃▄▅▆▇█', (character, at): [string, Block] => [
    character,
    { x: 0, y: 1 - (at + 1) / 8, width: 1, height: (at + 1) / 8 },
  ]),
  ['━', { x: 0, y: 0.4, width: 1, height: 0.2 }],
  ['╸', { x: 0, y: 0.4, width: 0.5, height: 0.2 }],
  ['▀', { x: 0, y: 0, width: 1, height: 0.5 }],
  ...Array.from('░▒▓', (character, at): [string, Block] => [
    character,
    { x: 0, y: 0, width: 1, height: 1, opacity: (at + 1) / 4 },
  ]),
]);

/** A repeated block, half a bar, or words. */
const PIECES = /([▀-▓━])\1*|╸|[^▀-▓━╸]+/g;

function rect({ x, y, width, height, opacity }: Block, column: number, top: number, fill: string): string {
  const [left, above] = [round(BORDER + (column + x) * CELL.width), round(top + y * CELL.height)];
  const size = `width="${round(width * CELL.width)}" height="${round(height * CELL.height)}"`;
  const shade = opacity === undefined ? '' : ` fill-opacity="${opacity}"`;
  return `<rect x="${left}" y="${above}" ${size} fill="${fill}"${shade} shape-rendering="crispEdges"/>`;
}

/** Stretched to its cells with any font. */
function text(words: string, column: number, top: number, { foreground, bold }: Look): string {
  const lead = words.length - words.trimStart().length;
  const shown = words.trim();
  const x = round(BORDER + (column + lead) * CELL.width);
  const style = `${foreground === null ? '' : ` fill="${foreground}"`}${bold ? ' font-weight="bold"' : ''}`;
  const length = `textLength="${round(shown.length * CELL.width)}"`;
  return `<text x="${x}" y="${top + BASELINE}" ${length}${style}>${escaped(shown)}</text>`;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** SVG would merge neighbouring spaces. */
function escaped(words: string): string {
  return words
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll(' ', String.fromCharCode(0xa0));
}
