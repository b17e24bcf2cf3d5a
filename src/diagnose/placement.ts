/** Which interrupts sit badly, and where they would sit well. */
import type { Cpus } from '../host/cpus.ts';
import type { Host, Nic } from '../host/types.ts';
import { moveIrqCommand } from '../words/commands.ts';
import { queueNames } from '../words/phrase.ts';
import { workerCpus } from './groups.ts';
import { homeCpus, liveNics, oneCpu, pairedIrqs, type RxVector, rxVectors, usableCpus } from './nics.ts';

/** One NIC's vectors, judged together: two rules that each moved them on their own would undo each other. */
export interface Placement {
  readonly nic: Nic;
  /** CPUs that several vectors interrupt. */
  readonly shared: readonly (readonly [cpu: number, vectors: readonly RxVector[]])[];
  /** Vectors on a CPU of another NUMA node than the NIC's; none where nodes are not known. */
  readonly away: readonly RxVector[];
  /**
   * Usable CPUs that no vector interrupts: of the NIC's node (or any, where it has none), and of other nodes.
   */
  readonly near: Cpus;
  readonly far: Cpus;
  /** A CPU of its own for each vector that should move, as far as they last. */
  readonly target: ReadonlyMap<RxVector, number>;
}

export function placements(host: Host): readonly Placement[] {
  const sort = bestFirst(host);
  return liveNics(host).map((nic) => place(host, nic, sort));
}

function place(host: Host, nic: Nic, sort: (cpus: Cpus) => Cpus): Placement {
  const vectors = rxVectors(nic);
  const byCpu = Map.groupBy(vectors, ({ cpu }) => cpu);
  const shared = [...byCpu].filter(([, on]) => on.length > 1);
  const home = homeCpus(host, nic);
  const isHome = new Set(home);
  const idle = usableCpus(host).filter((cpu) => !byCpu.has(cpu));
  const near = sort(home === null ? idle : idle.filter((cpu) => isHome.has(cpu)));
  const far = sort(home === null ? [] : idle.filter((cpu) => !isHome.has(cpu)));
  const away = home === null ? [] : vectors.filter(({ cpu }) => !isHome.has(cpu));

  const surplus = new Set(shared.flatMap(([, on]) => on.slice(1)));
  const target = new Map<RxVector, number>();
  const assign = (moving: readonly RxVector[], cpus: Cpus) => {
    for (const [index, vector] of moving.entries())
      if (cpus[index] !== undefined) target.set(vector, cpus[index]);
  };
  assign([...surplus], [...near, ...far]);
  assign(
    away.filter((vector) => !surplus.has(vector)),
    near.slice(surplus.size),
  );
  return { nic, shared, away, near, far, target };
}

/**
 * Sorts idle CPUs, the best one for a queue first: one that a worker is pinned to, then one with few queues
 * of other NICs, then one whose core has no queue on its other thread yet.
 */
function bestFirst(host: Host): (cpus: Cpus) => Cpus {
  const workers = workerCpus(host);
  const queues = new Map<number, number>();
  for (const cpu of liveNics(host).flatMap(({ rxQueues }) => rxQueues.map(oneCpu))) {
    if (cpu !== null) queues.set(cpu, (queues.get(cpu) ?? 0) + 1);
  }
  const { smtSiblings } = host.machine.cpus;
  const busyCores = new Set(smtSiblings.filter((core) => core.some((cpu) => queues.has(cpu))).flat());
  const cost = (cpu: number) =>
    (workers.has(cpu) ? 0 : 1e6) + (queues.get(cpu) ?? 0) * 2 + (busyCores.has(cpu) ? 1 : 0);
  return (cpus) => cpus.toSorted((one, other) => cost(one) - cost(other));
}

/** virtio has the TX queue of the same number on an IRQ of its own, which moves along. */
export function moves({ nic, target }: Placement, vectors: readonly RxVector[]): readonly string[] {
  return vectors.flatMap((vector) => {
    const cpu = target.get(vector);
    return cpu === undefined ? [] : pairedIrqs(nic, vector).map((irq) => moveIrqCommand(irq, cpu));
  });
}

export function rxNames(vectors: readonly RxVector[]): string {
  return queueNames(
    'rx',
    vectors.flatMap(({ queues }) => queues),
  );
}
