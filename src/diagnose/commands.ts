/** Exact commands that several rules give. */
import type { Group, Host, Nic, Owner } from '../host/types.ts';

export function moveIrq(irq: number, cpu: number): string {
  return `echo ${cpu} > /proc/irq/${irq}/smp_affinity_list`;
}

/** A thread that could not be told from the others of its process is pinned together with them. */
export function pin({ pid, tid }: Owner, cpu: number): string {
  return tid === null ? `taskset -acp ${cpu} ${pid}` : `taskset -cp ${cpu} ${tid}`;
}

/** The most RX queues that the NIC can have; null when it does not say. */
export function maxRxQueues(nic: Nic): number | null {
  const { combined, rx } = nic.channels ?? {};
  const max = (combined?.max ?? 0) + (rx?.max ?? 0);
  return max > 0 ? max : null;
}

/** The command that gives a NIC this many channels, as far as it goes; nothing when that changes nothing. */
export function setChannels(nic: Nic, wanted: number): readonly string[] {
  const { combined, rx, tx } = nic.channels ?? {};
  const kinds = (combined?.max ?? 0) > 0 ? { combined } : { rx, tx };
  const words = Object.entries(kinds).flatMap(([kind, setting]) => {
    const n = Math.min(wanted, setting?.max ?? 0);
    return n < 1 || n === setting?.current ? [] : [`${kind} ${n}`];
  });
  return words.length > 0 ? [`ethtool -L ${nic.name} ${words.join(' ')}`] : [];
}

/**
 * `locality-tune VERB` for one group. A port that several groups share (v4 and v6, several addresses) does
 * not name one, so a member's own pid and fd do; nothing when no process of it is known.
 */
export function steer(
  host: Host,
): (verb: 'attach' | 'detach', group: Group, program?: string) => readonly string[] {
  const sharing = new Map<string, number>();
  for (const group of host.groups) sharing.set(portOf(group), (sharing.get(portOf(group)) ?? 0) + 1);
  return (verb, group, program) => {
    const holder = group.sockets.flatMap((socket) => [...socket.owners, ...socket.holders])[0];
    const port = `--port ${group.port}${group.protocol === 'udp' ? ' --udp' : ''}`;
    const member = holder && `--pid ${holder.pid} --fd ${holder.fd}`;
    const selector = sharing.get(portOf(group)) === 1 ? port : member;
    if (selector === undefined) return [];
    const choice = program === undefined || program === 'cpu' ? '' : ` --program ${program}`;
    return [`locality-tune ${verb} ${selector}${choice}`];
  };
}

function portOf(group: Group): string {
  return `${group.protocol} ${group.port}`;
}
