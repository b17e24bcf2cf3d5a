/** Waits as counted by wait-*.bt: of connections in the accept queue, of datagrams and data in the queue of their socket. */
import { holesFor } from '../../probes/text.ts';
import {
  BUCKETS,
  FACTOR,
  FIRST_BUCKETS,
  type Waiting,
  type WaitScript,
  waitScript,
} from '../../probes/wait.ts';
import { pairKeys } from './keys.ts';
import type { Counts, ProbeVariant, Question } from './types.ts';

/** Bucket of the probe -> count. */
export type Waits = ReadonlyMap<number, number>;

export function waitQuestion(waiting: Waiting, port: number, seconds: number): Question {
  const variant = (name: WaitScript): ProbeVariant => ({
    name,
    program: waitScript(waiting, name, holesFor(seconds, null)),
    fields: ['sock_common.skc_num', ...(waiting === 'datagram' ? ['udp_sock.reader_queue'] : [])],
    notes: [],
  });
  return {
    variants: [variant('fentry'), variant('tracepoint')],
    parameters: [String(port)],
    seconds,
    keys: pairKeys(),
  };
}

export const toWaits = (counts: Counts): Waits =>
  new Map([...(counts.get('waits') ?? [])].map(([bucket, count]) => [Number(bucket), count]));

/** @returns microseconds where a bucket of the probe begins, and its width */
export function bucketOf(bucket: number): { readonly from: number; readonly width: number } {
  if (bucket < FIRST_BUCKETS) return { from: bucket, width: 1 };
  const range = Math.floor((bucket - FIRST_BUCKETS) / BUCKETS);
  const from = FIRST_BUCKETS * FACTOR ** range;
  const width = FACTOR ** (range + 1);
  return { from: from + width * ((bucket - FIRST_BUCKETS) % BUCKETS), width };
}

/** Microseconds, interpolated inside of its bucket; null of no waits. @param share 0.5 for the median */
export function quantileOf(waits: Waits, share: number): number | null {
  const sorted = [...waits].sort(([a], [b]) => a - b);
  const wanted = share * sorted.reduce((sum, [, count]) => sum + count, 0);
  let below = 0;
  for (const [bucket, count] of sorted) {
    const { from, width } = bucketOf(bucket);
    if (below + count >= wanted && count > 0) return from + (width * (wanted - below)) / count;
    below += count;
  }
  return null;
}
