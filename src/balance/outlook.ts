/** What a file would do: the share of each backend, and what it moves against another file. Pure. */
import { digestOf } from './digest.ts';
import { nameOfVip } from './file.ts';
import { type Moves, movesOf } from './moves.ts';
import { fairShare, ROWS, rowCounts, seedOf, tableOf } from './table.ts';
import type { Backend, Balancer, Vip } from './types.ts';

export interface BalanceOutlook {
  /** Equal digests decide alike. */
  readonly digest: string;
  readonly rows: typeof ROWS;
  readonly vips: readonly VipOutlook[];
  /** VIPs that the new file has no more; null without another file. */
  readonly removed: readonly string[] | null;
}

export interface VipOutlook extends Omit<Vip, 'backends'> {
  readonly vip: string;
  readonly backends: readonly BackendOutlook[];
  /** null without another file, and for a VIP that is new. */
  readonly moves: Moves | null;
}

export interface BackendOutlook extends Backend {
  readonly rows: number;
  /** By its weight, 0 to 1. */
  readonly share: number;
}

/** @param before the file that is in force; null: none, or not asked for */
export function outlookOf(after: Balancer, before: Balancer | null): BalanceOutlook {
  const seed = seedOf(after.seed);
  const tables = after.vips.map((vip) => ({ vip, table: tableOf(vip, seed) }));
  const old = new Map(before?.vips.map((vip) => [nameOfVip(vip), vip]));
  const oldSeed = before === null ? 0 : seedOf(before.seed);
  const names = new Set(after.vips.map(nameOfVip));
  return {
    digest: digestOf(seed, tables),
    rows: ROWS,
    vips: tables.map(({ vip, table }) => {
      const was = old.get(nameOfVip(vip));
      const counts = rowCounts(table, vip);
      return {
        ...vip,
        vip: nameOfVip(vip),
        backends: vip.backends.map((backend, at) => ({
          ...backend,
          rows: counts[at] ?? 0,
          share: fairShare(backend, vip),
        })),
        moves: was ? movesOf({ vip: was, table: tableOf(was, oldSeed) }, { vip, table }) : null,
      };
    }),
    removed: before === null ? null : [...old.keys()].filter((name) => !names.has(name)),
  };
}
