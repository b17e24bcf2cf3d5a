/**
 * Cells of a heat map. Their steps must be distinguishable: each from the next, and local from remote at each step, also
 * for readers who confuse red and green.
 */
import { type Background, type Colour, hex, indexed, type Rgb, rgbOf256, type Tone } from './colours.ts';

export interface HeatCell {
  readonly character: string;
  /** Colour of a character on the terminal's own background. */
  readonly foreground?: string;
  /** Colour that fills the cell, under a blank or the lower half of `▀`. */
  readonly background?: string;
}

/** Steps of amount above nothing, in characters and in 256 colours. */
export const STEPS = 4;
/** Steps in true colour, two for each of the above; more cannot be distinguished, and few keep lines short. */
const FINE = 2 * STEPS;

/**
 * Of xterm's 256 colours, from the terminal's background to the fullest. Between neighbours, and between two tones of one
 * step, the distance (CIE76) is 10 or more, also as people with protanopia or deuteranopia see them (test/tui/ramp.test.ts computes it).
 */
export const RAMPS: Readonly<Record<Background, Readonly<Record<Tone, readonly number[]>>>> = {
  dark: {
    local: [29, 35, 78, 120],
    partly: [94, 172, 220, 227],
    remote: [52, 88, 160, 204],
    unknown: [236, 239, 242, 245],
    accent: [17, 24, 31, 75],
  },
  light: {
    local: [115, 72, 29, 22],
    partly: [229, 221, 214, 172],
    remote: [218, 211, 197, 161],
    unknown: [252, 249, 246, 243],
    accent: [153, 111, 68, 25],
  },
};

const SHADES = [' ', '░', '▒', '▓', '█'];
const ASCII = [' ', '.', ':', '=', '#'];

/** Without colours the kind of character shows the tone, and its weight the amount. */
const COLOURLESS: Readonly<Partial<Record<Tone, readonly string[]>>> = {
  partly: [' ', ',', ';', '~', '%'],
  remote: [' ', '.', ':', 'x', 'X'],
};
const LOCAL_ASCII = [' ', '-', '=', '+', '#'];

const TONES: readonly Tone[] = ['local', 'partly', 'remote', 'unknown', 'accent'];

/**
 * A cell for a value of 0 to 1 and its tone; any value above 0 is visible.
 * @param full the colour of each tone in 16 colours
 */
export function rampOf(
  colour: Colour,
  background: Background,
  unicode: boolean,
  full: Readonly<Record<Tone, string | undefined>>,
): (value: number, tone?: Tone) => HeatCell {
  const looks = new Map(
    TONES.map((tone) => [
      tone,
      { characters: charactersOf(tone, colour, unicode), colours: coloursOf(tone, colour, background, full) },
    ]),
  );
  return (value, tone = 'accent') => {
    const { characters = SHADES, colours = [] } = looks.get(tone) ?? {};
    const bounded = Math.min(1, Math.max(0, value));
    const of = (steps: number) => (bounded > 0 ? Math.max(1, Math.round(bounded * steps)) : 0);
    const character = characters[of(STEPS)] ?? ' ';
    const step = colours[of(colours.length) - 1];
    return step === undefined ? { character } : { character, foreground: step, background: step };
  };
}

function charactersOf(tone: Tone, colour: Colour, unicode: boolean): readonly string[] {
  if (colour !== 'none') return unicode ? SHADES : ASCII;
  return COLOURLESS[tone] ?? (unicode ? SHADES : LOCAL_ASCII);
}

function coloursOf(
  tone: Tone,
  colour: Colour,
  background: Background,
  full: Readonly<Record<Tone, string | undefined>>,
): readonly string[] {
  const ramp = RAMPS[background][tone];
  switch (colour) {
    case 'none':
      return [];
    case '16': {
      const only = full[tone];
      return only === undefined ? [] : Array.from({ length: STEPS }, () => only);
    }
    case '256':
      return ramp.map(indexed);
    case 'true':
      return between(ramp.map(rgbOf256)).map(hex);
  }
}

/** FINE colours from the first to the last. */
function between(ramp: readonly Rgb[]): readonly Rgb[] {
  return Array.from({ length: FINE }, (_, step) => {
    const at = (step * (ramp.length - 1)) / (FINE - 1);
    const [low, high] = [ramp[Math.floor(at)], ramp[Math.ceil(at)]];
    const part = at % 1;
    const mix = (channel: 0 | 1 | 2) => (low?.[channel] ?? 0) * (1 - part) + (high?.[channel] ?? 0) * part;
    return [mix(0), mix(1), mix(2)];
  });
}
