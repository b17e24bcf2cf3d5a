/** The CPU for each interrupt of a NIC, and the queues that the RSS table should feed. */
import { spreadEvenly } from '../../diagnose/even.ts';
import { bypassesRss, homeCpus } from '../../diagnose/nics.ts';
import { rssReach } from '../../diagnose/rss-reach.ts';
import { hasInterrupts, type Vector, vectorsOf } from '../../diagnose/vectors.ts';
import type { Cpus } from '../../host/cpus.ts';
import type { Host, Nic } from '../../host/types.ts';
import type { PlanOptions } from '../types.ts';
import { vectorsAsFound } from './as-found.ts';
import { mayChange } from './candidates.ts';

export interface Spread {
  /** null: it stays where it is, which is not known. */
  readonly cpuOf: ReadonlyMap<Vector, number | null>;
  /** RX queues that the RSS table should name. */
  readonly fed: readonly number[];
}

export interface Serving {
  /** CPUs of the workers in slot order; without workers, all usable CPUs. */
  readonly cpus: Cpus;
  /** Are they CPUs of workers? If not, all queues are equally good. */
  readonly workers: boolean;
  /** Nobody chose CPUs, so the NIC becomes what the commands of `inspect` make of it. */
  readonly asFound: boolean;
  /** Other CPUs, for queues that are not fed. */
  readonly others: Cpus;
}

/**
 * Interrupts stay on a serving CPU if the result is even; otherwise queue i goes to the CPU of slot i. With fewer
 * interrupts than CPUs, the NICs divide the CPUs among them (`load`: queues of other NICs on each CPU, which this adds
 * to). With more, the RSS table feeds as many queues as there are CPUs; if it cannot be written, each CPU gets the same
 * number of queues.
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
  const found = serving.asFound && hasInterrupts(nic) ? vectorsAsFound(host, nic, coming) : null;
  if (found !== null) {
    count(found, load);
    return { cpuOf: found, fed: all };
  }
  if (!hasInterrupts(nic) || serving.cpus.length === 0) {
    const at = (index: number) => serving.cpus[index % serving.cpus.length] ?? null;
    return { cpuOf: new Map(vectors.map((vector, index) => [vector, vector.cpu ?? at(index)])), fed: all };
  }
  const reach = rssReach(nic) ?? all.length;
  const reached = all.filter((index) => index < reach);
  // Without workers to protect, queues that get no packets are spread too, because a rule may feed them later.
  const from = serving.workers && !bypassesRss(nic) ? reach : all.length;
  const receiving = vectors.filter(({ rx }) => rx.some((index) => index < from));
  const used = receiving.length > serving.cpus.length ? chooseUsed(receiving, serving.cpus) : receiving;
  // With fewer queues than workers some workers would starve.
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
  count(cpuOf, load);
  const named = confined ? used.flatMap(({ rx }) => rx).filter((index) => index < reach) : reached;
  return { cpuOf, fed: named.toSorted((a, b) => a - b) };
}

/** Adds its receiving vectors. */
function count(cpuOf: Spread['cpuOf'], load: Map<number, number>): void {
  for (const [{ rx }, cpu] of cpuOf)
    if (cpu !== null && rx.length > 0) load.set(cpu, (load.get(cpu) ?? 0) + 1);
}

/** The first ones; an immovable one only if it is on a serving CPU. */
function chooseUsed(vectors: readonly Vector[], cpus: Cpus): readonly Vector[] {
  const open = new Set(cpus);
  const fixed = new Set(vectors.filter(({ movable, cpu }) => !movable && cpu !== null && open.delete(cpu)));
  let room = open.size;
  return vectors.filter((vector) => fixed.has(vector) || (vector.movable && room-- > 0));
}

/**
 * As many CPUs as vectors, in slot order. With workers, first those that no other NIC feeds, so that every worker gets
 * packets; otherwise near ones, and those that it uses already.
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
  // Weighs more than both others together, or less than either.
  const weight = workers ? 4 : 1 / 1024;
  const cost = (cpu: number) =>
    (load.get(cpu) ?? 0) * weight + (home.has(cpu) ? 0 : 2) + (on.has(cpu) ? 0 : 1);
  const chosen = new Set(cpus.toSorted((one, other) => cost(one) - cost(other)).slice(0, vectors.length));
  return cpus.filter((cpu) => chosen.has(cpu));
}

/** Queues without packets leave the workers' CPUs to the others, as long as there are other CPUs. */
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
