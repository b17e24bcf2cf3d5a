/** `weighted`: sockets by shares. */
import type { Instruction } from '../instruction.ts';
import {
  type About,
  constants,
  isBelow,
  JGE,
  type Line,
  MAX_SLOTS,
  MOD,
  mod,
  OUT_OF_RANGE,
  RET,
  ret,
  same,
  words,
} from './line.ts';
import { readSegments, type Segment, search } from './search.ts';
import { draw, readDraw, type Spread } from './spread.ts';

export const about: About = {
  purpose: 'each socket its share of the packets',
  use: 'workers that are not alike (slower cores, SMT siblings), a canary that shall see little traffic.',
  avoid: 'as a load balancer: the shares are of connections or datagrams, not of work.',
};

/** Up to here the 24 bits that a flow is spread by give every share its due, to 1 in 256. */
const MAX_SUM = 65_536;

export interface Shares {
  /** Share of slot 0, 1, …; those of 0, and those behind the last, get nothing. */
  readonly weights: readonly number[];
  readonly by: Spread;
}

/** Throws RangeError unless the weights are whole numbers, not all 0, of 65,536 at most in all. */
export function lines({ weights, by }: Shares): Line[] {
  const wrong = weights.find((weight) => !isBelow(MAX_SUM + 1, weight));
  if (wrong !== undefined) throw new RangeError(`weight ${wrong} is not a whole number from 0 to ${MAX_SUM}`);
  if (weights.length > MAX_SLOTS)
    throw new RangeError(`${weights.length} weights are more than a group has slots`);
  const shares: Segment<number>[] = [];
  let sum = 0;
  for (const [slot, weight] of weights.entries()) {
    if (weight > 0) shares.push({ from: sum, value: slot });
    sum += weight;
  }
  if (sum === 0) throw new RangeError('no slot has a weight of 1 or more');
  if (sum > MAX_SUM)
    throw new RangeError(`the weights are ${sum} in all, more than ${MAX_SUM}: give smaller ones`);
  const leaf = ({ value }: Segment<number>): Line => [
    ret(value ?? OUT_OF_RANGE),
    `slot ${value}: ${weights[value ?? 0]} of ${sum} shares`,
  ];
  return [...draw(by), [mod(sum), `one of ${sum} shares`], ...search(shares, leaf, 'shares')];
}

/** What {@link lines} made this program from, without weights of 0 at the end; null for any other program. */
export function sharesOf(program: readonly Instruction[]): Shares | null {
  const drawn = readDraw(program, 0);
  const [code, , , sum = 0] = program[drawn?.end ?? 0] ?? [];
  if (drawn === null || code !== MOD || sum > MAX_SUM) return null;
  const rest = program.slice(drawn.end);
  const shares = readSegments(constants(rest, JGE), constants(rest, RET));
  const weights: number[] = [];
  for (const [index, { from, value }] of shares.entries()) {
    if (value === null || !isBelow(MAX_SLOTS, value) || value < weights.length) return null;
    const weight = (shares[index + 1]?.from ?? sum) - from;
    if (weight < 1) return null;
    weights.push(...new Array(value - weights.length).fill(0), weight);
  }
  const found = { weights, by: drawn.by };
  return same(program, words(lines(found))) ? found : null;
}
