/**
 * Which attached program is ours: by its tag, a digest of its instructions. Names are only for people; anybody can give
 * any name.
 */
import { type Image, programOf, tagsOf } from './image.ts';
import { image as flow } from './programs/spread-flow.ts';
import { image as inner } from './programs/spread-inner.ts';
import { image as payload } from './programs/spread-payload.ts';
import { image as quic } from './programs/spread-quic.ts';
import { image as random } from './programs/spread-random.ts';
import { image as round } from './programs/spread-round.ts';
import type { Way } from './spread.ts';

export type Own = { readonly command: 'spread'; readonly way: Way };

const SPREADS: Readonly<Record<Way, Image>> = { flow, inner, quic, payload, round, random };

export const spreadImage = (way: Way): Image => SPREADS[way];

/** At most 15 characters: `lt_spread_rand`. */
export const nameOf = ({ command, way }: Own): string => `lt_${command}_${way.slice(0, 5)}`.slice(0, 15);

/**
 * Tags of programs of earlier releases, which `detach` and `status` still know. Add those of a program here when its C
 * code changes after a release.
 */
const FORMER: ReadonlyMap<string, Own> = new Map();

let known: ReadonlyMap<string, Own> | undefined;

/** null: not one of our programs for XDP. @param tag 16 hexadecimal digits */
export function recogniseTag(tag: string): Own | null {
  known ??= new Map([
    ...FORMER,
    ...Object.entries(SPREADS).flatMap(([way, image]) =>
      tagsOf(programOf(image, 'xdp')).map((each) => [each, { command: 'spread', way: way as Way }] as const),
    ),
  ]);
  return known.get(tag) ?? null;
}
