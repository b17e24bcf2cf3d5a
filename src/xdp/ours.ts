/**
 * Which attached program is ours: by its tag, a digest of its instructions. Names are only for people; anybody can give
 * any name.
 */
import { type Image, programOf, tagsOf } from './image.ts';
import { image as rows } from './programs/balance.ts';
import { image as cache } from './programs/balance-cache.ts';
import { image as sport } from './programs/sport.ts';
import { image as restore } from './programs/sport-restore.ts';
import { image as flow } from './programs/spread-flow.ts';
import { image as inner } from './programs/spread-inner.ts';
import { image as payload } from './programs/spread-payload.ts';
import { image as quic } from './programs/spread-quic.ts';
import { image as random } from './programs/spread-random.ts';
import { image as round } from './programs/spread-round.ts';
import type { Way } from './spread.ts';

export type Own =
  | { readonly command: 'spread'; readonly way: Way }
  /** `restore`: with a filter on the way out that restores the port. */
  | { readonly command: 'sport'; readonly way?: 'restore' }
  /** `cache`: with a flow cache. */
  | { readonly command: 'balance'; readonly way: BalanceWay };

export type BalanceWay = 'rows' | 'cache';

const SPREADS: Readonly<Record<Way, Image>> = { flow, inner, quic, payload, round, random };
const BALANCERS: Readonly<Record<BalanceWay, Image>> = { rows, cache };

export function imageOf(own: Own): Image {
  switch (own.command) {
    case 'spread':
      return SPREADS[own.way];
    case 'sport':
      return own.way === 'restore' ? restore : sport;
    case 'balance':
      return BALANCERS[own.way];
  }
}

/** At most 15 characters: `lt_spread_rando`. */
export const nameOf = (own: Own): string =>
  ['lt', own.command, ...('way' in own ? [own.way] : [])].join('_').slice(0, 15);

/** Every program of this release. */
export const OWN: readonly Own[] = [
  ...(Object.keys(SPREADS) as Way[]).map((way) => ({ command: 'spread', way }) as const),
  { command: 'sport' },
  { command: 'sport', way: 'restore' },
  ...(Object.keys(BALANCERS) as BalanceWay[]).map((way) => ({ command: 'balance', way }) as const),
];

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
    ...OWN.flatMap((own) => tagsOf(programOf(imageOf(own), 'xdp')).map((each) => [each, own] as const)),
  ]);
  return known.get(tag) ?? null;
}

let knownFilters: ReadonlySet<string> | undefined;

/** Is it our filter that restores source ports? @param tag 16 hexadecimal digits */
export function isOwnFilter(tag: string): boolean {
  knownFilters ??= new Set(tagsOf(programOf(restore, 'tc')));
  return knownFilters.has(tag);
}
