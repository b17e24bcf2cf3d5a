import { percent } from '../../words/phrase.ts';
import { liveNics } from '../nics.ts';
import type { Facts, Finding } from '../types.ts';

/** A table of 128 entries, filled in turn, stays below at up to 32 queues (worst at 31: 1.21). */
const TOLERATED = 1.25;

/**
 * A table with few entries per queue cannot be fair: with 128 entries and 96 queues some get twice as much. There is no
 * command, because fewer queues mean fewer receiving CPUs, and a program by CPU would then starve workers.
 */
export function rssTableUneven({ host }: Facts): readonly Finding[] {
  return liveNics(host).flatMap((nic): Finding[] => {
    const table = nic.rss?.indirection ?? [];
    const entries = [...Map.groupBy(table, (queue) => queue).values()].map((of) => of.length);
    const most = Math.max(0, ...entries);
    const fair = table.length / entries.length;
    if (table.length === 0 || most <= fair * TOLERATED) return [];
    const fits = largestDivisor(table.length, entries.length);
    const inTurn = most === Math.ceil(fair);
    return [
      {
        rule: 'rss-table-uneven',
        severity: 'info',
        subject: nic.name,
        message:
          `The RSS table has ${table.length} entries for ${entries.length} queues: the fullest queue gets ` +
          `${percent(most / fair - 1)} more than a fair share. ` +
          (inTurn ? `${fits} queues would divide the table evenly.` : 'The table has been weighted.'),
        fix: [],
      },
    ];
  });
}

function largestDivisor(size: number, limit: number): number {
  let divisor = limit;
  while (size % divisor !== 0) divisor--;
  return divisor;
}
