/** Interfaces and groups that have just changed as a whole: what drifts then is put down to that, and waits until it is over. */

/** An interface or a group changed as a whole. */
export interface Disturbance {
  readonly at: number;
  readonly what: string;
  readonly of: 'interface' | 'server';
}

/**
 * What happens within so long after an event of its interface or group is put down to that. What is attached to a group is
 * only seen once bpftrace has started, which takes long on a busy machine.
 */
const RECENT_MS = { interface: 5_000, server: 60_000 } as const;

export class Disturbances {
  readonly #byName = new Map<string, Disturbance>();

  get size(): number {
    return this.#byName.size;
  }

  /** A change of channels also changes the table, and takes the link down and up: the first one is the cause. */
  heard(name: string, what: string, now: number): void {
    const first = this.#byName.get(name);
    const isOne = first !== undefined && now - first.at < RECENT_MS.interface;
    this.#byName.set(name, { at: now, what: isOne ? first.what : what, of: 'interface' });
  }

  /** @param name of an interface or a group */
  seen(name: string, what: string, of: Disturbance['of'], now: number): void {
    this.#byName.set(name, { at: now, what, of });
  }

  /** What a drift now is put down to. @param owner null: it is the whole machine's */
  recent(owner: string | null, now: number): Disturbance | null {
    const found = owner === null ? undefined : this.#byName.get(owner);
    return found !== undefined && now - found.at < RECENT_MS[found.of] ? found : null;
  }

  /** It is no reason for anything after a while. */
  forget(now: number, settleMs: number): void {
    for (const [name, { at, of }] of this.#byName)
      if (now - at > Math.max(RECENT_MS[of], settleMs)) this.#byName.delete(name);
  }
}
