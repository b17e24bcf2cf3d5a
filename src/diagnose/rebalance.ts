/** Busy interrupts that share one CPU, and which of them to move. */
import type { Host, Nic } from '../host/types.ts';
import { ENOUGH_INTERRUPTS, interruptLoads, isTooMuch, sum } from './interrupt-load.ts';
import { homeCpus } from './nics.ts';
import type { Placement, Rebalance } from './types.ts';
import { usableCpus } from './usable-cpus.ts';
import type { Vector } from './vectors.ts';

/** Moving is worth it only if the busier of two CPUs drops to this part of its load. */
const WORTH = 0.8;

interface Loaded {
  readonly nic: Nic;
  readonly vector: Vector;
  readonly load: number;
  cpu: number;
}

/** Where an interrupt goes, and the one that it is exchanged for; null: its new CPU had none. */
interface Step {
  readonly one: Loaded;
  readonly to: number;
  readonly other: Loaded | null;
}

export interface Settled {
  /** Where each vector goes without that. */
  readonly placements: readonly Placement[];
  /** CPUs that a worker is pinned to: if there are any, no other CPU begins to receive. */
  readonly workers: ReadonlySet<number>;
  /** The best CPUs first. */
  readonly sort: (cpus: readonly number[]) => readonly number[];
}

/**
 * Goes on until nothing is worth it. A busy vector goes to a CPU without interrupts, or changes places with one of its own NIC,
 * so that each NIC stays as evenly spread as it is.
 */
export function rebalances(host: Host, settled: Settled): readonly Rebalance[] {
  const usable = new Set(usableCpus(host));
  const all = settled.placements.flatMap(loaded).filter(({ cpu }) => usable.has(cpu));
  const total = sum(all.map(({ load }) => load));
  if (total < ENOUGH_INTERRUPTS) return [];
  const taken = new Set(
    settled.placements.flatMap(({ vectors, target }) =>
      vectors.flatMap((vector) => target.get(vector) ?? vector.cpu ?? []),
    ),
  );
  const free = settled.sort(
    [...usable].filter((cpu) => !taken.has(cpu) && (settled.workers.size === 0 || settled.workers.has(cpu))),
  );
  const idle = new Map(
    settled.placements.map(({ nic }) => {
      const home = homeCpus(host, nic);
      return [nic, new Set(free.filter((cpu) => home?.includes(cpu) ?? true))] as const;
    }),
  );
  const found: Rebalance[] = [];
  const most = Math.min(usable.size, all.length);
  for (let each = next(all, total, most, idle); each !== null; each = next(all, total, most, idle))
    found.push(each);
  return found;
}

function loaded({ nic, vectors, target }: Placement): Loaded[] {
  return [...(interruptLoads(vectors) ?? [])].flatMap(([vector, load]) => {
    const cpu = target.get(vector) ?? vector.cpu;
    return cpu === null || !vector.movable ? [] : [{ nic, vector, load, cpu }];
  });
}

/**
 * The best one for the busiest CPU that has one, done to `all`. Each lowers the sum of squares, so that there is an end. A fair
 * share is that of the CPUs which receive: the others may be kept free on purpose. One CPU alone is nobody's purpose.
 * @param most CPUs that could receive
 */
function next(
  all: readonly Loaded[],
  total: number,
  most: number,
  idle: ReadonlyMap<Nic, Set<number>>,
): Rebalance | null {
  const byCpu = Map.groupBy(all, ({ cpu }) => cpu);
  const loads = new Map([...byCpu].map(([cpu, on]) => [cpu, sum(on.map(({ load }) => load))] as const));
  const fair = 1 / (loads.size > 1 ? loads.size : most);
  for (const [cpu, own] of [...loads].sort(([, one], [, other]) => other - one)) {
    const on = byCpu.get(cpu) ?? [];
    if (!isTooMuch(own / total, fair)) return null;
    const best = on.length < 2 ? null : bestFor(own, on, all, loads, idle);
    if (best === null) continue;
    const { one, to, other } = best;
    one.cpu = to;
    if (other !== null) other.cpu = cpu;
    for (const each of idle.values()) each.delete(to);
    const back = other === null ? [] : [[other.vector, cpu] as const];
    return {
      cpu,
      share: own / total,
      fair,
      receives: on.map(({ nic, vector }) => ({ nic, vector })),
      nic: one.nic,
      moves: new Map([[one.vector, to], ...back]),
    };
  }
  return null;
}

function bestFor(
  own: number,
  on: readonly Loaded[],
  all: readonly Loaded[],
  loads: ReadonlyMap<number, number>,
  idle: ReadonlyMap<Nic, ReadonlySet<number>>,
): Step | null {
  let best: (Step & { readonly most: number }) | null = null;
  const consider = (step: Step) => {
    const less = own - step.one.load + (step.other?.load ?? 0);
    const more = (loads.get(step.to) ?? 0) - (step.other?.load ?? 0) + step.one.load;
    const most = Math.max(less, more);
    if (most <= own * WORTH && (best === null || most < best.most)) best = { ...step, most };
  };
  for (const one of on) {
    for (const other of all)
      if (other.nic === one.nic && other.cpu !== one.cpu) consider({ one, to: other.cpu, other });
    const [to] = idle.get(one.nic) ?? [];
    if (to !== undefined) consider({ one, to, other: null });
  }
  return best;
}
