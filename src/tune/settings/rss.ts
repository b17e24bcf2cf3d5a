/** The RSS indirection table: `ethtool -X`. */
import { failure } from '../../system/errors.ts';
import { setIndirection } from '../../system/ethtool-set.ts';
import type { EthtoolFacts } from '../../system/types.ts';
import type { Target } from '../types.ts';
import { requireInterface } from './queue-files.ts';
import { type Setting, sameText } from './setting.ts';

export const rss: Setting<Extract<Target, { readonly kind: 'rss' }>> = {
  find: async ({ files }, target) => {
    requireInterface(files, target.nic);
    return target;
  },
  read: async ({ kernel }, { nic }) => tableText(await kernel.ethtool(nic)),
  write: async ({ controls }, { nic }, value) => {
    await setIndirection((request) => controls.ethtool(nic, request), parseTable(value));
  },
  wanted: async ({ kernel }, { nic }, to) => {
    const table = parseTable(to);
    return table === 'default' ? table : textOf(table, queuesOf(await kernel.ethtool(nic)));
  },
  same: sameText,
};

function tableText(facts: EthtoolFacts): string | null {
  const table = facts.rss?.indirection ?? [];
  return table.length === 0 ? null : textOf(table, queuesOf(facts) || Math.max(...table) + 1);
}

function queuesOf({ channels }: EthtoolFacts): number {
  const { combined = 0, rx = 0 } = channels?.current ?? {};
  return combined + rx;
}

/**
 * `default` for the kernel's own spread (ethtool_rxfh_indir_default: entry i to queue i mod N). It cannot be read
 * whether a user has set the same bytes; restoring them as a table would mark it as set by a user, and the kernel would
 * later refuse fewer channels.
 */
const textOf = (table: readonly number[], queues: number): string =>
  table.every((queue, entry) => queue === entry % queues) ? 'default' : table.join(' ');

function parseTable(value: string): readonly number[] | 'default' {
  if (value === 'default') return value;
  const table = value.split(' ').map((word) => (/^\d+$/.test(word) ? Number(word) : Number.NaN));
  if (table.some(Number.isNaN)) throw failure('not-a-table', `'${value}' is not an RSS table`, 'plan again');
  return table;
}
