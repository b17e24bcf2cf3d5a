/** When slots and programs are read again, which takes a second of CPU time. */
import { Allowance } from './allowance.ts';
import type { WatcherOptions } from './times.ts';
import type { Reading, SlotReading } from './watched-machine.ts';

/** If the workers of a server change all the time, its slots are read after this many settle times. */
const MOST_SETTLES = 3;

export class SlotSchedule {
  readonly #options: WatcherOptions;
  readonly #reads: Allowance;
  /** When members or workers last changed. */
  #serversChanged = Number.NEGATIVE_INFINITY;
  /** Since when slots have not been known; null: they are. */
  #outdatedSince: number | null = null;
  #due: number;

  /** The baseline was made from slots that were read a moment ago. */
  constructor(options: WatcherOptions, now: number) {
    this.#options = options;
    this.#reads = new Allowance(options.slotReads, options.slotReadMs);
    this.#due = now + options.slotsMs;
  }

  /** They are to be read with the next look. */
  ask(now: number): void {
    this.#due = Math.min(this.#due, now);
  }

  serversChanged(now: number): void {
    this.#serversChanged = now;
  }

  /** How to read now. */
  wanted(now: number): SlotReading {
    if (this.#next(now) > now) return 'keep';
    return this.#due <= now ? 'again' : 'if-changed';
  }

  /** It was read. Returns when to look again for what was put off; null: nothing was. */
  done({ slots, outdated }: Reading, now: number): number | null {
    const next = this.#next(now);
    this.#outdatedSince = outdated ? (this.#outdatedSince ?? now) : null;
    if (slots) {
      this.#reads.use(now);
      this.#due = now + this.#options.slotsMs;
      return null;
    }
    return this.#due <= now || outdated ? next : null;
  }

  /** A reload changes the sockets twice, at its start and when the old workers end: they are read once it has settled. */
  #next(now: number): number {
    const { groupSettleMs } = this.#options.policy;
    const settled = Math.min(
      this.#serversChanged + groupSettleMs,
      (this.#outdatedSince ?? now) + MOST_SETTLES * groupSettleMs,
    );
    return Math.max(this.#reads.next, settled);
  }
}
