import { isByCpu, slotOnCpu } from '../../cbpf/programs.ts';
import type { Cpus } from '../../host/cpus.ts';
import type { Host, Nic, Owner } from '../../host/types.ts';
import { pinCommand } from '../../words/commands.ts';
import { count, cpuNames, names } from '../../words/phrase.ts';
import { ofWhom } from '../../words/whose.ts';
import { withPins } from '../after.ts';
import { allot } from '../allot.ts';
import { pinnedMembers } from '../groups.ts';
import { homeCpus } from '../nics.ts';
import { whyUnpinnable } from '../pinnable.ts';
import { ownProgram } from '../programs.ts';
import type { Facts, FedGroup, Found } from '../types.ts';
import { secondThreads, usableCpus } from '../usable-cpus.ts';
import { threadOf, tooManyWorkers, workerNames } from '../workers.ts';

/** The scheduler moves an unpinned worker, so no choice of a socket stays right. */
export function workerNotPinned({ host, served }: Facts): readonly Found[] {
  const usable = usableCpus(host);
  if (host.machine.cpus.online.length < 2) return [];
  const chosen = new Map<string, number>();
  return served.flatMap((fed): Found[] => {
    const { group, nics } = fed;
    const loose = group.sockets.flatMap(({ slot, slotSource, owners }) =>
      owners
        .filter(({ cpus }) => cpus !== null && cpus.length > 1)
        .map((owner) => ({ owner, slot: slotSource === 'kernel' ? slot : null })),
    );
    if (loose.length === 0) return [];
    const why =
      whyUnpinnable(group) ??
      tooManyWorkers(threadsOf(group).size, new Set([...usable, ...pinnedMembers(group).values()]).size);
    const own = ownProgram(group);
    const sockets = Map.groupBy(loose, ({ owner }) => owner.pid);
    const workers = [...Map.groupBy(loose, ({ owner }) => threadOf(owner)).values()].flatMap(
      ([first]) => first ?? [],
    );
    const owners = loose.map(({ owner }) => owner);
    const who = `${names(workerNames(owners))}${ofWhom(owners)}`;
    const cpus = cpuNames(loose.flatMap(({ owner }) => owner.cpus ?? []));
    const alike = new Set(loose.map(({ owner }) => owner.cpus?.join())).size === 1;
    const known = workers.filter(({ owner }) => owner.tid !== null || sockets.get(owner.pid)?.length === 1);
    const cpuOf = why === null ? assign(host, fed, known, chosen) : new Map<Worker, number>();
    const pins = new Map(
      known.flatMap((worker) => {
        const cpu = cpuOf.get(worker);
        return cpu === undefined ? [] : [[threadOf(worker.owner), { owner: worker.owner, cpu }] as const];
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
        ...(why !== null && { remedy: why }),
        fix: [...pins.values()].map(({ owner, cpu }) => pinCommand(owner, cpu)),
        after: (each) => withPins(each, (owner) => pins.get(threadOf(owner))?.cpu ?? null),
      },
    ];
  });
}

const threadsOf = ({ sockets }: FedGroup['group']): ReadonlySet<string> =>
  new Set(sockets.flatMap(({ owners }) => owners.map(threadOf)));

interface Worker {
  readonly owner: Owner;
  readonly slot: number | null;
}

/**
 * Each worker of which the thread is known gets the CPU for which its slot is picked, by the present map or by `cpu`;
 * otherwise the next one that no worker of the group has, receiving CPUs first, then those of the NICs' own node, then
 * the first threads of cores. A worker of several groups keeps the CPU that it was given (`chosen`).
 */
function assign(
  host: Host,
  { group, nics, cpus }: FedGroup,
  workers: readonly Worker[],
  chosen: Map<string, number>,
): ReadonlyMap<Worker, number> {
  const taken = new Set(pinnedMembers(group).values());
  const cheapest = byCost(host, nics);
  const reached = new Set(nics.length > 0 ? cpus : []);
  const receiving = cheapest.filter((cpu) => reached.has(cpu));
  const order = [...new Set([...receiving, ...cheapest])];
  const free = new Set(order.filter((cpu) => !taken.has(cpu)));
  const known = new Map(
    workers.flatMap((worker) => {
      const cpu = chosen.get(threadOf(worker.owner));
      return cpu === undefined ? [] : [[worker, cpu] as const];
    }),
  );
  for (const cpu of known.values()) free.delete(cpu);
  const own = ownProgram(group);
  const plain = { name: 'cpu', size: group.size } as const;
  const program = own === null || own.name === 'cpu' ? plain : own;
  const fitting = receiving.length > 0 ? receiving.filter((cpu) => free.has(cpu)) : [...free];
  const rest = workers.filter((worker) => !known.has(worker));
  const given = allot(rest, free, fitting, (cpu) => slotOnCpu(program, cpu));
  for (const [{ owner }, cpu] of given) chosen.set(threadOf(owner), cpu);
  return new Map([...known, ...given]);
}

/** Usable CPUs, the cheapest for packets of these NICs first. */
function byCost(host: Host, nics: readonly Nic[]): Cpus {
  const usable = usableCpus(host);
  const home = new Set(nics.flatMap((nic) => homeCpus(host, nic) ?? []));
  const second = secondThreads(host, usable);
  const cost = (cpu: number) => (home.size === 0 || home.has(cpu) ? 0 : 2) + (second.has(cpu) ? 1 : 0);
  return usable.toSorted((one, other) => cost(one) - cost(other) || one - other);
}
