/**
 * Counters that only grow, made of sources that come and go: sockets are closed, watchers end. A plain sum would fall when
 * one is gone, which Prometheus takes for a restart: it would count all others again.
 */
export class Accumulator {
  /** Source -> its value when it was last seen. */
  #seen = new Map<string, number>();
  readonly #totals = new Map<string, number>();

  /**
   * The values of all sources that are there now, each with the total that its growth belongs to. A source that is new
   * counts from 0, and so does one that went backwards. A value of null is not known: it adds nothing, and the next one counts
   * from the last that was known.
   */
  update(values: Iterable<readonly [source: string, total: string, value: number | null]>): void {
    const seen = new Map<string, number>();
    const wanted = new Set<string>();
    for (const [source, total, value] of values) {
      wanted.add(total);
      const before = this.#seen.get(source) ?? 0;
      if (value === null) {
        if (this.#seen.has(source)) seen.set(source, before);
        continue;
      }
      const grown = value >= before ? value - before : value;
      seen.set(source, value);
      this.#totals.set(total, (this.#totals.get(total) ?? 0) + grown);
    }
    this.#seen = seen;
    // Else groups that come and go would pile up over months.
    for (const total of this.#totals.keys()) if (!wanted.has(total)) this.#totals.delete(total);
  }

  get totals(): ReadonlyMap<string, number> {
    return this.#totals;
  }
}
