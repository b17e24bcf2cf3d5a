/** Helpers that apply changes to NICs. */
import { type Cpus, formatCpuList } from '../host/cpus.ts';
import type { Host, Nic } from '../host/types.ts';
import { receivingNics } from '../path/receiving-nics.ts';
import { failure } from '../system/errors.ts';

/** Changes every interface with queues. Throws Failure if there is none, and what `change` throws. */
export function eachNic(host: Host, change: (nic: Nic) => Nic): Host {
  const changing = new Set(receivingNics(host));
  if (changing.size === 0)
    throw failure('no-queues', 'what if: no interface with queues', 'name one with --iface');
  return { ...host, nics: host.nics.map((nic) => (changing.has(nic) ? change(nic) : nic)) };
}

/**
 * Returns the CPUs. Throws Failure for a CPU that is not online, which the kernel would refuse, and for an empty list.
 */
export function onlyOnline(host: Host, cpus: Cpus, what: string): Cpus {
  const online = new Set(host.machine.cpus.online);
  const missing = cpus.filter((cpu) => !online.has(cpu));
  if (missing.length === 0 && cpus.length > 0) return cpus;
  const said = cpus.length === 0 ? 'no CPU is known' : `CPU ${formatCpuList(missing)} is not online`;
  throw failure(
    'refused-change',
    `${what}: ${said}`,
    `online are ${formatCpuList(host.machine.cpus.online)}`,
  );
}
