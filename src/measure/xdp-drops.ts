/** What XDP lost, as counted by xdp-drops.bt, by program and by entry of a CPU map. */
import { holesFor } from '../../probes/text.ts';
import { xdpDropsScript } from '../../probes/xdp-drops.ts';
import { pairKeys } from './keys.ts';
import type { Counts, Question } from './types.ts';

export function xdpDropsQuestion(seconds: number): Question {
  const program = xdpDropsScript(holesFor(seconds, null));
  const variants = [{ name: 'tracepoint', program, fields: [], notes: [] }];
  return { variants, parameters: [], seconds, keys: pairKeys() };
}

export interface LostByProgram {
  readonly programId: number;
  /** enum xdp_action: 0 aborted, 3 tx, 4 redirect; null for a failed redirect. */
  readonly action: number | null;
  /** Of a failed redirect, positive; otherwise null. */
  readonly errno: number | null;
  readonly count: number;
}

export interface LostOnWay {
  readonly mapId: number;
  readonly cpu: number;
  /** The queue was full, or there was no memory for a socket buffer. */
  readonly why: 'queue' | 'memory';
  readonly count: number;
}

export interface XdpDrops {
  readonly programs: readonly LostByProgram[];
  readonly ways: readonly LostOnWay[];
}

export function toXdpDrops(counts: Counts): XdpDrops {
  const way = (why: LostOnWay['why']) =>
    summed(counts, why).map(([mapId, cpu, count]) => ({ mapId, cpu, why, count }));
  return {
    programs: [
      ...summed(counts, 'exceptions').map(([programId, action, count]) => ({
        programId,
        action,
        errno: null,
        count,
      })),
      ...summed(counts, 'errors').map(([programId, errno, count]) => ({
        programId,
        action: null,
        errno: Math.abs(errno),
        count,
      })),
    ],
    ways: [...way('queue'), ...way('memory')],
  };
}

/** Over the CPUs that counted, which are the last key. */
function summed(counts: Counts, map: string): readonly (readonly [number, number, number])[] {
  const sums = new Map<string, number>();
  for (const [key, count] of counts.get(map) ?? []) {
    const pair = key.slice(0, key.lastIndexOf(','));
    sums.set(pair, (sums.get(pair) ?? 0) + count);
  }
  return [...sums]
    .filter(([, count]) => count > 0)
    .map(([pair, count]) => {
      const [first = 0, second = 0] = pair.split(',').map(Number);
      return [first, second, count] as const;
    });
}
