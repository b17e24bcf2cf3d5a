/** What a program costs: memory in the kernel, and time for each packet. */
import { convertedBytes } from './convert.ts';
import type { Instruction } from './instruction.ts';

export interface Cost {
  readonly instructions: number;
  /** Instructions on the longest path through it. */
  readonly longest: number;
  /** Bytes of net.core.optmem_max, as the newest kernel counts them. */
  readonly convertedBytes: number;
}

/** @param program that `check` accepts */
export function costOf(program: readonly Instruction[]): Cost {
  const ahead = new Array<number>(program.length).fill(1);
  // All jumps go forward, so the end is known first.
  for (let index = program.length - 1; index >= 0; index--) {
    const [code, jt, jf, k] = program[index] ?? [0, 0, 0, 0];
    if ((code & 0x07) === 6) continue;
    const jumps = (code & 0x07) === 5;
    const targets = !jumps ? [0] : code === 0x05 ? [k] : [jt, jf];
    ahead[index] = 1 + Math.max(...targets.map((distance) => ahead[index + 1 + distance] ?? 0));
  }
  return {
    instructions: program.length,
    longest: ahead[0] ?? 0,
    convertedBytes: convertedBytes(program),
  };
}
