/** Shared phrases for numbers and sets, so that they read the same everywhere. */
import { formatCpuList } from '../host/cpus.ts';

const RANGES = 8;
const NAMES = 3;

/** `1 queue`, `8 queues`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Shown for an unknown value; its reason is in the notes. */
export const UNKNOWN = '-';

/** Share from 0 to 1 with one decimal, `12.5 %`; 100 % only for exactly all, 0 % only for exactly none. */
export function percent(share: number | null): string {
  if (share === null) return UNKNOWN;
  const tenths = Math.round(share * 1000);
  const shown = share < 1 ? Math.min(tenths, 999) : tenths;
  return share > 0 && shown === 0 ? '< 0.1 %' : `${(shown / 10).toString()} %`;
}

/** Numbers in any order as `0-3,8`; a very long list is cut. */
export function ranges(numbers: Iterable<number>): string {
  const all = formatCpuList([...new Set(numbers)].sort((a, b) => a - b)).split(',');
  return all.length > RANGES ? `${all.slice(0, RANGES).join(',')},…` : all.join(',');
}

/** `CPU 3`, `CPUs 0-3,8`. */
export function cpuNames(cpus: Iterable<number>): string {
  const text = ranges(cpus);
  return `${/^\d+$/.test(text) ? 'CPU' : 'CPUs'} ${text}`;
}

/** `slot 3`, `slots 4-7`. */
export function slotNames(slots: Iterable<number>): string {
  const text = ranges(slots);
  return `${/^\d+$/.test(text) ? 'slot' : 'slots'} ${text}`;
}

/** `rx-3`, `rx-0 … rx-7, rx-9, rx-10`, as the directories in /sys/class/net/X/queues are called. */
export function queueNames(direction: 'rx' | 'tx', indices: Iterable<number>): string {
  return ranges(indices)
    .split(',')
    .map((range) => {
      const [first, last] = range.split('-');
      if (last === undefined) return /^\d/.test(range) ? `${direction}-${first}` : range;
      return `${direction}-${first}${Number(last) === Number(first) + 1 ? ',' : ' …'} ${direction}-${last}`;
    })
    .join(', ');
}

/** `a, b`, or `a, b, c and 5 more`. */
export function names(all: readonly string[]): string {
  if (all.length <= NAMES + 1) return all.join(', ');
  return `${all.slice(0, NAMES).join(', ')} and ${all.length - NAMES} more`;
}
