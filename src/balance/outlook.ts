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

/** A file's own, with the 32 bits of its seed; or what is attached. */
export interface Seeded {
  readonly seed: number;
  readonly vips: readonly Vip[];
}

export const seeded = ({ seed, vips }: Balancer): Seeded => ({ seed: seedOf(seed), vips });

/** @param before what is in force; null: nothing, or not asked for */
export function outlookOf(after: Seeded, before: Seeded | null): BalanceOutlook {
  const { seed } = after;
  const tables = after.vips.map((vip) => ({ vip, table: tableOf(vip, seed) }));
  const old = new Map(before?.vips.map((vip) => [nameOfVip(vip), vip]));
  const oldSeed = before?.seed ?? 0;
  const names = new Set(after.vips.map(nameOfVip));
  return {
    digest: digestOf(seed, tables),
    rows: ROWS,
    vips: tables.map(({ vip, table }) => {
      const was = old.get(nameOfVip(vip));
      const counts = rowCounts(table, vip);
      return {
        vip: nameOfVip(vip),
        address: vip.address,
        port: vip.port,
        protocol: vip.protocol,
        backends: vip.backends.map((backend, at) => ({
          address: backend.address,
          mac: backend.mac,
          weight: backend.weight,
          via: backend.via,
          rows: counts[at] ?? 0,
          share: fairShare(backend, vip),
        })),
        moves: was ? movesOf({ vip: was, table: tableOf(was, oldSeed) }, { vip, table }) : null,
      };
    }),
    removed: before === null ? null : [...old.keys()].filter((name) => !names.has(name)),
  };
}
