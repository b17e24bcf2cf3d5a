/** What is remembered of each setting between two looks. As many as the baseline has settings, however long it runs. */
import { FRESH, type Memory } from './policy.ts';
import type { Writer } from './writer.ts';

export interface Item {
  memory: Memory;
  /** Who wrote it last, since it was last as wanted; null: the kernel does not name them; undefined: nobody was heard. */
  writer: Writer | null | undefined;
  /** Its writer has been named: a later change needs another write to be their doing. */
  isNamed: boolean;
  /** Its value when its drift was last reported; undefined: it has not drifted. */
  told: string | null | undefined;
  /** How its drift came about. */
  cause: string;
  /** When its drift was first seen. */
  seenAt: number | null;
}

export class Items {
  readonly #items = new Map<string, Item>();

  /** @param subject of the setting */
  of(subject: string): Item {
    const known = this.#items.get(subject);
    if (known !== undefined) return known;
    const fresh: Item = {
      memory: FRESH,
      writer: undefined,
      isNamed: false,
      told: undefined,
      cause: '',
      seenAt: null,
    };
    this.#items.set(subject, fresh);
    return fresh;
  }

  /** Forgets the settings that are neither watched nor drifted any more. */
  keep(subjects: ReadonlySet<string>): void {
    for (const subject of this.#items.keys()) if (!subjects.has(subject)) this.#items.delete(subject);
  }

  /** Its drift is over for those that are not among these. */
  settle(drifted: ReadonlySet<string>): void {
    for (const [subject, item] of this.#items) if (!drifted.has(subject)) item.told = undefined;
  }

  /** Nothing that was repaired is held against anybody. */
  forgive(): void {
    for (const item of this.#items.values()) item.memory = FRESH;
  }

  /** What writers of this name have undone is not held against them any more, and is repaired again. */
  forgiveWriters(name: RegExp): void {
    for (const item of this.#items.values())
      if ([...item.memory.undone.keys()].some((writer) => name.test(writer))) item.memory = FRESH;
  }

  get givenUp(): readonly string[] {
    return [...this.#items].flatMap(([subject, { memory }]) => (memory.givenUp === null ? [] : [subject]));
  }

  get size(): number {
    return this.#items.size;
  }
}
