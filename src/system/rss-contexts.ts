/** Additional RSS contexts of an interface (include/uapi/linux/ethtool_netlink.h; net/ethtool/rss.c). */
import { isErrno } from './errors.ts';
import { decodeHashFunction } from './ethtool.ts';
import { genlFamily, genlRequest } from './genetlink.ts';
import { type Ask, encodeAttribute, unsigned } from './netlink.ts';
import type { RssContext } from './types.ts';

const ETHTOOL_MSG_RSS_GET = 38;
const ETHTOOL_A_RSS_HEADER = 1;
const ETHTOOL_A_RSS_CONTEXT = 2;
const ETHTOOL_A_RSS_HFUNC = 3;
const ETHTOOL_A_RSS_INDIR = 4;
const ETHTOOL_A_RSS_HKEY = 5;
const ETHTOOL_A_HEADER_DEV_NAME = 2;
const NLA_F_NESTED = 0x8000;

/**
 * Ascending, without the main one; null before Linux 6.12, the first that can dump them. Throws SystemError, ENODEV if
 * the interface is gone.
 */
export async function rssContexts(ask: Ask, device: string): Promise<readonly RssContext[] | null> {
  const family = await genlFamily(ask, 'ethtool');
  if (family === null) return null;
  const name = encodeAttribute(ETHTOOL_A_HEADER_DEV_NAME, Buffer.from(`${device}\0`));
  const attributes = [encodeAttribute(ETHTOOL_A_RSS_HEADER | NLA_F_NESTED, name)];
  try {
    const request = { family, command: ETHTOOL_MSG_RSS_GET, dump: true, attributes };
    const contexts = await genlRequest(ask, request, 'ethtool rss-get');
    return contexts
      .map(toContext)
      .filter(({ context }) => context > 0)
      .sort((one, other) => one.context - other.context);
  } catch (error) {
    if (isErrno(error, 'ENOTSUP')) return null;
    throw error;
  }
}

/** The main one has no number, or 0. */
function toContext(attributes: ReadonlyMap<number, Uint8Array>): RssContext {
  return {
    context: unsigned(attributes.get(ETHTOOL_A_RSS_CONTEXT)) ?? 0,
    indirection: words(attributes.get(ETHTOOL_A_RSS_INDIR)),
    key: Uint8Array.from(attributes.get(ETHTOOL_A_RSS_HKEY) ?? []),
    hashFunction: decodeHashFunction(unsigned(attributes.get(ETHTOOL_A_RSS_HFUNC)) ?? 0),
  };
}

function words(bytes: Uint8Array = new Uint8Array()): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(4 * i, true));
}
