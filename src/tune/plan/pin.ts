/** Pins each worker to its CPU. */

import { pinnedTo } from '../../diagnose/pinnable.ts';
import { threadOf } from '../../diagnose/workers.ts';
import { formatCpuList } from '../../host/cpus.ts';
import type { Group, Owner } from '../../host/types.ts';
import { pinCommand } from '../../words/commands.ts';
import type { Change, ServedSlot } from '../types.ts';
import type { KindPlanner } from './planner.ts';
import { inSlotOrder } from './worker-cpus.ts';

export const pin: KindPlanner = ({ host, groups, assignment: { workerCpus } }) => {
  const changes = new Map<string, Change>();
  const pins = alreadyPinned(host.groups);
  for (const group of host.groups) {
    if (!groups.has(group.id)) continue;
    for (const { slot, slotSource, owners } of inSlotOrder(group))
      for (const owner of owners) {
        const cpu = workerCpus.cpuOf.get(threadOf(owner));
        if (cpu === undefined || pins.get(threadOf(owner))?.has(cpu) || owner.tid === null) continue;
        const serves = { group: group.id, slot: slotSource === 'kernel' ? slot : null };
        changes.set(threadOf(owner), change(owner, owner.tid, cpu, serves));
      }
  }
  const all = [...changes.values()];
  const comms = [...new Set(all.map(({ target }) => (target.kind === 'pin' ? target.comm : '')))];
  const cpus = all.map(({ to }) => to).join(' ');
  return { changes: all, refused: workerCpus.refused, notes: comms.map((comm) => lasting(comm, cpus)) };
};

/** The CPUs of pinned threads. If one thread was read with two affinities, both count: it may have been moved meanwhile. */
function alreadyPinned(groups: readonly Group[]): ReadonlyMap<string, ReadonlySet<number>> {
  const pins = new Map<string, Set<number>>();
  for (const owner of groups.flatMap(({ sockets }) => sockets.flatMap(({ owners }) => owners))) {
    const cpu = pinnedTo(owner);
    if (cpu === null) continue;
    const thread = threadOf(owner);
    pins.set(thread, (pins.get(thread) ?? new Set()).add(cpu));
  }
  return pins;
}

function change(owner: Owner, tid: number, cpu: number, serves: ServedSlot): Change {
  const { pid, comm, cpus } = owner;
  return {
    kind: 'pin',
    subject: `${comm} ${pid}${tid === pid ? '' : ` thread ${tid}`}`,
    target: { kind: 'pin', pid, tid, comm, startTime: null, serves },
    from: cpus === null ? null : formatCpuList(cpus),
    to: String(cpu),
    why:
      pinnedTo(owner) === null
        ? 'A program can find a worker only if it stays on one CPU.'
        : `CPU ${pinnedTo(owner)} has another worker of its group, or --cpus leaves it out.`,
    command: pinCommand(owner, cpu),
  };
}

/** What to write into the server's configuration, so that it holds for the next process too. */
function lasting(comm: string, cpus: string): string {
  if (comm === 'nginx')
    return 'nginx: `worker_cpu_affinity auto;` pins workers permanently (or a mask for each, to choose the CPUs).';
  if (comm === 'haproxy')
    return `haproxy: \`cpu-map auto:1/1-${cpus.split(' ').length} ${cpus}\` in its global section pins threads permanently.`;
  return (
    `${comm}: the pins end with the process. To keep them, let the server pin each worker itself (sched_setaffinity), or ` +
    'set `CPUAffinity=` in the systemd unit of each worker.'
  );
}
