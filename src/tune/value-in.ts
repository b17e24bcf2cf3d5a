/** The value of a setting in a machine that has been read, in the form in which the kernel prints it. */
import { formatCpuList, formatCpuMask } from '../host/cpus.ts';
import { napiThreadOf } from '../host/napi-threads.ts';
import type { Group, Host, Irq, Nic, Owner } from '../host/types.ts';
import type { Target } from './types.ts';

/**
 * What `settingOf(target).read` would read; of a ban, the target's IRQs that are banned. null: the object is not there, or
 * its value is not known.
 */
export function valueIn(host: Host, target: Target): string | null {
  switch (target.kind) {
    case 'irqbalance':
      return bansIn(host, target.irqs);
    case 'pin':
      return pinIn(host, target);
    case 'program':
      return programOf(host.groups.find(({ id }) => id === target.group));
    default: {
      const nic = host.nics.find(({ name }) => name === target.nic);
      return nic === undefined ? null : valueInNic(nic, target);
    }
  }
}

/** Is its value not part of a machine that is read? Then `settingOf(target).read` must be asked. */
export const isReadApart = ({ kind }: Pick<Target, 'kind'>): boolean =>
  kind === 'feature' || kind === 'xdp' || kind === 'tc';

type OfNic = Extract<Target, { readonly nic: string }>;

function valueInNic(nic: Nic, target: OfNic): string | null {
  switch (target.kind) {
    case 'channels':
      return text(nic.channels?.[target.which]?.current);
    case 'rss':
      return tableOf(nic);
    case 'fields':
      return nic.rss?.fields[target.flow] ?? null;
    case 'irq': {
      const affinity = irqOf(nic, target)?.affinity ?? null;
      return affinity === null ? null : formatCpuList(affinity);
    }
    case 'napi': {
      const [queue = -1] = target.queues;
      const cpus = napiThreadOf(nic, queue)?.cpus ?? null;
      return cpus === null ? null : formatCpuList(cpus);
    }
    case 'xps': {
      const queue = nic.txQueues.find(({ index }) => index === target.queue);
      return mask(target.by === 'cpus' ? queue?.xpsCpus : queue?.xpsRxqs);
    }
    case 'rps':
      return mask(nic.rxQueues.find(({ index }) => index === target.queue)?.rps);
    case 'rfs':
      return text(nic.rxQueues.find(({ index }) => index === target.queue)?.rfsFlows);
    // isReadApart.
    case 'feature':
    case 'xdp':
    case 'tc':
      return null;
  }
}

/** The interrupt of these queues, whatever its number is now. */
export const irqOf = (
  nic: Nic,
  { role, queues }: Pick<Extract<Target, { readonly kind: 'irq' }>, 'role' | 'queues'>,
): Irq | undefined =>
  nic.irqs.find((irq) => irq.role === role && irq.queues.join() === queues.join()) ??
  nic.irqs.find((irq) => irq.role === 'rxtx' && irq.queues.join() === queues.join());

const text = (value: number | null | undefined): string | null =>
  value === null || value === undefined ? null : String(value);

const mask = (numbers: readonly number[] | null | undefined): string | null =>
  numbers === null || numbers === undefined ? null : formatCpuMask(numbers);

function tableOf({ rss }: Nic): string | null {
  if (rss === null || rss.indirection.length === 0) return null;
  return rss.isDefault === true ? 'default' : rss.indirection.join(' ');
}

function bansIn({ machine }: Host, irqs: readonly number[]): string | null {
  const banned = machine.irqbalance.bannedIrqs;
  return banned === null ? null : irqs.filter((irq) => banned.includes(irq)).join(' ') || 'none';
}

function pinIn({ groups, lone }: Host, { pid, tid }: { readonly pid: number; readonly tid: number }) {
  const owners = [...groups.flatMap(({ sockets }) => sockets), ...lone].flatMap((each) => each.owners);
  const cpus = owners.find((owner) => owner.pid === pid && threadOf(owner) === tid)?.cpus ?? null;
  return cpus === null ? null : formatCpuList(cpus);
}

/** The thread of a worker that a pin is for: the one that waits, otherwise the main thread. */
export const threadOf = ({ pid, tid }: Owner): number => tid ?? pid;

/** Assembler text, `none`, or `ebpf NAME`; null if it could not be read. */
function programOf(group: Group | undefined): string | null {
  if (group === undefined || group.selection === null) return null;
  if (group.program === null) return 'none';
  return group.program.asm ?? `ebpf ${group.program.name ?? '(unnamed)'}`;
}
