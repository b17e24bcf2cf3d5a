/** `weighted`: sockets in proportion to their weights. */
import type { Instruction } from '../instruction.ts';
import {
  constants,
  isBelow,
  JGE,
  MAX_SLOTS,
  MOD,
  mod,
  OUT_OF_RANGE,
  type ProgramLine,
  RET,
  ret,
} from './line.ts';
import type { ProgramParameters, SteeringProgram } from './program.ts';
import { readSegments, type Segment, search } from './search.ts';
import { drawNumber, readDraw } from './spread.ts';

type WeightedParameters = Pick<ProgramParameters, 'weights' | 'spread'>;

/** Up to this sum the 24 bits that spread a flow are accurate to 1 in 256 for each share. */
const MAX_SUM = 65_536;

/** Throws RangeError unless the weights are whole numbers, not all 0, and their sum is at most 65,536. */
function lines({ weights, spread }: WeightedParameters): ProgramLine[] {
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
  const leaf = ({ value }: Segment<number>): ProgramLine => [
    ret(value ?? OUT_OF_RANGE),
    `slot ${value}: ${weights[value ?? 0]} of ${sum} shares`,
  ];
  return [...drawNumber(spread), [mod(sum), `one of ${sum} shares`], ...search(shares, leaf, 'shares')];
}

/** Drops weights of 0 at the end. */
function parse(program: readonly Instruction[]): WeightedParameters | null {
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
  return { weights, spread: drawn.by };
}

export const weightedProgram: SteeringProgram<WeightedParameters> = {
  purpose: 'any socket, in proportion to its weight',
  use: 'workers of different capacity (slower cores, SMT siblings), or a canary that should get little traffic.',
  avoid: 'load balancing: weights divide connections or datagrams, not work.',
  parameters: ['weights', 'spread'],
  lines,
  parse,
  lastSlot: ({ weights }) => weights.findLastIndex((weight) => weight > 0),
  spreadsFlows: ({ spread }) => spread === 'rand',
};
