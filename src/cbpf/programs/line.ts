/** What the programs are made of: instructions with a comment that says what they are for. */
import { type Instruction, SKF_AD_OFF } from '../instruction.ts';

export type ProgramLine = readonly [instruction: Instruction, comment: string];

/**
 * An index beyond every group: the kernel then picks by hash (net/core/sock_reuseport.c, run_bpf_filter()).
 */
export const OUT_OF_RANGE = 0xffffffff;

/** Largest CPU number + 1 that a kernel can be built for (CONFIG_NR_CPUS). */
export const NR_CPUS = 8192;
/** Largest size of a reuseport array (reuseport_grow() stops below U16_MAX). */
export const MAX_SLOTS = 32768;

export const LD_CPU: Instruction = [0x20, 0, 0, SKF_AD_OFF + 36];
export const LD_RAND: Instruction = [0x20, 0, 0, SKF_AD_OFF + 56];
export const RET_A: Instruction = [0x16, 0, 0, 0];
export const RET = 0x06;
export const JA = 0x05;
export const JEQ = 0x15;
export const JGE = 0x35;
export const ADD = 0x04;
export const SUB = 0x14;
export const MUL = 0x24;
export const DIV = 0x34;
export const RSH = 0x74;
export const MOD = 0x94;
export const TAX: Instruction = [0x07, 0, 0, 0];
export const ADD_X: Instruction = [0x0c, 0, 0, 0];
export const XOR_X: Instruction = [0xac, 0, 0, 0];

export function words(lines: readonly ProgramLine[]): Instruction[] {
  return lines.map(([instruction]) => instruction);
}

export function ret(k: number): Instruction {
  return [RET, 0, 0, k];
}

/** Throws RangeError unless size is 1 to 2^32 - 1. */
export function mod(size: number): Instruction {
  if (!Number.isInteger(size) || size < 1 || size > 0xffffffff) {
    throw new RangeError(`a group has 1 or more sockets, not ${size}`);
  }
  return [MOD, 0, 0, size];
}

export function isBelow(limit: number, number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number < limit;
}

/** Throws RangeError for a number that no kernel has. */
export function checkCpu(cpu: number): void {
  if (!isBelow(NR_CPUS, cpu)) throw new RangeError(`CPU ${cpu} is not between 0 and ${NR_CPUS - 1}`);
}

/** Throws RangeError for a number that no kernel has. */
export function checkSlot(slot: number): void {
  if (!isBelow(MAX_SLOTS, slot)) throw new RangeError(`slot ${slot} is not between 0 and ${MAX_SLOTS - 1}`);
}

export function same(one: readonly Instruction[], other: readonly Instruction[]): boolean {
  return (
    one.length === other.length &&
    one.every((instruction, index) => instruction.every((field, at) => field === other[index]?.[at]))
  );
}

/** Constants of the instructions with this code, in order of the program. */
export function constants(program: readonly Instruction[], code: number): number[] {
  return program.flatMap((instruction) => (instruction[0] === code ? [instruction[3]] : []));
}
