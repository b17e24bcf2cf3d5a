/** How often something that costs may be done: some times in a row, then once in a while. Pure. */
export class Allowance {
  readonly #most: number;
  readonly #everyMs: number;
  /** When all of it is there again. */
  #fullAt = Number.NEGATIVE_INFINITY;

  /** @param most in a row @param everyMs after which one more is allowed */
  constructor(most: number, everyMs: number) {
    this.#most = most;
    this.#everyMs = everyMs;
  }

  /** From when on the next one is allowed; in the past if it is allowed now. */
  get next(): number {
    return this.#fullAt - (this.#most - 1) * this.#everyMs;
  }

  use(now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + this.#everyMs;
  }
}
