/** The programs that locality-tune attaches, and how to know them again. */
import { type Instruction, MAX_INSTRUCTIONS, SKF_AD_OFF } from './instruction.ts';

/**
 * An index beyond every group: the kernel then picks by hash (net/core/sock_reuseport.c, run_bpf_filter()).
 */
export const OUT_OF_RANGE = 0xffffffff;

/** Largest CPU number + 1 that a kernel can be built for (CONFIG_NR_CPUS). */
const NR_CPUS = 8192;
/** Largest size of a reuseport array (reuseport_grow() stops below U16_MAX). */
const MAX_SLOTS = 32768;
/** Up to here a person reads a chain of comparisons faster than a search tree, and the CPU does not care. */
const CHAIN = 8;

const LD_CPU: Instruction = [0x20, 0, 0, SKF_AD_OFF + 36];
const LD_RAND: Instruction = [0x20, 0, 0, SKF_AD_OFF + 56];
const RET_A: Instruction = [0x16, 0, 0, 0];
const RET = 0x06;
const JA = 0x05;
const JEQ = 0x15;
const JGE = 0x35;

/** CPU c's packets to slot c mod size. Throws RangeError unless size is 1 to 2^32 - 1. */
export function cpu(size: number): Instruction[] {
  return [LD_CPU, mod(size), RET_A];
}

/** Every packet to a slot by chance. Throws RangeError unless size is 1 to 2^32 - 1. */
export function rand(size: number): Instruction[] {
  return [LD_RAND, mod(size), RET_A];
}

/** The kernel's own choice, by hash, with a program in place. */
export function hash(): Instruction[] {
  return [ret(OUT_OF_RANGE)];
}

/**
 * Each CPU's packets to the slot that it maps to; those of a CPU that is not in the map by hash.
 * Throws RangeError for numbers that no kernel has, and where the program would be longer than the kernel
 * takes (some 2,000 neighbouring CPUs, or 1,000 scattered ones, each with a slot of its own).
 */
export function map(slotOfCpu: ReadonlyMap<number, number>): Instruction[] {
  for (const [number, slot] of slotOfCpu) {
    if (!isBelow(NR_CPUS, number)) throw new RangeError(`CPU ${number} is not between 0 and ${NR_CPUS - 1}`);
    if (!isBelow(MAX_SLOTS, slot)) throw new RangeError(`slot ${slot} is not between 0 and ${MAX_SLOTS - 1}`);
  }
  const program = table(slotOfCpu);
  if (program.length > MAX_INSTRUCTIONS) {
    const taken = `a map of ${slotOfCpu.size} CPUs takes ${program.length} instructions`;
    throw new RangeError(`${taken}, the kernel's limit is ${MAX_INSTRUCTIONS}`);
  }
  return program;
}

export type Recognised =
  | { readonly name: 'cpu'; readonly modulus: number }
  | { readonly name: 'rand'; readonly modulus: number }
  | { readonly name: 'hash' }
  | { readonly name: 'map'; readonly slotOfCpu: ReadonlyMap<number, number> };

/** Which generator above made exactly this program, with what; null for any other program. */
export function recognise(program: readonly Instruction[]): Recognised | null {
  if (same(program, hash())) return { name: 'hash' };
  const modulus = program[1]?.[3] ?? 0;
  if (modulus > 0 && same(program, cpu(modulus))) return { name: 'cpu', modulus };
  if (modulus > 0 && same(program, rand(modulus))) return { name: 'rand', modulus };
  const slotOfCpu = mapOf(program);
  return slotOfCpu !== null && same(program, table(slotOfCpu)) ? { name: 'map', slotOfCpu } : null;
}

function mod(size: number): Instruction {
  if (!Number.isInteger(size) || size < 1 || size > 0xffffffff) {
    throw new RangeError(`a group has 1 or more sockets, not ${size}`);
  }
  return [0x94, 0, 0, size];
}

function ret(k: number): Instruction {
  return [RET, 0, 0, k];
}

function isBelow(limit: number, number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number < limit;
}

type Entries = readonly (readonly [cpu: number, slot: number])[];

function table(slotOfCpu: ReadonlyMap<number, number>): Instruction[] {
  const entries = [...slotOfCpu].sort(([one], [other]) => one - other);
  return [LD_CPU, ...(entries.length <= CHAIN ? chain(entries) : tree(segments(entries)))];
}

function chain(entries: Entries): Instruction[] {
  const links = entries.flatMap(([number, slot]): Instruction[] => [[JEQ, 0, 1, number], ret(slot)]);
  return [...links, ret(OUT_OF_RANGE)];
}

/** From CPU `from` up to the next segment everything goes to `slot`. */
interface Segment {
  readonly from: number;
  readonly slot: number;
}

/** The whole line of CPU numbers in as few segments as there can be; the last one is out of range. */
function segments(entries: Entries): Segment[] {
  const found: Segment[] = [];
  const add = (from: number, slot: number) => {
    if (found.at(-1)?.slot !== slot) found.push({ from, slot });
  };
  let next = 0;
  for (const [number, slot] of entries) {
    if (number > next) add(next, OUT_OF_RANGE);
    add(number, slot);
    next = number + 1;
  }
  add(next, OUT_OF_RANGE);
  return found;
}

/** Binary search, the lower half first. A conditional jump reaches 255 instructions, `ja` any distance. */
function tree(line: readonly Segment[]): Instruction[] {
  const middle = line.length >> 1;
  const upper = line[middle];
  if (upper === undefined) return [];
  if (middle === 0) return [ret(upper.slot)];
  const low = tree(line.slice(0, middle));
  const high = tree(line.slice(middle));
  if (low.length <= 255) return [[JGE, low.length, 0, upper.from], ...low, ...high];
  return [[JGE, 0, 1, upper.from], [JA, 0, 0, low.length], ...low, ...high];
}

/** The map that this program would hold if it were a chain or a tree; null where no map can be in it. */
function mapOf(program: readonly Instruction[]): ReadonlyMap<number, number> | null {
  if (program.length > MAX_INSTRUCTIONS) return null;
  const slots = constants(program, RET);
  const links = constants(program, JEQ);
  const bounds = constants(program, JGE).sort((one, other) => one - other);
  if (!slots.every((slot) => slot === OUT_OF_RANGE || isBelow(MAX_SLOTS, slot))) return null;
  if (!links.every((number) => isBelow(NR_CPUS, number)) || (bounds.at(-1) ?? 0) > NR_CPUS) return null;
  const entries =
    links.length > 0 ? links.map((number, index) => [number, slots[index]] as const) : spans(bounds, slots);
  return new Map(
    entries.flatMap(([number, slot = OUT_OF_RANGE]) => (slot === OUT_OF_RANGE ? [] : [[number, slot]])),
  );
}

/** Each CPU number below the last bound, with what the segment that it lies in returns. */
function spans(
  bounds: readonly number[],
  slots: readonly number[],
): (readonly [number, number | undefined])[] {
  return bounds.flatMap((end, index) => {
    const from = bounds[index - 1] ?? 0;
    return Array.from({ length: end - from }, (_, at) => [from + at, slots[index]] as const);
  });
}

function constants(program: readonly Instruction[], code: number): number[] {
  return program.flatMap((instruction) => (instruction[0] === code ? [instruction[3]] : []));
}

function same(one: readonly Instruction[], other: readonly Instruction[]): boolean {
  return (
    one.length === other.length &&
    one.every((instruction, index) => instruction.every((field, at) => field === other[index]?.[at]))
  );
}
