/** `measure` inside a guest, once it counts. */
import type { Accepts } from '../../src/measure/accept.ts';
import type { Program } from './machine/channel.ts';
import type { Guest } from './machine/guest.ts';

export interface Measuring<T> {
  readonly program: Program;
  /** Its first document. */
  readonly first: T;
}

interface Failed {
  readonly error?: { readonly code: string; readonly message: string };
}

/** `what`: `skb`, `accept --port 80`. Throws the error that it reports in place of a document. */
export async function startMeasure<T = unknown>(guest: Guest, what: string): Promise<Measuring<T>> {
  const program = guest.start(`exec locality-tune measure ${what} -i 1 -j`);
  const first = await program.json<T & Failed>();
  if (first.error !== undefined) throw new Error(`${first.error.code}: ${first.error.message}`);
  return { program, first };
}

export interface Matched {
  readonly accepts: number;
  /** Accepted on the CPU that received them. */
  readonly share: number;
}

/** Of at least `least` new connections. */
export async function countAccepts(guest: Guest, port: number, least: number): Promise<Matched> {
  const { program } = await startMeasure(guest, `accept --port ${port}`);
  let [accepts, matched] = [0, 0];
  while (accepts < least) {
    const interval = await program.json<Accepts>();
    accepts += interval.accepts;
    matched += interval.matched;
  }
  await program.end();
  return { accepts, share: matched / accepts };
}
