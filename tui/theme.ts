/**
 * Colours and symbols. Colour has one meaning: local, partly local, remote, unknown. It is never the only sign: a mark
 * or the number says the same.
 */

/** The number of colours of the terminal. */
export type Colour = 'none' | '16' | '256' | 'true';
export type Background = 'dark' | 'light';
export type Tone = 'local' | 'partly' | 'remote' | 'unknown' | 'accent';

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

export interface HeatCell {
  readonly character: string;
  /** Colour of a character on the terminal's own background. */
  readonly foreground?: string;
  /** Colour that fills the cell, under a blank or the lower half of `▀`. */
  readonly background?: string;
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
    ramp: rampOf(colour, background, unicode),
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
  const as = (tone: Tone) => inkColour(rgb[tone], colour);
  return {
    local: as('local'),
    partly: as('partly'),
    remote: as('remote'),
    unknown: as('unknown'),
    accent: as('accent'),
    dim: as('unknown'),
  };
}

type Rgb = readonly [number, number, number];

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

/** xterm's 256 colours: a cube of six levels per channel from 16 on. */
const LEVELS = [0, 95, 135, 175, 215, 255];

function inkColour([red, green, blue]: Rgb, colour: Colour): string {
  if (colour === 'true')
    return `#${[red, green, blue].map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
  const [r = 0, g = 0, b = 0] = [red, green, blue].map(nearestLevel);
  // The cube has five greys; the 24 of the ramp from 232 on are finer.
  const grey = Math.round((red - 8) / 10);
  const isGrey = Math.max(red, green, blue) - Math.min(red, green, blue) < 8 && grey >= 0 && grey < 24;
  return `ansi256(${isGrey ? 232 + grey : 16 + 36 * r + 6 * g + b})`;
}

function nearestLevel(value: number): number {
  return LEVELS.reduce((best, level, at) => {
    const than = LEVELS[best] ?? 0;
    return Math.abs(level - value) < Math.abs(than - value) ? at : best;
  }, 0);
}

const SHADES = [' ', '░', '▒', '▓', '█'];
const ASCII = [' ', '.', ':', '=', '#'];
/** Number of shades; more cannot be distinguished, and few keep lines short. */
const STEPS = 8;

function rampOf(colour: Colour, background: Background, unicode: boolean): Theme['ramp'] {
  const shades = unicode ? SHADES : ASCII;
  const tones: readonly Tone[] = ['local', 'partly', 'remote', 'unknown', 'accent'];
  const steps = new Map(tones.map((tone) => [tone, stepsOf(tone, colour, background)]));
  return (value, tone = 'accent') => {
    const bounded = Math.min(1, Math.max(0, value));
    // Any value above 0 is visible.
    const at = (count: number) => (bounded > 0 ? Math.max(1, Math.round(bounded * (count - 1))) : 0);
    const character = shades[at(shades.length)] ?? ' ';
    const step = steps.get(tone)?.[at(STEPS + 1)];
    return step === undefined ? { character } : { character, foreground: step, background: step };
  };
}

/** From the terminal's background to the full colour, the first step visible already. */
function stepsOf(tone: Tone, colour: Colour, background: Background): readonly (string | undefined)[] {
  if (colour === 'none') return [];
  if (colour === '16') {
    const full = paletteOf(colour, background)[tone];
    return [undefined, ...Array.from({ length: STEPS }, () => full)];
  }
  const [ground, rgb]: readonly [Rgb, Rgb] =
    background === 'dark' ? [[28, 28, 28], DARK[tone]] : [[238, 238, 238], LIGHT[tone]];
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    if (step === 0) return undefined;
    const share = 0.2 + (0.8 * step) / STEPS;
    const mix = (at: 0 | 1 | 2) => ground[at] + (rgb[at] - ground[at]) * share;
    return inkColour([mix(0), mix(1), mix(2)], colour);
  });
}
