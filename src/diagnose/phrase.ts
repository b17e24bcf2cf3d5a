/** The words that every rule uses for numbers and sets, so that they read alike. */
import { formatCpuList } from '../host/cpus.ts';

const RANGES = 8;
const NAMES = 3;

/** `1 queue`, `8 queues`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Share from 0 to 1 as `12.5 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1).replace('.0', '')} %`;
}

/** Numbers in any order as `0-3,8`; a list that no one would read to its end is cut. */
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
