/** `drain`: some sockets get nothing new. */
import type { Instruction } from '../instruction.ts';
import {
  constants,
  DIV,
  isBelow,
  JEQ,
  LD_CPU,
  MAX_SLOTS,
  mod,
  type ProgramLine,
  RET_A,
  same,
} from './line.ts';
import type { ProgramParameters, SteeringProgram } from './program.ts';
import { anyOf, checkSlots, drawNumber, pick, readDraw } from './spread.ts';

type DrainParameters = Pick<ProgramParameters, 'size' | 'drained' | 'by'>;

/** A conditional jump skips from the first of them past the last. */
const MAX_DRAINED = 250;

const ST: Instruction = [0x02, 0, 0, 0];
const LD_M: Instruction = [0x60, 0, 0, 0];

/** Throws RangeError unless some slots of the group are drained, 250 at most, and some are not. */
function lines({ size, drained, by }: DrainParameters): ProgramLine[] {
  checkSlots(drained);
  if (drained.length === 0 || drained.length > MAX_DRAINED)
    throw new RangeError(`1 to ${MAX_DRAINED} slots can be drained, not ${drained.length}`);
  if (!isBelow(MAX_SLOTS + 1, size))
    throw new RangeError(`a group has 1 to ${MAX_SLOTS} sockets, not ${size}`);
  const beyond = drained.find((slot) => slot >= size);
  if (beyond !== undefined) throw new RangeError(`slot ${beyond} is not in a group of ${size}`);
  const out = new Set(drained);
  const others = Array.from({ length: size }, (_, slot) => slot).filter((slot) => !out.has(slot));
  if (others.length === 0) throw new RangeError(`all ${size} slots are drained: no slot would be left`);
  return [
    ...first(by),
    [mod(size), `one of ${size} slots`],
    ...drained.map(
      (slot, index): ProgramLine => [[JEQ, drained.length - index, 0, slot], `slot ${slot} is drained`],
    ),
    [RET_A, 'any other is the index of the socket'],
    ...again(by, others, size),
  ];
}

function first(by: DrainParameters['by']): ProgramLine[] {
  if (by === 'cpu') return [[LD_CPU, 'the CPU that received the packet']];
  return by === 'rand' ? drawNumber(by) : [...drawNumber(by), [ST, 'kept for a second choice']];
}

function again(by: DrainParameters['by'], others: readonly number[], size: number): ProgramLine[] {
  if (by !== 'flow' || others.length === 1) return anyOf(others, by === 'rand' ? by : 'flow');
  return [
    [LD_M, 'the number again'],
    [[DIV, 0, 0, size], 'without what chose the first time'],
    ...pick(others),
  ];
}

function parse(program: readonly Instruction[]): DrainParameters | null {
  const cpu = same(program.slice(0, 1), [LD_CPU]);
  const drawn = cpu ? { by: 'cpu' as const, end: 1 } : readDraw(program, 0);
  if (drawn === null) return null;
  const at = drawn.end + (drawn.by === 'flow' ? 1 : 0);
  const end = program.findIndex(([code], index) => index > at && code === RET_A[0]);
  return {
    size: program[at]?.[3] ?? 0,
    drained: constants(program.slice(at, end), JEQ),
    by: drawn.by,
  };
}

export const drainProgram: SteeringProgram<DrainParameters> = {
  purpose: 'any socket except the drained ones, which get nothing new',
  use:
    'a worker that will be restarted or debugged. Only the traffic of drained sockets moves, evenly to all others. In a ' +
    'group that `cpu` steers, the traffic of the other sockets stays where it is.',
  avoid: 'closing connections: established ones stay. UDP flows of a drained socket move immediately.',
  parameters: ['size', 'drained', 'by'],
  lines,
  parse,
  lastSlot({ size, drained }) {
    const out = new Set(drained);
    let slot = size - 1;
    while (out.has(slot)) slot--;
    return slot;
  },
  spreadsFlows: ({ by }) => by === 'rand',
};
