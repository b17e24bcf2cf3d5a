/** `drain`: nothing new for some sockets. */
import type { Instruction } from '../instruction.ts';
import {
  type About,
  constants,
  DIV,
  isBelow,
  JEQ,
  LD_CPU,
  type Line,
  MAX_SLOTS,
  MOD,
  mod,
  RET_A,
  same,
  words,
} from './line.ts';
import { anyOf, checkSlots, draw, pick, readDraw, type Spread } from './spread.ts';

export const about: About = {
  purpose: 'every socket but some, which get nothing new',
  use:
    'before a worker is restarted or debugged. Only what the drained sockets had moves, evenly to all others; what ' +
    '`cpu` sends to the others stays there (by cpu).',
  avoid: 'to close connections: those that are established stay. UDP flows of a drained socket move at once.',
};

/** A conditional jump leads from the first of them behind the last. */
const MAX_DRAINED = 250;

export interface Drain {
  readonly size: number;
  /** Ascending. */
  readonly drained: readonly number[];
  /** How a slot is chosen as long as it is not drained; by `cpu`, what was for a drained one is spread by flow. */
  readonly by: Spread | 'cpu';
}

const ST: Instruction = [0x02, 0, 0, 0];
const LD_M: Instruction = [0x60, 0, 0, 0];

/** Throws RangeError unless some slots of the group are drained, 250 at most, and some are not. */
export function lines({ size, drained, by }: Drain): Line[] {
  checkSlots(drained);
  if (drained.length === 0 || drained.length > MAX_DRAINED)
    throw new RangeError(`1 to ${MAX_DRAINED} slots can be drained, not ${drained.length}`);
  if (!isBelow(MAX_SLOTS + 1, size))
    throw new RangeError(`a group has 1 to ${MAX_SLOTS} sockets, not ${size}`);
  const beyond = drained.find((slot) => slot >= size);
  if (beyond !== undefined) throw new RangeError(`slot ${beyond} is not in a group of ${size}`);
  const out = new Set(drained);
  const others = Array.from({ length: size }, (_, slot) => slot).filter((slot) => !out.has(slot));
  if (others.length === 0) throw new RangeError(`all ${size} slots are drained: nobody would be left`);
  return [
    ...first(by),
    [mod(size), `one of ${size} slots`],
    ...drained.map(
      (slot, index): Line => [[JEQ, drained.length - index, 0, slot], `slot ${slot} is drained`],
    ),
    [RET_A, 'any other is the index of the socket'],
    ...again(by, others, size),
  ];
}

function first(by: Drain['by']): Line[] {
  if (by === 'cpu') return [[LD_CPU, 'the CPU that received the packet']];
  return by === 'rand' ? draw(by) : [...draw(by), [ST, 'kept for a second choice']];
}

function again(by: Drain['by'], others: readonly number[], size: number): Line[] {
  if (by !== 'flow' || others.length === 1) return anyOf(others, by === 'rand' ? by : 'flow');
  return [
    [LD_M, 'the number again'],
    [[DIV, 0, 0, size], 'without what chose the first time'],
    ...pick(others),
  ];
}

/** What {@link lines} made this program from; null for any other program. */
export function drainOf(program: readonly Instruction[]): Drain | null {
  const cpu = same(program.slice(0, 1), [LD_CPU]);
  const drawn = cpu ? { by: 'cpu' as const, end: 1 } : readDraw(program, 0);
  if (drawn === null) return null;
  const at = drawn.end + (drawn.by === 'flow' ? 1 : 0);
  const [code, , , size = 0] = program[at] ?? [];
  if (code !== MOD || !isBelow(MAX_SLOTS + 1, size)) return null;
  const end = program.findIndex(([other], index) => index > at && other === RET_A[0]);
  const drained = constants(program.slice(at, end), JEQ);
  const ascending = drained.every((slot, index) => slot < size && slot > (drained[index - 1] ?? -1));
  if (!ascending || drained.length === 0 || drained.length > MAX_DRAINED || drained.length >= size)
    return null;
  const found = { size, drained, by: drawn.by };
  return same(program, words(lines(found))) ? found : null;
}
