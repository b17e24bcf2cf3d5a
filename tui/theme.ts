/**
 * Colours and symbols. Colour has one meaning: local, partly local, remote, unknown. It is never the only sign: a mark
 * or the number says the same.
 */

import { type Background, type Colour, nearest, type Rgb, type Tone } from './colours.ts';
import { type HeatCell, rampOf } from './ramp.ts';

/** Ink's colours (a name of the 16, `ansi256(N)`, `#rrggbb`); undefined is the terminal's own. */
export interface Theme {
  readonly colour: Colour;
  readonly background: Background;
  /** May symbols beyond ASCII be drawn? */
  readonly unicode: boolean;
  readonly local: string | undefined;
  readonly partly: string | undefined;
  readonly remote: string | undefined;
  readonly unknown: string | undefined;
  readonly accent: string | undefined;
  /** What is less important than the rest. */
  readonly dim: string | undefined;
  /** One cell each. */
  readonly mark: Readonly<Record<'local' | 'partly' | 'remote' | 'unknown' | 'cursor' | 'change', string>>;
  /** A cell of a heat map, `value` 0 to 1: its character shows without colour what the colours show. */
  readonly ramp: (value: number, tone?: Tone) => HeatCell;
}

export interface ThemeOptions {
  /** `--color`. */
  readonly when: 'auto' | 'always' | 'never';
  /** null: from COLORFGBG, which some terminals set, otherwise dark. */
  readonly background: Background | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function themeOf(env: Environment, options: ThemeOptions): Theme {
  const colour = coloursOf(env, options.when);
  const background = options.background ?? backgroundOf(env);
  const unicode = isUnicode(env);
  const palette = paletteOf(colour, background);
  return {
    colour,
    background,
    unicode,
    ...palette,
    mark: unicode
      ? { local: '✓', partly: '◐', remote: '✗', unknown: '–', cursor: '▸', change: '▲' }
      : { local: '+', partly: '~', remote: 'x', unknown: '-', cursor: '>', change: '^' },
    ramp: rampOf(colour, background, unicode, palette),
  };
}

/** The same precedence as the other commands' --color: FORCE_COLOR, then NO_COLOR, each only if not empty. */
function coloursOf(env: Environment, when: ThemeOptions['when']): Colour {
  const force = env['FORCE_COLOR'];
  if (when === 'never' || (when === 'auto' && !force && env['NO_COLOR'])) return 'none';
  if (when === 'auto' && (force === '0' || force === 'false')) return 'none';
  if (force === '3' || /^(truecolor|24bit)$/.test(env['COLORTERM'] ?? '')) return 'true';
  if (force === '2' || /-256(color)?$/i.test(env['TERM'] ?? '')) return '256';
  return '16';
}

/** rxvt's COLORFGBG is `foreground;background` in the 16 colours: 7 and 9 to 15 are light. */
function backgroundOf(env: Environment): Background {
  const last = env['COLORFGBG']?.split(';').at(-1) ?? '';
  return /^(7|9|1[0-5])$/.test(last) ? 'light' : 'dark';
}

function isUnicode(env: Environment): boolean {
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
}

type Palette = Pick<Theme, 'local' | 'partly' | 'remote' | 'unknown' | 'accent' | 'dim'>;

function paletteOf(colour: Colour, background: Background): Palette {
  if (colour === 'none') {
    const none = undefined;
    return { local: none, partly: none, remote: none, unknown: none, accent: none, dim: none };
  }
  if (colour === '16')
    return {
      local: 'green',
      partly: 'yellow',
      remote: 'red',
      unknown: 'gray',
      accent: background === 'dark' ? 'cyan' : 'blue',
      dim: 'gray',
    };
  const rgb = background === 'dark' ? DARK : LIGHT;
  const as = (tone: Tone) => nearest(rgb[tone], colour);
  return {
    local: as('local'),
    partly: as('partly'),
    remote: as('remote'),
    unknown: as('unknown'),
    accent: as('accent'),
    dim: as('unknown'),
  };
}

const DARK: Readonly<Record<Tone, Rgb>> = {
  local: [95, 215, 95],
  partly: [255, 175, 0],
  remote: [255, 95, 95],
  unknown: [138, 138, 138],
  accent: [95, 175, 255],
};
const LIGHT: Readonly<Record<Tone, Rgb>> = {
  local: [0, 135, 0],
  partly: [175, 95, 0],
  remote: [215, 0, 0],
  unknown: [118, 118, 118],
  accent: [0, 95, 175],
};
