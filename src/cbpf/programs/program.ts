/** What each steering program says about itself: a row of the table in ../programs.ts. */
import type { Instruction } from '../instruction.ts';
import type { ProgramLine } from './line.ts';

/**
 * `rand`: by a random number for each packet. `flow`: by source address and port, so equal for all packets of a flow.
 */
export type SpreadBy = 'rand' | 'flow';

export interface NumaNode {
  readonly cpus: readonly number[];
  /** Slots of the workers that run on these CPUs; ascending. */
  readonly slots: readonly number[];
}

/** Everything that a program can be made from. */
export interface ProgramParameters {
  /** Number of sockets in the group. */
  readonly size: number;
  /** The slot of the worker that is pinned to each CPU. */
  readonly slotOfCpu: ReadonlyMap<number, number>;
  /** A key for the worker of each slot: unsigned 32 bit, all different. */
  readonly keyOfSlot: ReadonlyMap<number, number>;
  readonly nodes: readonly NumaNode[];
  /** Share of slot 0, 1, …; slots with 0, and slots after the last, get nothing. */
  readonly weights: readonly number[];
  /** Slots that get nothing new; ascending. */
  readonly drained: readonly number[];
  /** How one of several slots is chosen. */
  readonly spread: SpreadBy;
  /** How a slot that is not drained is chosen; by `cpu`, packets for a drained slot are spread by flow. */
  readonly by: SpreadBy | 'cpu';
}

export type ParameterName = keyof ProgramParameters;

/**
 * @typeParam From what the program is made from. Omitted: any program, whose own output is all that can be passed back
 * to it.
 */
export interface SteeringProgram<
  From = Partial<ProgramParameters & { readonly name: string }>,
  Name extends ParameterName = keyof From & ParameterName,
> {
  /** One line. */
  readonly purpose: string;
  /** When to use it. */
  readonly use: string;
  /** When not to. */
  readonly avoid: string;
  readonly parameters: readonly Name[];
  /** Throws RangeError for numbers that no kernel has, or from which no program can be made. */
  lines(from: From): ProgramLine[];
  /**
   * Reads from a program what `lines` would have made it from; null if it cannot be one of these. Never throws. The
   * answer may be wrong: the table makes the program again and compares.
   */
  parse(program: readonly Instruction[]): From | null;
  /** The highest slot that it can choose; null if it leaves every choice to the hash. */
  lastSlot(from: From): number | null;
  /** Only for a program that decides by the CPU alone: the slot for a CPU, null for the hash. */
  slotOnCpu?(from: From, cpu: number): number | null;
  /** Can packets of one flow go to different sockets? Absent: no. */
  spreadsFlows?(from: From): boolean;
}

export function highest(slots: Iterable<number>): number {
  let most = 0;
  for (const slot of slots) most = Math.max(most, slot);
  return most;
}
