/** What the plan is for: the CPU of each worker and of each interrupt. */
import { withIrqs, withNic } from '../../diagnose/after.ts';
import { soleOwner } from '../../diagnose/pinnable.ts';
import { placements } from '../../diagnose/placement.ts';
import { quietNics } from '../../diagnose/quiet.ts';
import { threadOf } from '../../diagnose/workers.ts';
import type { Cpus } from '../../host/cpus.ts';
import type { Group, Host, Nic } from '../../host/types.ts';
import { isLoopback, nicsFeeding, receivingNics } from '../../path/receiving-nics.ts';
import { viewOf } from '../../path/view.ts';
import type { PlanOptions } from '../types.ts';
import { pinsOfFindings } from './as-found.ts';
import { candidates, irqCpusOf, mayChange, onlineOf } from './candidates.ts';
import { type Serving, type Spread, spread } from './spread.ts';
import { assignWorkers, inSlotOrder, type WorkerCpus } from './worker-cpus.ts';

export interface Assignment {
  readonly workerCpus: WorkerCpus;
  /** By NIC. */
  readonly serving: ReadonlyMap<string, Serving>;
}

export function assign(
  host: Host,
  nics: readonly Nic[],
  groups: readonly Group[],
  options: PlanOptions,
): Assignment {
  const shared = groups.filter(({ size }) => size > 1);
  const largestFirst = shared.toSorted((one, other) => other.size - one.size);
  const all = new Set(receivingNics(host));
  const feeding = options.ifaces.length > 0 ? nics : [...all];
  const irqCpus = irqCpusOf(host, options);
  const reserved = new Set(irqCpus);
  const free = candidates(host, feeding, options).filter((cpu) => !reserved.has(cpu));
  // The commands of `inspect` move the interrupts of all NICs before they pin.
  const moves = isFree(options) && options.smt === 'one' && [...all].every((nic) => nics.includes(nic));
  const advised = (thread: string) => (moves ? pinsOfFindings(host).get(thread) : undefined);
  const workerCpus = assignWorkers(host, largestFirst, free, options, advised);
  const usable = new Set(onlineOf(host, options));
  const reached = largestFirst.map((group) => {
    const behind = nicsFeeding(group, host);
    // A NIC with one queue and no interrupt does not count yet, but will with the channels that it can have.
    const anywhere = group.device === null && !isLoopback(group.address);
    const reaches = (nic: Nic) => behind.has(nic) || (anywhere && !all.has(nic));
    const cpus = cpusOfGroup(group, workerCpus);
    // Queues that gather on the CPUs of some workers would starve the others.
    return { cpus: cpus.filter((cpu) => usable.has(cpu)), whole: cpus.length === group.size, reaches };
  });
  const serving = nics.map((nic): readonly [string, Serving] => {
    const workers = new Set(reached.flatMap(({ cpus, reaches }) => (reaches(nic) ? cpus : [])));
    const others = candidates(host, [nic], options);
    if (irqCpus !== null) {
      const inside = [...workers].every((cpu) => reserved.has(cpu));
      return [
        nic.name,
        {
          cpus: irqCpus,
          workers: inside && workers.size === irqCpus.length,
          others: irqCpus,
          asFound: false,
        },
      ];
    }
    const found = workers.size > 0 && reached.every(({ whole, reaches }) => whole || !reaches(nic));
    return [
      nic.name,
      { cpus: found ? [...workers] : others, workers: found, others, asFound: !found && isFree(options) },
    ];
  });
  return { workerCpus, serving: new Map(serving) };
}

/** Did the user leave the choice of CPUs to the plan? */
export const isFree = (options: PlanOptions): boolean =>
  options.cpus === null && options.avoidCpus.length === 0 && mayChange(options, 'irq');

/** The same, but this NIC serves no workers. */
export function leaveAsFound(assignment: Assignment, { name }: Nic): Assignment {
  const { others = [] } = assignment.serving.get(name) ?? {};
  const serving = new Map(assignment.serving).set(name, {
    cpus: others,
    workers: false,
    others,
    asFound: true,
  });
  return { ...assignment, serving };
}

function cpusOfGroup(group: Group, { cpuOf }: WorkerCpus): readonly number[] {
  return inSlotOrder(group).flatMap((socket) => {
    const owner = soleOwner(socket);
    return owner === null ? [] : (cpuOf.get(threadOf(owner)) ?? []);
  });
}

/** For each NIC with its channels in `host`; queues beyond those of `before` do not exist yet. */
export function spreadAll(
  before: Host,
  host: Host,
  nics: readonly Nic[],
  assignment: Assignment,
  options: PlanOptions,
): ReadonlyMap<string, Spread> {
  const former = new Map(before.nics.map((nic) => [nic.name, nic.rxQueues.length]));
  const load = new Map<number, number>();
  const spreads = new Map<string, Spread>();
  for (const nic of nics) {
    const serving = assignment.serving.get(nic.name);
    const coming = former.get(nic.name) ?? 0;
    if (serving !== undefined) spreads.set(nic.name, spread(host, nic, coming, serving, options, load));
  }
  if (isFree(options)) exchange(host, assignment, spreads);
  return spreads;
}

/** Busy queues that meet on one CPU change places with quieter ones of their NIC, as `inspect` proposes it. */
function exchange(host: Host, { serving }: Assignment, spreads: Map<string, Spread>): void {
  const serves = [...spreads].filter(([name]) => serving.get(name)?.asFound === false);
  if (serves.length === 0) return;
  const spreadOut = serves.reduce(
    (each, [name, { cpuOf }]) => withNic(each, name, (nic) => withIrqs(nic, cpusOf(cpuOf))),
    host,
  );
  const quiet = new Set([...quietNics(viewOf(spreadOut))].map(({ name }) => name));
  for (const { nic, moves } of placements(spreadOut, quiet).rebalances) {
    const own = spreads.get(nic.name);
    if (own === undefined || serving.get(nic.name)?.asFound !== false) continue;
    const to = new Map([...moves].flatMap(([{ irqs }, cpu]) => irqs.map(({ irq }) => [irq, cpu] as const)));
    const cpuOf = new Map(
      [...own.cpuOf].map(([vector, cpu]) => [vector, to.get(vector.irqs[0]?.irq ?? -1) ?? cpu]),
    );
    const same = (cpus: ReadonlyMap<unknown, number | null>) => [...cpus.values()].map(Number).sort().join();
    if (same(cpuOf) === same(own.cpuOf)) spreads.set(nic.name, { ...own, cpuOf });
  }
}

const cpusOf = (cpuOf: Spread['cpuOf']): ReadonlyMap<number, Cpus> =>
  new Map(
    [...cpuOf].flatMap(([{ irqs }, cpu]) =>
      irqs.flatMap(({ irq }) => (cpu === null ? [] : [[irq, [cpu]] as const])),
    ),
  );
