/** The exact commands in findings and plans. */
import type { Group, Host, Nic, Owner } from '../host/types.ts';
import { word } from './shell.ts';

/** More IRQs than this are written as sequences. */
const FEW = 16;

export function moveIrqCommand(irq: number, cpu: number): string {
  return `echo ${cpu} > /proc/irq/${irq}/smp_affinity_list`;
}

/** For a thread that has a process of its own, as the kernel's threads do. */
export const pinThreadCommand = (pid: number, cpu: number): string => `taskset -cp ${cpu} ${pid}`;

export const planCommand = (nics: readonly Nic[], { port, protocol }: Group): string =>
  `locality-tune plan ${nics.map(({ name }) => `--iface ${word(name)} `).join('')}--port ${port}${protocol === 'udp' ? ' --udp' : ''}`;

/** If the serving thread of a process is not known, all its threads are pinned. */
export function pinCommand({ pid, tid }: Owner, cpu: number): string {
  return tid === null ? `taskset -acp ${cpu} ${pid}` : `taskset -cp ${cpu} ${tid}`;
}

/** The command that gives a NIC this many channels, or as many as it can have; nothing if that changes nothing. */
export function channelsCommand(nic: Nic, wanted: number): readonly string[] {
  const { combined, rx, tx } = nic.channels ?? {};
  const kinds = (combined?.max ?? 0) > 0 ? { combined } : { rx, tx };
  const words = Object.entries(kinds).flatMap(([kind, setting]) => {
    const n = Math.min(wanted, setting?.max ?? 0);
    return n < 1 || n === setting?.current ? [] : [`${kind} ${n}`];
  });
  return words.length > 0 ? [`ethtool -L ${word(nic.name)} ${words.join(' ')}`] : [];
}

/**
 * `locality-tune VERB` for one group. If several groups share a port (v4 and v6, several addresses), the pid and fd of
 * a member select the group; nothing if no process of it is known.
 */
export function steerCommand(
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
    // It asks on a terminal, where it would take the next line of what was pasted for the answer.
    return [`locality-tune ${verb} ${selector}${choice} --yes`];
  };
}

function portOf(group: Group): string {
  return `${group.protocol} ${group.port}`;
}

/**
 * Bans are written to the environment file, because a ban through the socket is gone after a restart. The current bans
 * are included, because they may have come through that socket. Debian keeps the file in default/, Red Hat and SUSE in
 * sysconfig/.
 */
export function banCommand(irqs: readonly number[]): readonly string[] {
  const sorted = [...new Set(irqs)].sort((a, b) => a - b);
  const options = sorted.length > FEW ? runs(sorted).map(sequence) : sorted.map((irq) => `--banirq=${irq}`);
  return [
    'f=/etc/default/irqbalance; [ -e $f ] || f=/etc/sysconfig/irqbalance; ' +
      `(. $f; echo "IRQBALANCE_ARGS=\\"$IRQBALANCE_ARGS ${options.join(' ')}\\"" >> $f)`,
    'systemctl restart irqbalance',
  ];
}

function sequence([first, last]: readonly [number, number]): string {
  return first === last ? `--banirq=${first}` : `$(seq -s ' ' -f --banirq=%.0f ${first} ${last})`;
}

function runs(sorted: readonly number[]): readonly [number, number][] {
  const found: [number, number][] = [];
  for (const n of sorted) {
    const run = found.at(-1);
    if (run?.[1] === n - 1) run[1] = n;
    else found.push([n, n]);
  }
  return found;
}
