/** What attach must know about the machine, besides the group. */
import type { Cpus } from '../host/cpus.ts';
import { readInterrupts } from '../host/interrupts.ts';
import { readMachine } from '../host/topology.ts';
import { readOptmemMax } from '../host/values.ts';
import type { System } from '../system/types.ts';

export interface AttachMachine {
  /** CPUs on which a packet can be received; empty if not known. */
  readonly online: Cpus;
  /** CPUs of each NUMA node. */
  readonly nodes: readonly Cpus[];
  /** net.core.optmem_max in bytes; null if not known. */
  readonly optmemMax: number | null;
}

export function readAttachMachine(system: System): AttachMachine {
  const { cpus } = readMachine(system, readInterrupts(system.files));
  return {
    online: cpus.online,
    nodes: cpus.numa.map((node) => node.cpus),
    optmemMax: readOptmemMax(system.files),
  };
}
