/** The interface of every kind of setting: find it, read it, change it. */
import type { Instruction } from '../../cbpf/instruction.ts';
import type { Group, Nic } from '../../host/types.ts';
import type { Controls } from '../../system/controls.ts';
import type { Files, Kernel } from '../../system/types.ts';
import type { Irqbalance } from '../irqbalance.ts';
import type { Target } from '../types.ts';

/** The steering programs of reuseport groups. */
export interface Programs {
  /**
   * Reads these groups, their slots and programs, which takes a second or two and touches descriptors of other processes.
   * The lock must not be held: their owners decide how long that takes.
   */
  prepare(ids: readonly string[]): Promise<void>;
  /**
   * A group as it was prepared, with the program that this process has set since; null if there was none. Throws Failure
   * `changed` if it has other sockets now.
   */
  group(id: string): Promise<Group | null>;
  /** null detaches the program. Throws Failure: everything of setGroupProgram; foreign-program, changed, gone. */
  set(id: string, program: readonly Instruction[] | null): Promise<void>;
}

/** The access of settings to the machine. */
export interface Access {
  readonly files: Files;
  readonly kernel: Kernel;
  readonly controls: Controls;
  readonly irqbalance: Irqbalance;
  readonly programs: Programs;
  /** The NIC as it was last read; null if it is gone. IRQs get new numbers when channels change. */
  nic(name: string): Promise<Nic | null>;
  /** The next query about a NIC reads it again. */
  forget(nic: string): void;
}

/** Methods throw SystemError (the kernel's error) and Failure: `gone`, `changed` and those of the kind. */
export interface Setting<T extends Target> {
  /**
   * Finds the target now; with the same device and queue (process and start time, group) an IRQ may have another
   * number. Throws Failure `gone` if it no longer exists.
   */
  find(access: Access, target: T): Promise<T>;
  /** The value as the kernel prints it, without the newline; null if the kernel does not answer. */
  read(access: Access, target: T): Promise<string | null>;
  write(access: Access, target: T, value: string): Promise<void>;
  /** The value to write, in the form of `read`; `is` is the present value. */
  wanted(access: Access, target: T, to: string, is: string | null): Promise<string>;
  /** Are both values equal? As masks, `3` and `00000000,00000003` are. */
  same(a: string, b: string): boolean;
}

export const asGiven = async (_access: Access, _target: Target, to: string): Promise<string> => to;
export const sameText = (a: string, b: string): boolean => a === b;
