/** Colours as terminals have them: none, the 16, xterm's 256, or any. */

/** The number of colours of the terminal. */
export type Colour = 'none' | '16' | '256' | 'true';
export type Background = 'dark' | 'light';
/** What a colour means. */
export type Tone = 'local' | 'partly' | 'remote' | 'unknown' | 'accent';
export type Rgb = readonly [red: number, green: number, blue: number];

/** Levels of each channel in xterm's cube of 216 colours. */
const LEVELS = [0, 95, 135, 175, 215, 255];
const CUBE = 16;
const GREYS = 232;

/** The colour of an index from 16 on, as xterm has it: the cube, then 24 greys. Terminals agree on these. */
export function rgbOf256(index: number): Rgb {
  if (index >= GREYS) {
    const grey = 8 + 10 * (index - GREYS);
    return [grey, grey, grey];
  }
  const at = index - CUBE;
  const level = (step: number) => LEVELS[step % LEVELS.length] ?? 0;
  return [level(Math.floor(at / 36)), level(Math.floor(at / 6)), level(at)];
}

export const indexed = (index: number): string => `ansi256(${index})`;

export const hex = (rgb: Rgb): string =>
  `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;

/** The nearest colour that the terminal has, as Ink names it. */
export function nearest(rgb: Rgb, colour: '256' | 'true'): string {
  if (colour === 'true') return hex(rgb);
  const distance = (index: number) => {
    const [red, green, blue] = rgbOf256(index);
    return (red - rgb[0]) ** 2 + (green - rgb[1]) ** 2 + (blue - rgb[2]) ** 2;
  };
  let best = CUBE;
  for (let index = CUBE; index < 256; index++) if (distance(index) < distance(best)) best = index;
  return indexed(best);
}
