/** Which CPU each interrupt of a NIC is to go to, and which of its queues are to be fed. */
import { spreadEvenly } from '../../diagnose/even.ts';
import { bypassesRss, homeCpus } from '../../diagnose/nics.ts';
import { rssReach } from '../../diagnose/rss-reach.ts';
import { hasInterrupts, type Vector, vectorsOf } from '../../diagnose/vectors.ts';
import type { Cpus } from '../../host/cpus.ts';
import type { Host, Nic } from '../../host/types.ts';
import type { PlanOptions } from '../types.ts';
import { mayChange } from './candidates.ts';

export interface Spread {
  /** null: left where it is, which is not known. */
  readonly cpuOf: ReadonlyMap<Vector, number | null>;
  /** RX queues that the RSS table should name. */
  readonly fed: readonly number[];
}

export interface Serving {
  /** CPUs of the workers in slot order; or, where there are none, all that may be used. */
  readonly cpus: Cpus;
  /** Are they workers'? Else every queue is as good as any other. */
  readonly workers: boolean;
  /** CPUs beyond those of workers, for queues that are not fed. */
  readonly others: Cpus;
}

/**
 * Interrupts stay where they are on a serving CPU as far as that is even, queue i else goes to the CPU of slot i. With fewer
 * of them than CPUs the NICs share the CPUs out among them (`load`: queues of other NICs on each CPU, added to). With more of
 * them the RSS table feeds as many as there are CPUs; where there is none to write, each CPU gets the same number of queues.
 */
export function spread(
  host: Host,
  nic: Nic,
  coming: number,
  serving: Serving,
  options: PlanOptions,
  load: Map<number, number>,
): Spread {
  const vectors = vectorsOf(nic, mayChange(options, 'irq') ? coming : null);
  const all = nic.rxQueues.map(({ index }) => index);
  if (!hasInterrupts(nic) || serving.cpus.length === 0) {
    const at = (index: number) => serving.cpus[index % serving.cpus.length] ?? null;
    return { cpuOf: new Map(vectors.map((vector, index) => [vector, vector.cpu ?? at(index)])), fed: all };
  }
  const reach = rssReach(nic) ?? all.length;
  const reached = all.filter((index) => index < reach);
  // Without workers to keep free, queues that nothing reaches are spread as well: a rule may come to feed them.
  const from = serving.workers && !bypassesRss(nic) ? reach : all.length;
  const receiving = vectors.filter(({ rx }) => rx.some((index) => index < from));
  const used = receiving.length > serving.cpus.length ? chooseUsed(receiving, serving.cpus) : receiving;
  // Fed by fewer queues than there are workers, some would starve.
  const confined =
    serving.workers &&
    used.length >= serving.cpus.length &&
    (nic.rss?.indirection.length ?? 0) > 0 &&
    !bypassesRss(nic) &&
    mayChange(options, 'rss');
  const fed = confined ? used : receiving;
  const cpuOf = spreadEvenly(fed, chooseCpus(host, nic, fed, serving, load), { aligned: true });
  const taken = new Set(cpuOf.values());
  const rest = vectors.filter((vector) => !cpuOf.has(vector));
  const idle = confined ? rest : rest.filter(({ rx }) => rx.length > 0);
  const spare = serving.others.filter((cpu) => !taken.has(cpu));
  for (const [vector, cpu] of leaveWorkers(idle, spare, serving)) cpuOf.set(vector, cpu);
  const sending = rest.filter((vector) => !cpuOf.has(vector));
  for (const [vector, cpu] of spreadEvenly(sending, serving.cpus, { aligned: true })) cpuOf.set(vector, cpu);
  for (const [{ rx }, cpu] of cpuOf)
    if (cpu !== null && rx.length > 0) load.set(cpu, (load.get(cpu) ?? 0) + 1);
  const named = confined ? used.flatMap(({ rx }) => rx).filter((index) => index < reach) : reached;
  return { cpuOf, fed: named.toSorted((a, b) => a - b) };
}

/** The first ones; one that can't be moved only where it serves. */
function chooseUsed(vectors: readonly Vector[], cpus: Cpus): readonly Vector[] {
  const open = new Set(cpus);
  const fixed = new Set(vectors.filter(({ movable, cpu }) => !movable && cpu !== null && open.delete(cpu)));
  let room = open.size;
  return vectors.filter((vector) => fixed.has(vector) || (vector.movable && room-- > 0));
}

/**
 * As many of the CPUs as there are vectors, in slot order. With workers first those that no other NIC brings packets to,
 * so that none goes without; else near ones, and those that it is on already.
 */
function chooseCpus(
  host: Host,
  nic: Nic,
  vectors: readonly Vector[],
  { cpus, workers }: Serving,
  load: ReadonlyMap<number, number>,
): Cpus {
  if (vectors.length >= cpus.length) return cpus;
  const home = new Set(homeCpus(host, nic));
  const on = new Set(vectors.map(({ cpu }) => cpu));
  // More than both of the others, or less than either.
  const weight = workers ? 4 : 1 / 1024;
  const cost = (cpu: number) =>
    (load.get(cpu) ?? 0) * weight + (home.has(cpu) ? 0 : 2) + (on.has(cpu) ? 0 : 1);
  const chosen = new Set(cpus.toSorted((one, other) => cost(one) - cost(other)).slice(0, vectors.length));
  return cpus.filter((cpu) => chosen.has(cpu));
}

/** What gets no packets leaves the workers' CPUs to those that do, as far as others last. */
function* leaveWorkers(
  idle: readonly Vector[],
  spare: Cpus,
  { cpus }: Serving,
): Generator<readonly [Vector, number | null]> {
  const serving = new Set(cpus);
  const open = new Set(spare);
  for (const vector of idle) {
    const { cpu, movable } = vector;
    const stays = !movable || (cpu !== null && !serving.has(cpu));
    const to = stays ? cpu : (open.values().next().value ?? cpu ?? cpus[0] ?? null);
    if (to !== null) open.delete(to);
    yield [vector, to];
  }
}
