/** Additional RSS contexts of an interface (include/uapi/linux/ethtool_netlink.h; net/ethtool/rss.c). */
import { isErrno } from './errors.ts';
import { genlFamily, genlRequest } from './genetlink.ts';
import { type Ask, encodeAttribute, unsigned } from './netlink.ts';

const ETHTOOL_MSG_RSS_GET = 38;
const ETHTOOL_A_RSS_HEADER = 1;
const ETHTOOL_A_RSS_CONTEXT = 2;
const ETHTOOL_A_HEADER_DEV_NAME = 2;
const NLA_F_NESTED = 0x8000;

/**
 * Their numbers, ascending, without the main one; null before Linux 6.12, which can dump them first. Throws SystemError,
 * ENODEV when the interface has gone.
 */
export async function rssContexts(ask: Ask, device: string): Promise<readonly number[] | null> {
  const family = await genlFamily(ask, 'ethtool');
  if (family === null) return null;
  const name = encodeAttribute(ETHTOOL_A_HEADER_DEV_NAME, Buffer.from(`${device}\0`));
  const attributes = [encodeAttribute(ETHTOOL_A_RSS_HEADER | NLA_F_NESTED, name)];
  try {
    const request = { family, command: ETHTOOL_MSG_RSS_GET, dump: true, attributes };
    const contexts = await genlRequest(ask, request, 'ethtool rss-get');
    // The main one comes without a number, or with 0.
    const numbers = contexts.map((context) => unsigned(context.get(ETHTOOL_A_RSS_CONTEXT)) ?? 0);
    return numbers.filter((number) => number > 0).sort((one, other) => one - other);
  } catch (error) {
    if (isErrno(error, 'ENOTSUP')) return null;
    throw error;
  }
}
