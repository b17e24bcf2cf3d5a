/** For NICs without workers to serve, a plan does what the commands of `inspect` do, so that both lead to the same end. */
import { afterCommands } from '../../diagnose/diagnose.ts';
import { oneCpu } from '../../diagnose/nics.ts';
import { type Vector, vectorsOf } from '../../diagnose/vectors.ts';
import { threadOf } from '../../diagnose/workers.ts';
import type { Host, Irq, Nic } from '../../host/types.ts';
import { remember } from '../../path/remember.ts';
import { viewOf } from '../../path/view.ts';

const findingsOf = remember((host: Host) => {
  const { view, found } = afterCommands(viewOf(host));
  const rules = found.flatMap(({ rule, fix }) =>
    fix.flatMap((command) =>
      [...command.matchAll(/\/proc\/irq\/(\d+)\//g)].map(([, irq]) => [Number(irq), rule] as const),
    ),
  );
  const owners = view.host.groups.flatMap(({ sockets }) => sockets.flatMap((socket) => socket.owners));
  // Those of a program's advice are not in the view.
  const pins = new Map(
    found.flatMap(({ fix }) =>
      fix.flatMap((command) => {
        const [, cpu, tid] = /^taskset -cp (\d+) (\d+)$/.exec(command) ?? [];
        return cpu === undefined ? [] : [[Number(tid), Number(cpu)] as const];
      }),
    ),
  );
  return {
    nics: new Map(view.host.nics.map((nic) => [nic.name, nic])),
    ruleOf: new Map(rules),
    pins: new Map(
      owners.flatMap((owner) => {
        const cpu = pins.get(owner.tid ?? -1);
        return cpu === undefined ? [] : [[threadOf(owner), cpu] as const];
      }),
    ),
  };
});

/** The CPU of each worker that is pinned then, by thread. */
export const pinsOfFindings = (host: Host): ReadonlyMap<string, number> => findingsOf(host).pins;

/** After the commands of findings, but those that attach programs. */
export const nicAfterFindings = (host: Host, { name }: Nic): Nic | undefined =>
  findingsOf(host).nics.get(name);

/** The last rule whose command moves an interrupt. */
export const ruleThatMoves = (host: Host, irq: number): string | undefined =>
  findingsOf(host).ruleOf.get(irq);

/**
 * The CPU of each interrupt after the commands of findings; null: not known. Interrupts of one vector that stay on
 * different CPUs are vectors of their own. null if the CPU of a queue is not known, or is about to change with the channels.
 */
export function vectorsAsFound(
  host: Host,
  nic: Nic,
  coming: number | null,
): ReadonlyMap<Vector, number | null> | null {
  const after = nicAfterFindings(host, nic);
  const vectors = vectorsOf(nic, coming);
  if (after === undefined) return null;
  // Where /proc/irq could not be read, a queue is where its interrupts were counted.
  const counted = new Map([...after.rxQueues, ...after.txQueues].map((queue) => [queue.irq, oneCpu(queue)]));
  const later = new Map(after.irqs.map((irq) => [irq.irq, cpuOf(irq) ?? counted.get(irq.irq) ?? null]));
  const at = (irq: Irq) => later.get(irq.irq) ?? null;
  if (
    vectors.some(
      ({ rx, irqs: [irq], movable }) => movable && rx.length > 0 && (irq === undefined || at(irq) === null),
    )
  )
    return null;
  return new Map(
    vectors.flatMap((vector): [Vector, number | null][] => {
      const [irq] = vector.irqs;
      if (irq === undefined) return [[vector, vector.cpu]];
      const parts = new Map([...Map.groupBy(vector.irqs, at)]);
      if (parts.size === 1) return [[vector, at(irq) ?? vector.cpu]];
      return [...parts].map(([cpu, irqs]) => [part(nic, vector, irqs), cpu]);
    }),
  );
}

/** If it may go to several CPUs, where it goes now. */
function cpuOf({ affinity, effective }: Irq): number | null {
  for (const cpus of [affinity, effective]) if (cpus?.length === 1) return cpus[0] ?? null;
  return null;
}

/** Some interrupts of a vector, with their queues. */
function part(nic: Nic, vector: Vector, irqs: readonly Irq[]): Vector {
  const own = new Set(irqs.map(({ irq }) => irq));
  const of = (queues: Nic['rxQueues'] | Nic['txQueues'], among: readonly number[]) =>
    queues.filter(({ irq, index }) => own.has(irq ?? -1) && among.includes(index)).map(({ index }) => index);
  const tx = of(nic.txQueues, vector.tx);
  return { ...vector, irqs, rx: of(nic.rxQueues, vector.rx), tx };
}
