import { isByCpu, slotOnCpu } from '../../cbpf/programs.ts';
import type { Owner } from '../../host/types.ts';
import { pinCommand } from '../../words/commands.ts';
import { count, cpuNames, names } from '../../words/phrase.ts';
import { ofWhom } from '../../words/whose.ts';
import { withPins } from '../after.ts';
import { pinnedMembers } from '../groups.ts';
import { ownProgram } from '../programs.ts';
import type { Facts, FedGroup, Found } from '../types.ts';
import { usableCpus } from '../usable-cpus.ts';
import { threadOf, tooManyWorkers, workerNames } from '../workers.ts';

/** The scheduler moves an unpinned worker, so no choice of a socket stays right. */
export function workerNotPinned({ host, served }: Facts): readonly Found[] {
  const usable = usableCpus(host);
  if (usable.length < 2) return [];
  const chosen = new Map<string, number>();
  return served.flatMap((fed): Found[] => {
    const { group, nics } = fed;
    const loose = group.sockets.flatMap(({ slot, slotSource, owners }) =>
      owners
        .filter(({ cpus }) => cpus !== null && cpus.length > 1)
        .map((owner) => ({ owner, slot: slotSource === 'kernel' ? slot : null })),
    );
    if (loose.length === 0) return [];
    const tooMany = tooManyWorkers(threadsOf(group).size, usable.length);
    const choose = tooMany === null ? chooser(fed, usable, chosen) : () => null;
    const own = ownProgram(group);
    const sockets = Map.groupBy(loose, ({ owner }) => owner.pid);
    const workers = [...Map.groupBy(loose, ({ owner }) => threadOf(owner)).values()].flatMap(
      ([first]) => first ?? [],
    );
    const owners = loose.map(({ owner }) => owner);
    const who = `${names(workerNames(owners))}${ofWhom(owners)}`;
    const cpus = cpuNames(loose.flatMap(({ owner }) => owner.cpus ?? []));
    const alike = new Set(loose.map(({ owner }) => owner.cpus?.join())).size === 1;
    const pins = new Map(
      workers.flatMap(({ owner, slot }) => {
        if (owner.tid === null && sockets.get(owner.pid)?.length !== 1) return [];
        const cpu = choose(owner, slot);
        return cpu === null ? [] : [[threadOf(owner), { owner, cpu }] as const];
      }),
    );
    return [
      {
        rule: 'worker-not-pinned',
        severity: nics.length > 0 || (own !== null && isByCpu(own)) ? 'warning' : 'info',
        subject: group.id,
        message:
          `${count(workers.length, 'worker')} may run on ${alike ? 'any' : 'several'} of ${cpus}: ${who}. ` +
          'Their packets are local only by chance.',
        ...(tooMany !== null && { remedy: tooMany }),
        fix: [...pins.values()].map(({ owner, cpu }) => pinCommand(owner, cpu)),
        after: (each) => withPins(each, (owner) => pins.get(threadOf(owner))?.cpu ?? null),
      },
    ];
  });
}

const threadsOf = ({ sockets }: FedGroup['group']): ReadonlySet<string> =>
  new Set(sockets.flatMap(({ owners }) => owners.map(threadOf)));

/**
 * Gives each worker the CPU for which its slot is picked, by the present map or by `cpu`; otherwise the next CPU that
 * no worker of the group has, receiving CPUs first, starting over when all are taken. A worker of several groups keeps
 * the CPU that it was given (`chosen`).
 */
function chooser({ group, nics, cpus }: FedGroup, usable: readonly number[], chosen: Map<string, number>) {
  const taken = new Set(pinnedMembers(group).values());
  const receiving = nics.length > 0 ? [...(cpus ?? [])].sort((a, b) => a - b) : [];
  const candidates = [...new Set([...receiving, ...usable])];
  const free = new Set(candidates.filter((cpu) => !taken.has(cpu)));
  const plain = { name: 'cpu', size: group.size } as const;
  const own = ownProgram(group);
  const program = own === null || own.name === 'cpu' ? plain : own;
  const fitting = receiving.length > 0 ? receiving.filter((cpu) => free.has(cpu)) : [...free];
  const cpuOfSlot = new Map(fitting.reverse().map((cpu) => [slotOnCpu(program, cpu), cpu]));
  return (owner: Owner, slot: number | null): number | null => {
    const already = chosen.get(threadOf(owner));
    if (already !== undefined) return already;
    const allowed = new Set(owner.cpus);
    const wanted = slot === null ? undefined : cpuOfSlot.get(slot);
    const order = wanted === undefined ? free : [wanted, ...free];
    if (free.size === 0) for (const cpu of candidates) free.add(cpu);
    for (const cpu of order) {
      if (!allowed.has(cpu) || !free.delete(cpu)) continue;
      chosen.set(threadOf(owner), cpu);
      return cpu;
    }
    return null;
  };
}
