/** The number of RX queues that RSS can reach, if that is fewer than the NIC can have. */
import type { Nic } from '../host/types.ts';

/**
 * null: no known limit. 82598, 82599 and X540 have a table of 128 entries of four bits, X550 one of 512 entries of six
 * bits (ixgbe_rss_indir_tbl_max(), drivers/net/ethernet/intel/ixgbe).
 */
export function rssReach({ driver, rss }: Pick<Nic, 'driver' | 'rss'>): number | null {
  if (driver !== 'ixgbe' || rss === null || rss.indirection.length === 0) return null;
  return rss.indirection.length > 128 ? 64 : 16;
}
