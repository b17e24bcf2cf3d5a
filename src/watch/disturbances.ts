/** What has just changed interfaces, groups and CPUs as a whole: what drifts then is put down to that, and waits until it is over. */
import { formatCpuList, parseCpuList } from '../host/cpus.ts';
import type { Host } from '../host/types.ts';
import type { Kind } from '../tune/types.ts';
import type { Notice } from './watched-machine.ts';

/** Why something may have drifted a moment ago. */
export interface Disturbance {
  readonly at: number;
  readonly what: string;
  readonly of: 'interface' | 'server' | 'cpu';
}

/**
 * What happens within so long after an event of its interface, CPU or group is put down to that. What is attached to a group is
 * only seen once bpftrace has started, which takes long on a busy machine.
 */
const RECENT_MS = { interface: 5_000, cpu: 5_000, server: 60_000 } as const;

type OfInterface = Pick<Extract<Notice, { readonly about: 'interface' }>, 'what' | 'changes' | 'own'>;

interface Known extends Disturbance {
  /** Other changes bring it about, so it gives way to them as a cause. */
  readonly isWeak: boolean;
}

/** The kernel moves these when their CPUs go offline: irq_migrate_all_off_this_cpu(), select_fallback_rq(). */
const ON_CPUS: ReadonlySet<Kind> = new Set(['irq', 'pin', 'napi']);

export class Disturbances {
  readonly #byName = new Map<string, Known>();
  /** `INTERFACE KIND` -> that this kind of setting was changed, as the kernel reported it. */
  readonly #own = new Map<string, Disturbance>();
  readonly #cpus = new Map<number, number>();

  get size(): number {
    return this.#byName.size + this.#own.size + this.#cpus.size;
  }

  /** The first of several is the cause: a change of channels also changes the table, and takes the link down and up. */
  heard(name: string, { what, changes, own }: OfInterface, now: number): void {
    for (const kind of own) this.#own.set(`${name} ${kind}`, { at: now, what, of: 'interface' });
    if (changes === 'own') return;
    const first = this.#byName.get(name);
    const isWeak = changes === 'link';
    const isFirst = first === undefined || now - first.at >= RECENT_MS.interface || (first.isWeak && !isWeak);
    this.#byName.set(name, isFirst ? { at: now, what, of: 'interface', isWeak } : { ...first, at: now });
  }

  /** @param id of a group */
  serverChanged(id: string, what: string, now: number): void {
    this.#byName.set(id, { at: now, what, of: 'server', isWeak: false });
  }

  /** What was on this CPU has moved. It does not come back with the CPU. */
  offline(cpu: number, now: number): void {
    this.#cpus.set(cpu, now);
  }

  /** When the interface or group last changed as a whole; null: not recently. @param owner null: the whole machine's */
  changed(owner: string | null, now: number): Disturbance | null {
    const found = owner === null ? undefined : this.#byName.get(owner);
    return found !== undefined && isRecent(found, now) ? found : null;
  }

  /** What the drift of a setting now is put down to. */
  causeOf(
    { kind, owner, wanted }: { readonly kind: Kind; readonly owner: string | null; readonly wanted: string },
    now: number,
  ): Disturbance | null {
    const cpus = ON_CPUS.has(kind) ? (parseCpuList(wanted) ?? []) : [];
    const lost = cpus.flatMap((cpu) => this.#cpus.get(cpu) ?? []).filter((at) => now - at < RECENT_MS.cpu);
    // As long as one of them is left, nothing moves.
    if (cpus.length > 0 && lost.length === cpus.length)
      return { at: Math.max(...lost), what: `CPU ${formatCpuList(cpus)} went offline`, of: 'cpu' };
    const own = this.#own.get(`${owner} ${kind}`);
    return own !== undefined && isRecent(own, now) ? own : this.changed(owner, now);
  }

  /** It is no reason for anything after a while. */
  forget(now: number, settleMs: number): void {
    for (const map of [this.#byName, this.#own])
      for (const [name, { at, of }] of map)
        if (now - at > Math.max(RECENT_MS[of], settleMs)) map.delete(name);
    for (const [cpu, at] of this.#cpus) if (now - at > RECENT_MS.cpu) this.#cpus.delete(cpu);
  }
}

/** The CPUs that a setting of this value needs, if none of them is online; null: it can be set. */
export function offlineCpus(kind: Kind, wanted: string, { machine }: Host): string | null {
  const cpus = ON_CPUS.has(kind) ? (parseCpuList(wanted) ?? []) : [];
  const isLost = cpus.length > 0 && !cpus.some((cpu) => machine.cpus.online.includes(cpu));
  return isLost ? formatCpuList(cpus) : null;
}

const isRecent = ({ at, of }: Disturbance, now: number): boolean => now - at < RECENT_MS[of];
