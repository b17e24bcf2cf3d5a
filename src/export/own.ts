/** Metrics of this process: what it costs. */
import type { Files } from '../system/types.ts';
import type { Scrape } from './scrape.ts';

/** USER_HZ */
const TICKS = 100;

export function addOwnCost(scrape: Scrape, files: Files): void {
  const { user, system } = process.cpuUsage();
  scrape.add('cpu_seconds_total', { process: 'exporter' }, (user + system) / 1e6);
  scrape.add('cpu_seconds_total', { process: 'children' }, childSeconds(files.text('/proc/self/stat') ?? ''));
  scrape.add('resident_memory_bytes', {}, process.memoryUsage.rss());
}

/** cutime and cstime, fields 16 and 17 of proc_pid_stat(5); null if that is not its text. */
export function childSeconds(stat: string): number | null {
  // The name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[13]) + Number(fields[14]);
  return Number.isFinite(ticks) ? ticks / TICKS : null;
}
