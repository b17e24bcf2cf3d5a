/** Formats values; an unknown one is a dash, with the reason in the notes. */
import type { Cpus } from '../host/cpus.ts';
import { formatCpuList } from '../host/cpus.ts';
import { UNKNOWN } from '../words/phrase.ts';
import { delta, shift } from './fold.ts';
import type { Tone } from './text.ts';

export function shareTone(share: number | null): Tone {
  if (share === null) return 'unknown';
  if (share >= 0.995) return 'local';
  return share <= 0.005 ? 'remote' : 'partly';
}

export function cpuSet(cpus: Cpus | null): string {
  return cpus === null || cpus.length === 0 ? UNKNOWN : formatCpuList(cpus);
}

export function value(known: number | string | null): string {
  return known === null ? UNKNOWN : String(known);
}

/** Values of one column over folded rows: `7`, `0 … 127` if they rise evenly, otherwise `31 different`. */
export function series(values: readonly (number | null)[], prefix = ''): string {
  const [first = null] = values;
  const distinct = new Set(values);
  if (distinct.size <= 1) return first === null ? UNKNOWN : `${prefix}${first}`;
  return isSeries(values) ? `${prefix}${first} … ${values.at(-1)}` : `${distinct.size} different`;
}

/** Does each value differ from the one before it by the same amount? */
export function isSeries(values: readonly (number | null)[]): boolean {
  const steps = new Set(values.slice(1).map((value, at) => delta(values[at] ?? null, value)));
  return !values.includes(null) && steps.size <= 1;
}

/** Sets of one column over folded rows: `0-3`, `0 … 7`, otherwise `31 different`. @param none text for an empty set */
export function setSeries(sets: readonly (Cpus | null)[], none = UNKNOWN): string {
  const text = (set: Cpus | null) => (set !== null && set.length === 0 ? none : cpuSet(set));
  const texts = new Set(sets.map(text));
  const [first = UNKNOWN] = texts;
  if (texts.size === 1) return first;
  const moves = new Set(sets.slice(1).map((set, at) => shift(sets[at] ?? null, set)));
  return moves.size === 1 && !moves.has(null)
    ? `${first} … ${text(sets.at(-1) ?? null)}`
    : `${texts.size} different`;
}

/** A count in at most five characters: `9999`, `132k`, `1.2M`. */
export function short(count: number): string {
  if (count < 10_000) return String(count);
  const [unit, size] = count < 999_500 ? ['k', 1e3] : count < 999_500_000 ? ['M', 1e6] : ['G', 1e9];
  const scaled = count / size;
  return `${scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}

/** `count` per second, short; 0 for a measurement without duration. */
export const perSecond = (count: number, seconds: number): string =>
  short(seconds > 0 ? Math.round(count / seconds) : 0);

/** Ascending queue numbers of folded rows: `rx-3`, `rx-0 … 7`, and with gaps `rx 0-3,8`. */
export function queueSet(kind: 'rx' | 'tx', queues: readonly number[]): string {
  const first = queues[0] ?? 0;
  const last = queues.at(-1) ?? first;
  if (last === first) return `${kind}-${first}`;
  return last - first + 1 === queues.length
    ? `${kind}-${first} … ${last}`
    : `${kind} ${formatCpuList(queues)}`;
}
