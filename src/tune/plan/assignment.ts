/** What the plan is for: the CPU of each worker and of each interrupt. */
import { threadOf } from '../../diagnose/workers.ts';
import type { Group, Host, Nic } from '../../host/types.ts';
import { isLoopback, nicsFeeding, receivingNics } from '../../path/receiving-nics.ts';
import type { PlanOptions } from '../types.ts';
import { candidates, irqCpusOf, onlineOf } from './candidates.ts';
import { type Serving, type Spread, spread } from './spread.ts';
import { assignWorkers, inSlotOrder, soleOwner, type WorkerCpus } from './worker-cpus.ts';

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
  const largestFirst = groups.toSorted((one, other) => other.size - one.size);
  const all = new Set(receivingNics(host));
  const feeding = options.ifaces.length > 0 ? nics : [...all];
  const irqCpus = irqCpusOf(host, options);
  const reserved = new Set(irqCpus);
  const free = candidates(host, feeding, options).filter((cpu) => !reserved.has(cpu));
  const workerCpus = assignWorkers(host, largestFirst, free, options);
  const usable = new Set(onlineOf(host, options));
  const reached = largestFirst.map((group) => {
    const behind = nicsFeeding(group, host);
    // A NIC with one queue and no interrupt does not count yet, but will with the channels that it can have.
    const anywhere = group.device === null && !isLoopback(group.address);
    const reaches = (nic: Nic) => behind.has(nic) || (anywhere && !all.has(nic));
    return { cpus: cpusOf(group, workerCpus).filter((cpu) => usable.has(cpu)), reaches };
  });
  const serving = nics.map((nic): readonly [string, Serving] => {
    const workers = new Set(reached.flatMap(({ cpus, reaches }) => (reaches(nic) ? cpus : [])));
    const others = candidates(host, [nic], options);
    if (irqCpus !== null) {
      const inside = [...workers].every((cpu) => reserved.has(cpu));
      return [
        nic.name,
        { cpus: irqCpus, workers: inside && workers.size === irqCpus.length, others: irqCpus },
      ];
    }
    const found = workers.size > 0;
    return [nic.name, { cpus: found ? [...workers] : others, workers: found, others }];
  });
  return { workerCpus, serving: new Map(serving) };
}

function cpusOf(group: Group, { cpuOf }: WorkerCpus): readonly number[] {
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
  return spreads;
}
