/**
 * `source-rendezvous`: one socket for each source address, by rendezvous hashing (Thaler and Ravishankar, 1998,
 * "highest random weight"): the socket whose key gives the highest number together with the address.
 */
import type { Instruction } from '../instruction.ts';
import { checkSlot, isBelow, type ProgramLine, RET_A } from './line.ts';
import { highest, type ProgramParameters, type SteeringProgram } from './program.ts';
import { mix, sourceAddress } from './source.ts';

type RendezvousParameters = Pick<ProgramParameters, 'keyOfSlot'>;

/** M[0]: the address; M[1]: the highest number so far; M[2]: its slot. */
const LD_ADDRESS: Instruction = [0x60, 0, 0, 0];
const ST_ADDRESS: Instruction = [0x02, 0, 0, 0];
const LDX_HIGHEST: Instruction = [0x61, 0, 0, 1];
const ST_HIGHEST: Instruction = [0x02, 0, 0, 1];
const LD_SLOT: Instruction = [0x60, 0, 0, 2];
const ST_SLOT: Instruction = [0x02, 0, 0, 2];
const LD_K = 0x00;
const XOR = 0xa4;
const JGT_X = 0x2d;

/** 2^32 divided by the golden ratio, odd, so that neighbouring keys differ in all bits; and its inverse modulo 2^32. */
const SPREAD = 0x9e3779b1;
const GATHER = 0x0e8b2f51;

/**
 * @param keyOfSlot the slot itself, or something that stays with the worker when slots move. Equal keys get the same
 * addresses in any slot.
 */
function lines({ keyOfSlot }: RendezvousParameters): ProgramLine[] {
  const members = [...keyOfSlot].sort(([, one], [, other]) => one - other);
  if (members.length === 0) throw new RangeError('no slot to choose');
  for (const [index, [slot, key]] of members.entries()) {
    checkSlot(slot);
    if (!isBelow(0x100000000, key)) throw new RangeError(`key ${key} is not an unsigned 32-bit number`);
    if (key === members[index - 1]?.[1]) throw new RangeError(`key ${key} belongs to two slots`);
  }
  return [
    ...sourceAddress(),
    [ST_ADDRESS, 'kept for every socket'],
    ...members.flatMap(([slot, key], index) => candidate(slot, key, index === 0)),
    [LD_SLOT, 'the slot with the highest number'],
    [RET_A, 'is the index of the socket'],
  ];
}

function candidate(slot: number, key: number, first: boolean): ProgramLine[] {
  const compare: ProgramLine[] = [
    [LDX_HIGHEST, 'the highest number so far'],
    [[JGT_X, 0, 3, 0], 'is this one higher?'],
  ];
  return [
    [LD_ADDRESS, `slot ${slot}: the address`],
    [[XOR, 0, 0, seedOf(key)], `with its key, ${key}`],
    ...mix(),
    ...(first ? [] : compare),
    [ST_HIGHEST, 'the highest number so far'],
    [[LD_K, 0, 0, slot], `slot ${slot}`],
    [ST_SLOT, 'has it'],
  ];
}

const seedOf = (key: number) => Math.imul(key, SPREAD) >>> 0;
const keyOf = (seed: number) => Math.imul(seed, GATHER) >>> 0;

function parse(program: readonly Instruction[]): RendezvousParameters {
  const keyOfSlot = new Map<number, number>();
  let key: number | null = null;
  for (const [code, , , k] of program) {
    if (code === XOR) key = keyOf(k);
    else if (code === LD_K && key !== null) {
      keyOfSlot.set(k, key);
      key = null;
    }
  }
  return { keyOfSlot };
}

export const sourceRendezvousProgram: SteeringProgram<RendezvousParameters> = {
  purpose: 'one socket for each source address, even as other sockets come and go',
  use:
    'workers that keep state per client (caches, sessions, rate limits). When one of N workers leaves, only its 1/N of ' +
    'the addresses move, and they return when it returns.',
  avoid:
    'few sources, or many clients behind one address (NAT, a proxy): they share one worker. It gives no locality ' +
    'either.',
  parameters: ['keyOfSlot'],
  lines,
  parse,
  lastSlot: ({ keyOfSlot }) => highest(keyOfSlot.keys()),
};
