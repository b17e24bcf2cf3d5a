/**
 * The order of the rounds. A block is ABBA or BAAB, so a linear drift cancels in it. A seeded coin decides which, so that
 * nothing periodic on the machine can keep in step with the arms.
 */
import { randomFrom } from '../cbpf/random.ts';
import type { Arm, Design } from './types.ts';

/**
 * Least seconds between two changes of a program. Changes in quick succession can lock up the kernel's BPF allocator, and
 * this is far from that.
 */
export const BETWEEN_CHANGES = 5;
/** Connections that are closing when the program changes. */
const LEAST_WARM = 1;
/** Mean lives of a connection after which 2 % of the old ones are left. */
const LIVES = 4;

export const ROUNDS_IN_BLOCK = 4;

export interface Slot {
  readonly block: number;
  readonly arm: Arm;
  /** Seconds since the start, when the arm begins; it is measured after `warm` seconds. */
  readonly start: number;
  readonly measured: number;
  readonly end: number;
  /** Is this arm not the one that was before? */
  readonly change: boolean;
}

/**
 * Throws RangeError if changes could come too quickly.
 * @param before the arm that the machine is in, null for neither
 */
export function schedule({ seed, blocks, round, warm }: Design, before: Arm | null): readonly Slot[] {
  const length = round + warm;
  if (!(length >= BETWEEN_CHANGES))
    throw new RangeError(`a round of ${length} s: at least ${BETWEEN_CHANGES} s are needed between changes`);
  const random = randomFrom(seed);
  const arms = Array.from({ length: blocks }, (): readonly Arm[] =>
    random() >>> 31 === 0 ? ['off', 'on', 'on', 'off'] : ['on', 'off', 'off', 'on'],
  ).flat();
  return arms.map((arm, at) => ({
    block: Math.floor(at / ROUNDS_IN_BLOCK),
    arm,
    start: at * length,
    measured: at * length + warm,
    end: (at + 1) * length,
    change: arm !== (at === 0 ? before : arms[at - 1]),
  }));
}

/**
 * Seconds until the connections of the other arm have ended. Their mean life is their number over the rate at which they
 * come (Little's law). @param rate accepted connections in a second
 */
export const warmUp = (established: number, rate: number): number =>
  rate > 0 ? Math.max(LEAST_WARM, (LIVES * established) / rate) : LEAST_WARM;

/** Seconds of a whole experiment. */
export const lengthOf = ({ blocks, round, warm }: Pick<Design, 'blocks' | 'round' | 'warm'>): number =>
  blocks * ROUNDS_IN_BLOCK * (round + warm);
