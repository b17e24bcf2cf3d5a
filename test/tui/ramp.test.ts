/** Can the steps of a heat map be told apart, in the colours that a terminal really shows? */
import { describe, expect, it } from 'vitest';
import { type Background, type Colour, type Rgb, rgbOf256, type Tone } from '../../tui/colours.ts';
import { RAMPS, STEPS } from '../../tui/ramp.ts';
import { themeOf } from '../../tui/theme.ts';

const GROUND: Readonly<Record<Background, Rgb>> = { dark: [28, 28, 28], light: [238, 238, 238] };
const FLOWS = ['local', 'partly', 'remote'] as const;
const BACKGROUNDS = ['dark', 'light'] as const;

type Matrix = readonly [Rgb, Rgb, Rgb];
/** Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB. */
const EYES: Readonly<Record<'all' | 'protanopia' | 'deuteranopia', Matrix>> = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

const times = (matrix: Matrix, [r, g, b]: Rgb): Rgb => {
  const row = ([x, y, z]: Rgb) => x * r + y * g + z * b;
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])];
};

/** IEC 61966-2-1 (sRGB, D65). */
const linear = (channel: number) => {
  const part = channel / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
};
const XYZ: Matrix = [
  [0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339 / 1.08883, 0.119192 / 1.08883, 0.9503041 / 1.08883],
];

/** CIE 1976 L*a*b*. */
function lab([r, g, b]: Rgb, eye: Matrix): Rgb {
  const [x, y, z] = times(XYZ, times(eye, [linear(r), linear(g), linear(b)]));
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);
  return [116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))];
}

const distance = (one: Rgb, other: Rgb, eye: Matrix): number => {
  const [a, b] = [lab(one, eye), lab(other, eye)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
};

const rgbOf = (index: number | undefined): Rgb => rgbOf256(index ?? 0);

describe.each(BACKGROUNDS)('256 colours on a %s background', (background) => {
  const ramps = RAMPS[background];

  it.each(Object.entries(EYES))('have steps that can be told apart: %s', (_, eye) => {
    for (const tone of FLOWS) {
      const steps = [GROUND[background], ...ramps[tone].map(rgbOf)];
      for (const [at, step] of steps.slice(1).entries())
        expect(distance(steps[at] ?? step, step, eye), `${tone} ${at}`).toBeGreaterThanOrEqual(10);
    }
  });

  it.each(Object.entries(EYES))('have tones that can be told apart at each step: %s', (_, eye) => {
    for (const [one, other] of [
      ['local', 'partly'],
      ['local', 'remote'],
      ['partly', 'remote'],
    ] as const)
      for (let step = 0; step < STEPS; step++) {
        const apart = distance(rgbOf(ramps[one][step]), rgbOf(ramps[other][step]), eye);
        expect(apart, `${one} ${other} ${step}`).toBeGreaterThanOrEqual(10);
      }
  });
});

describe('a cell', () => {
  const theme = (colour: Colour, background: Background, unicode = true) =>
    themeOf(
      {
        LANG: unicode ? 'C.UTF-8' : 'C',
        TERM: colour === '16' ? 'xterm' : 'xterm-256color',
        ...(colour === 'true' && { COLORTERM: 'truecolor' }),
        ...(colour === 'none' && { NO_COLOR: '1' }),
      },
      { when: 'auto', background },
    );
  const looks = (tone: Tone, of: ReturnType<typeof theme>) =>
    [0, 0.25, 0.5, 0.75, 1].map((value) => {
      const { character, background = '' } = of.ramp(value, tone);
      return `${character}${background}`;
    });

  it('looks different at each step and in each tone, in any terminal', () => {
    for (const colour of ['none', '16', '256', 'true'] as const)
      for (const background of BACKGROUNDS)
        for (const unicode of [true, false]) {
          const all = FLOWS.flatMap((tone) => looks(tone, theme(colour, background, unicode)).slice(1));
          expect(new Set(all).size, `${colour} ${background} ${unicode}`).toBe(all.length);
        }
  });

  it('is blank only for nothing', () => {
    const plain = theme('none', 'dark');
    expect(plain.ramp(0, 'remote').character).toBe(' ');
    expect(plain.ramp(1e-9, 'remote').character).toBe('.');
    expect(theme('256', 'dark').ramp(0)).toEqual({ character: ' ' });
  });
});

it('the 256 colours are those of xterm', () => {
  expect([16, 21, 46, 196, 231, 232, 255].map(rgbOf256)).toEqual([
    [0, 0, 0],
    [0, 0, 255],
    [0, 255, 0],
    [255, 0, 0],
    [255, 255, 255],
    [8, 8, 8],
    [238, 238, 238],
  ]);
});
