import type { Owner } from '../../host/types.ts';
import { pin } from '../commands.ts';
import { ownProgram, pinnedMembers, type Served, servedGroups, slotOn } from '../groups.ts';
import { usableCpus } from '../nics.ts';
import { count, cpuNames, names } from '../phrase.ts';
import type { Finding, View } from '../types.ts';

/** The scheduler moves a worker that is free to go, so no choice of a socket stays the right one. */
export function workerNotPinned(view: View): readonly Finding[] {
  const usable = usableCpus(view.host);
  if (usable.length < 2) return [];
  const chosen = new Map<string, number>();
  return servedGroups(view).flatMap((served): Finding[] => {
    const { group } = served;
    const loose = group.sockets.flatMap(({ slot, slotSource, owners }) =>
      owners
        .filter(({ cpus }) => cpus !== null && cpus.length > 1)
        .map((owner) => ({ owner, slot: slotSource === 'kernel' ? slot : null })),
    );
    if (loose.length === 0) return [];
    const choose = chooser(served, usable, chosen);
    const sockets = Map.groupBy(loose, ({ owner }) => owner.pid);
    const workers = [...Map.groupBy(loose, ({ owner }) => thread(owner)).values()].flatMap(
      ([first]) => first ?? [],
    );
    const cpus = loose.flatMap(({ owner }) => owner.cpus ?? []);
    const who = workers.map(({ owner }) => `${owner.comm} ${owner.pid}`);
    return [
      {
        rule: 'worker-not-pinned',
        severity: 'warning',
        subject: group.id,
        message:
          `${count(workers.length, 'worker')} (${names(who)}) may run on any of ${cpuNames(cpus)}, ` +
          'so a packet meets its worker on its own CPU by chance only.',
        fix: workers.flatMap(({ owner, slot }) => {
          if (owner.tid === null && sockets.get(owner.pid)?.length !== 1) return [];
          const cpu = choose(owner, slot);
          return cpu === null ? [] : [pin(owner, cpu)];
        }),
      },
    ];
  });
}

function thread({ pid, tid }: Owner): string {
  return `${pid}/${tid ?? ''}`;
}

/**
 * Gives each worker the CPU that its slot is chosen on, by today's program or else by `cpu`; failing that the
 * next one that nobody in the group has, CPUs that receive first. A worker of several groups keeps what it
 * was given (`chosen`).
 */
function chooser({ group, cpus }: Served, usable: readonly number[], chosen: Map<string, number>) {
  const taken = new Set(pinnedMembers(group).values());
  const candidates = [...new Set([...[...(cpus ?? [])].sort((a, b) => a - b), ...usable])];
  const free = new Set(candidates.filter((cpu) => !taken.has(cpu)));
  const program = ownProgram(group) ?? { name: 'cpu', modulus: group.size };
  const cpuOfSlot = new Map([...free].reverse().map((cpu) => [slotOn(program, cpu), cpu]));
  return (owner: Owner, slot: number | null): number | null => {
    const already = chosen.get(thread(owner));
    if (already !== undefined) return already;
    const allowed = new Set(owner.cpus);
    const wanted = slot === null ? undefined : cpuOfSlot.get(slot);
    const order = wanted === undefined ? free : [wanted, ...free];
    for (const cpu of order) {
      if (!allowed.has(cpu) || !free.delete(cpu)) continue;
      chosen.set(thread(owner), cpu);
      return cpu;
    }
    return null;
  };
}
