/** What every kind of setting has in common: where it is, what it is, how it is changed. */
import type { Instruction } from '../../cbpf/instruction.ts';
import type { Group, Nic } from '../../host/types.ts';
import type { Controls } from '../../system/controls.ts';
import type { Files, Kernel } from '../../system/types.ts';
import type { Irqbalance } from '../irqbalance.ts';
import type { Target } from '../types.ts';

/** The steering programs of reuseport groups. */
export interface Programs {
  /** null when there is no such group. To see its program takes a second or two, the first time. */
  group(id: string): Promise<Group | null>;
  /** What this process has set last, for a machine too busy to show it: the kernel took it. null: nothing. */
  lastSet(id: string): string | null;
  /** null takes the program off. Throws Failure: everything of attach and detach; gone. */
  set(id: string, program: readonly Instruction[] | null): Promise<void>;
}

/** What settings work through. */
export interface Access {
  readonly files: Files;
  readonly kernel: Kernel;
  readonly controls: Controls;
  readonly irqbalance: Irqbalance;
  readonly programs: Programs;
  /** As it was read last; null when it has gone. IRQs are numbered anew when channels change. */
  nic(name: string): Promise<Nic | null>;
  /** The next question about a NIC reads it again. */
  forget(nic: string): void;
}

/** Methods throw SystemError: what the kernel said; and Failure: `gone`, `changed` and what is said of the kind. */
export interface Setting<T extends Target> {
  /**
   * The target as it is to be found now; with the same device and queue (process and start, group) an IRQ may have
   * another number. Throws Failure `gone`: it is not there any more.
   */
  find(access: Access, target: T): Promise<T>;
  /** As the kernel prints it, without the line's end; null where it does not answer. */
  read(access: Access, target: T): Promise<string | null>;
  write(access: Access, target: T, value: string): Promise<void>;
  /** What is to be written, in the form that `read` gives, where `is` is what it reads now. */
  wanted(access: Access, target: T, to: string, is: string | null): Promise<string>;
  /** Do both mean the same? `3` and `00000000,00000003` as masks do. */
  same(a: string, b: string): boolean;
}

export const asGiven = async (_access: Access, _target: Target, to: string): Promise<string> => to;
export const sameText = (a: string, b: string): boolean => a === b;
