/** Interrupts on the wrong CPU, and where each should go: one answer per NIC for all rules. */
import type { Cpus } from '../host/cpus.ts';
import { napiThreadOf } from '../host/napi-threads.ts';
import type { Host, Irq, Nic } from '../host/types.ts';
import { nicsFeeding } from '../path/receiving-nics.ts';
import { moveIrqCommand } from '../words/commands.ts';
import { queueNames } from '../words/phrase.ts';
import { withIrqs, withNic } from './after.ts';
import { countEach, spreadEvenly } from './even.ts';
import { pinnedMembers, workerCpus } from './groups.ts';
import { memberOn } from './matching.ts';
import { homeCpus, liveNics, oneCpu } from './nics.ts';
import { rebalances } from './rebalance.ts';
import type { Placement, Rebalance } from './types.ts';
import { usableCpus } from './usable-cpus.ts';
import { type Vector, vectorsOf } from './vectors.ts';

/** A receiving vector and its CPU: that of its affinity, otherwise the one that it interrupts. */
interface Placed {
  readonly vector: Vector;
  /** null: it is outside its affinity, or on an isolated CPU. */
  readonly cpu: number | null;
  readonly movable: boolean;
  /** One of its interrupts is on an isolated CPU. */
  readonly disturbs: boolean;
}

/** Placements of all NICs that are up. @param still names of NICs that take no part in rebalancing */
export function placements(
  host: Host,
  still: ReadonlySet<string>,
): { readonly placements: readonly Placement[]; readonly rebalances: readonly Rebalance[] } {
  const { sort, place } = bestFirst(host);
  const workers = workerCpus(host);
  const each = liveNics(host).map((nic) => {
    const placement = placementOf(host, nic, sort, workers);
    // So that the next NIC goes to other CPUs.
    for (const [vector, cpu] of placement.target) if (vector.rx.length > 0) place(vector.cpu, cpu);
    return placement;
  });
  const moving = each.filter(({ nic }) => !still.has(nic.name) && !receivesInThreads(nic));
  const found = rebalances(host, { placements: moving, workers, sort });
  if (found.length === 0) return { placements: each, rebalances: found };
  const rebalanced = new Set(found.map(({ nic }) => nic));
  const target = new Map<Vector, number>();
  for (const { moves } of found) for (const [vector, cpu] of moves) target.set(vector, cpu);
  return {
    placements: each.map((placement) =>
      rebalanced.has(placement.nic)
        ? { ...placement, target: new Map([...placement.target, ...target]) }
        : placement,
    ),
    // A vector may be part of several: it goes where the last one has it.
    rebalances: found.map((rebalance) => ({
      ...rebalance,
      moves: new Map([...rebalance.moves].map(([vector, cpu]) => [vector, target.get(vector) ?? cpu])),
    })),
  };
}

/** Threads that are not known are about to be switched off (threaded-napi). */
function receivesInThreads(nic: Nic): boolean {
  return nic.threadedNapi === true && nic.rxQueues.every(({ index }) => napiThreadOf(nic, index) !== null);
}

function placementOf(
  host: Host,
  nic: Nic,
  sort: (cpus: Cpus) => Cpus,
  workers: ReadonlySet<number>,
): Placement {
  const isUsable = new Set(usableCpus(host));
  const staffed = staffedCpus(host, nic);
  const usable = staffed ?? usableCpus(host);
  const isolated = new Set(host.machine.cpus.online.filter((cpu) => !isUsable.has(cpu) && !workers.has(cpu)));
  const local = homeCpus(host, nic);
  const home = local === null || staffed === null ? local : local.filter((cpu) => staffed.includes(cpu));
  const isHome = new Set(home);
  const isLocal = new Set(local);
  const all = vectorsOf(nic, nic.rxQueues.length);
  const online = new Set(host.machine.cpus.online);
  const placed = all.flatMap((vector) => placedVector(vector, online, isolated));
  // If a worker and its interrupt are on an isolated CPU, the user put them there on purpose, so they stay.
  const [own, apart] = [true, false].map((inside) =>
    placed.filter(({ cpu }) => (cpu === null || isUsable.has(cpu)) === inside),
  ) as [Placed[], Placed[]];
  const receiving = own.filter(({ vector }) => vector.rx.length > 0);
  const counts = countEach(receiving.flatMap(({ cpu }) => cpu ?? []));
  const count = (cpu: number) => counts.get(cpu) ?? 0;
  const least = Math.min(...usable.map(count));
  const few = usable.filter((cpu) => count(cpu) === least);
  const byCpu = Map.groupBy(receiving, ({ cpu }) => cpu);
  const crowded = [...byCpu].flatMap(([cpu, on]) =>
    cpu !== null && on.length > least + 1 && on.some(({ movable }) => movable)
      ? [[cpu, on.map(({ vector }) => vector)] as const]
      : [],
  );
  const idle = home === null ? [] : sort(home.filter((cpu) => count(cpu) === 0));
  const distant = receiving.filter(
    ({ cpu, movable }) => local !== null && cpu !== null && movable && !isLocal.has(cpu),
  );
  const away = idle.length > 0 ? distant : [];
  const homeless = own.filter(({ cpu, disturbs }) => cpu === null || disturbs);
  const strays = apart.filter(({ disturbs }) => disturbs);
  const target = new Map(strays.flatMap(({ vector, cpu }) => (cpu === null ? [] : [[vector, cpu] as const])));
  if (crowded.length > 0 || away.length > 0 || homeless.length > 0) {
    const order = [
      ...sort(home === null ? usable : home),
      ...sort(home === null ? [] : usable.filter((cpu) => !isHome.has(cpu))),
    ];
    for (const part of [receiving, own.filter(({ vector }) => vector.rx.length === 0)])
      for (const [each, cpu] of spreadEvenly(part, order, { first: isHome }))
        if (each.disturbs || (cpu !== each.cpu && (each.cpu === null || part === receiving)))
          if (cpu !== null) target.set(each.vector, cpu);
  }
  const others = new Set([...homeless, ...strays, ...away].map(({ vector }) => vector));
  return {
    nic,
    vectors: all,
    crowded,
    near: crowded.length === 0 ? [] : few.filter((cpu) => home === null || isHome.has(cpu)),
    far: crowded.length === 0 || home === null ? [] : few.filter((cpu) => !isHome.has(cpu)),
    least,
    surplus: [...target.keys()].filter((vector) => !others.has(vector)),
    away: away.map(({ vector }) => vector).filter((vector) => target.has(vector)),
    idle,
    isolated: [...homeless, ...strays].flatMap(({ vector }) =>
      vector.irqs.flatMap((irq) => {
        const cpu = isolatedCpu(irq, isolated);
        return cpu === null ? [] : [{ ...irq, vector, cpu }];
      }),
    ),
    target,
  };
}

/**
 * The CPUs of the workers that the NIC feeds, if each worker has a CPU of its own: no other CPU should receive, as in a
 * plan. null: any usable CPU may, also if all these workers are on another node, from which they should move.
 */
export function staffedCpus(host: Host, nic: Nic): Cpus | null {
  const fed = host.groups.filter(
    (group) => group.size > 1 && group.newFlows !== false && nicsFeeding(group, host).has(nic),
  );
  const cpus = new Set<number>();
  for (const group of fed) {
    const on = memberOn(pinnedMembers(group));
    if (on.size < group.size) return null;
    for (const cpu of on.keys()) cpus.add(cpu);
  }
  const home = homeCpus(host, nic);
  const staffed = usableCpus(host).filter((cpu) => cpus.has(cpu));
  return staffed.some((cpu) => home?.includes(cpu) ?? true) ? staffed : null;
}

/** Empty if the CPU is not known. */
function placedVector(
  vector: Vector,
  online: ReadonlySet<number>,
  isolated: ReadonlySet<number>,
): readonly Placed[] {
  const { movable } = vector;
  const asked = (vector.irqs[0]?.affinity ?? []).filter((cpu) => online.has(cpu));
  const [only] = asked;
  const is = deliveredTo(vector);
  const misdelivered = asked.length > 1 && is !== null && !asked.includes(is);
  const cpu = asked.length === 1 && only !== undefined ? only : misdelivered ? null : is;
  const disturbs = movable && vector.irqs.some((irq) => isolatedCpu(irq, isolated) !== null);
  if (cpu === null) return (misdelivered || disturbs) && movable ? [{ vector, cpu, movable, disturbs }] : [];
  return [{ vector, cpu: disturbs && isolated.has(cpu) ? null : cpu, movable, disturbs }];
}

/** The isolated CPU that it interrupts, or will interrupt by its affinity; null: none. */
function isolatedCpu({ effective, affinity }: Irq, isolated: ReadonlySet<number>): number | null {
  for (const cpus of [effective, affinity]) {
    const [cpu] = cpus ?? [];
    if (cpu !== undefined && cpus?.every((each) => isolated.has(each))) return cpu;
  }
  return null;
}

/** The CPU that it interrupts, if it is only one. */
function deliveredTo({ irqs: [irq], cpu }: Vector): number | null {
  return irq?.effective?.length === 1 ? (irq.effective[0] ?? null) : cpu;
}

/**
 * Sorts CPUs, the best one for a queue first: one that a worker is pinned to, then one with few queues of all NICs, then
 * one whose core has no queue on its other thread yet.
 */
function bestFirst(host: Host) {
  const workers = workerCpus(host);
  const queues = countEach(
    liveNics(host).flatMap(({ rxQueues }) => rxQueues.flatMap((queue) => oneCpu(queue) ?? [])),
  );
  const { smtSiblings } = host.machine.cpus;
  const add = (cpu: number | null, change: number) => {
    if (cpu !== null) queues.set(cpu, (queues.get(cpu) ?? 0) + change);
  };
  return {
    sort: (cpus: Cpus): Cpus => {
      const has = (cpu: number) => (queues.get(cpu) ?? 0) > 0;
      const busyCores = new Set(smtSiblings.filter((core) => core.some(has)).flat());
      const cost = (cpu: number) =>
        (workers.has(cpu) ? 0 : 1e6) + (queues.get(cpu) ?? 0) * 2 + (busyCores.has(cpu) ? 1 : 0);
      return cpus.toSorted((one, other) => cost(one) - cost(other));
    },
    /** A queue moves. */
    place: (from: number | null, to: number): void => {
      add(from, -1);
      add(to, 1);
    },
  };
}

/** In virtio the TX queue of the same number has its own IRQ, which moves along. */
export function moves({ target }: Placement, vectors: readonly Vector[]): readonly string[] {
  return vectors.flatMap((vector) => {
    const cpu = target.get(vector);
    return cpu === undefined ? [] : vector.irqs.map(({ irq }) => moveIrqCommand(irq, cpu));
  });
}

/** The machine after {@link moves}. */
export function moved({ nic, target }: Placement, vectors: readonly Vector[]): (host: Host) => Host {
  const cpusOf = new Map(
    vectors.flatMap((vector) => {
      const cpu = target.get(vector);
      return cpu === undefined ? [] : vector.irqs.map(({ irq }) => [irq, [cpu]] as const);
    }),
  );
  return (host) => withNic(host, nic.name, (each) => withIrqs(each, cpusOf));
}

export function rxNames(vectors: readonly Vector[]): string {
  return queueNames(
    'rx',
    vectors.flatMap(({ rx }) => rx),
  );
}
