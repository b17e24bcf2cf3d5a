/** The question about a NIC's IRQs, and what their names claim. */
import type { NetdevQueue } from '../system/types.ts';
import type { Interface } from './interfaces.ts';
import type { IrqRole } from './types.ts';

/** What is known about a NIC before its IRQs are read. */
export interface IrqQuestion {
  readonly interface: Interface;
  /** The IRQs in the device's msi_irqs; empty without MSI. */
  readonly msiIrqs: readonly number[];
  /** Other interfaces on the same PCI function. */
  readonly neighbours: readonly string[];
  readonly queues: QueueCounts;
  /** The kernel's own answer; null before 6.8. */
  readonly netdev: readonly NetdevQueue[] | null;
}

/** The number of queues; null if only the names show it. */
export interface QueueCounts {
  readonly rx: number | null;
  readonly tx: number | null;
}

export interface Claim {
  readonly irq: number;
  readonly name: string;
  readonly rx: readonly number[];
  readonly tx: readonly number[];
  /** It serves queues in this role, but which ones is not known. */
  readonly unclear?: IrqRole;
}

/** An IRQ of the device, with that of its names that belongs to the NIC. */
export interface NamedVector {
  readonly irq: number;
  /** MSI vector; null if not known. */
  readonly vector: number | null;
  readonly name: string;
  /** Interrupts since boot. */
  readonly taken: number;
}

export interface Claims {
  readonly claims: readonly Claim[];
  readonly notes: readonly string[];
}
