/** Which groups are still those whose program was last as wanted. */
import { programFact } from './observe.ts';
import type { Observation } from './types.ts';

interface Known {
  /** Inodes. */
  readonly sockets: readonly number[];
  readonly isSame: boolean;
}

/**
 * A group lives as long as one of its sockets, and the kernel keeps its program as long (net/core/sock_reuseport.c). If each look
 * finds a socket of the look before, the group is the same, and only a system call can have changed its program.
 */
export class Persisting {
  #groups: ReadonlyMap<string, Known> = new Map();

  look({ generations, settings }: Observation): void {
    this.#groups = new Map(
      [...generations].map(([id, { sockets }]) => {
        const before = this.#groups.get(id);
        const shares = before?.sockets.some((inode) => sockets.includes(inode)) === true;
        const isAsWanted = [id, programFact(id)].some((subject) => settings.get(subject)?.state === 'as-set');
        const isSame = isAsWanted || (before?.isSame === true && shares);
        return [id, { sockets, isSame }];
      }),
    );
  }

  has(id: string): boolean {
    return this.#groups.get(id)?.isSame === true;
  }

  get size(): number {
    return this.#groups.size;
  }
}
