/** What a new file changes for the flows of one VIP. Pure. */

import { ROWS, type Table } from './table.ts';
import type { Backend, Vip } from './types.ts';

export interface Served {
  readonly vip: Pick<Vip, 'backends'>;
  readonly table: Table;
}

export interface Moves {
  /** Rows with another backend than before. */
  readonly rows: number;
  /** Of them, rows of a backend that is still there: open connections of these rows break, because nothing knows them. */
  readonly broken: number;
  /** Of them, rows of a backend that is gone: its connections are lost anyway. */
  readonly orphaned: number;
  readonly pairs: readonly Move[];
}

export interface Move {
  /** Addresses. */
  readonly from: string;
  readonly to: string;
  readonly rows: number;
}

/** Backends are compared by address: their order, weight and MAC address may differ. */
export function movesOf(before: Served, after: Served): Moves {
  const stays = new Set(after.vip.backends.filter(isServing).map(({ address }) => address));
  const pairs = new Map<string, number>();
  for (let row = 0; row < ROWS; row++) {
    const [from, to] = [addressAt(before, row), addressAt(after, row)];
    if (from !== to) pairs.set(`${from} ${to}`, (pairs.get(`${from} ${to}`) ?? 0) + 1);
  }
  const moves = Array.from(pairs, ([pair, rows]): Move => {
    const [from = '', to = ''] = pair.split(' ');
    return { from, to, rows };
  }).sort((a, b) => b.rows - a.rows);
  const total = (some: readonly Move[]) => some.reduce((sum, { rows }) => sum + rows, 0);
  const broken = total(moves.filter(({ from }) => stays.has(from)));
  const rows = total(moves);
  return { rows, broken, orphaned: rows - broken, pairs: moves };
}

const isServing = ({ weight }: Backend): boolean => weight > 0;

const addressAt = ({ vip, table }: Served, row: number): string =>
  vip.backends[table[row] ?? 0]?.address ?? '';
