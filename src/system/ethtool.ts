/**
 * SIOCETHTOOL (include/uapi/linux/ethtool.h, net/ethtool/ioctl.c): requests, and decoders that return null for an
 * answer that is too short. The ioctls work on every kernel, and nearly all for every user.
 */
import { isSystemError } from './errors.ts';
import type { ChannelCounts, EthtoolFacts } from './types.ts';

/** One ioctl on one interface: takes the structure, returns it as changed by the kernel. */
export type AskEthtool = (request: Uint8Array) => Promise<Uint8Array>;

const ETHTOOL_GDRVINFO = 0x03;
const ETHTOOL_GRINGPARAM = 0x10;
const ETHTOOL_GSTRINGS = 0x1b;
const ETHTOOL_GSTATS = 0x1d;
const ETHTOOL_GRXFH = 0x29;
const ETHTOOL_GRXCLSRLCNT = 0x2e;
const ETHTOOL_GSSET_INFO = 0x37;
export const ETHTOOL_GCHANNELS = 0x3c;
export const ETHTOOL_GRSSH = 0x46;
const ETH_SS_STATS = 1;
const ETH_GSTRING_LEN = 32;
export const FLOWS = { tcp4: 1, udp4: 2, tcp6: 5, udp6: 6 } as const;
const SIZEOF_DRVINFO = 196;
const SIZEOF_RINGPARAM = 36;
export const SIZEOF_CHANNELS = 36;
export const SIZEOF_RXNFC = 192;
export const SIZEOF_RXFH = 24;
const SIZEOF_SSET_INFO = 20;
const RULE_CNT = 184;
/** Far above the table or list of any driver, so that a garbled answer does not become a huge request. */
const MAX_ENTRIES = 1 << 20;

/** ETH_RSS_HASH_*: one bit of `hfunc` each. */
const HASH_FUNCTIONS = ['toeplitz', 'xor', 'crc32'];
/** RXH_XFRM_*: the transform of the hash input, by bit of `input_xfrm`, which follows `hfunc`. */
const INPUT_XFRMS = ['none', 'symmetric-xor', 'symmetric-or-xor'];
/** RXH_*: the letters of `ethtool -N … rx-flow-hash`, by bit. */
export const HASH_FIELDS: readonly (readonly [bit: number, letter: string])[] = [
  [1, 'm'],
  [2, 'v'],
  [3, 't'],
  [4, 's'],
  [5, 'd'],
  [6, 'f'],
  [7, 'n'],
  [31, 'r'],
];

/**
 * Has the driver refused a query? It may do so with any error, so whatever the ioctl itself answers counts, but not ENODEV,
 * which means that the interface has disappeared.
 */
export const isRefusal = (error: unknown): boolean =>
  isSystemError(error) && error.syscall === 'ioctl' && error.code !== 'ENODEV';

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A structure of `size` bytes that begins with these 32-bit words, the rest zero. */
export function encodeWords(size: number, ...words: readonly number[]): Uint8Array {
  const request = new Uint8Array(size);
  const view = viewOf(request);
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, true);
  });
  return request;
}

function words(bytes: Uint8Array, from: number, count: number): number[] {
  const view = viewOf(bytes);
  const whole = Math.max(0, Math.min(count, Math.floor((bytes.length - from) / 4)));
  return Array.from({ length: whole }, (_, i) => view.getUint32(from + 4 * i, true));
}

function text(bytes: Uint8Array, from: number, length: number): string {
  const field = Buffer.from(bytes.subarray(from, from + length)).toString('latin1');
  return field.slice(0, field.indexOf('\0') >>> 0).trim();
}

export function decodeDriver(bytes: Uint8Array): EthtoolFacts['driver'] {
  if (bytes.length < SIZEOF_DRVINFO) return null;
  return {
    driver: text(bytes, 4, 32),
    version: text(bytes, 36, 32),
    firmware: text(bytes, 68, 32),
    busInfo: text(bytes, 100, 32),
  };
}

export function decodeChannels(bytes: Uint8Array): EthtoolFacts['channels'] {
  if (bytes.length < SIZEOF_CHANNELS) return null;
  const counts = (from: number): ChannelCounts => {
    const [rx = 0, tx = 0, other = 0, combined = 0] = words(bytes, from, 4);
    return { rx, tx, other, combined };
  };
  return { max: counts(4), current: counts(20) };
}

export function decodeRings(bytes: Uint8Array): EthtoolFacts['rings'] {
  if (bytes.length < SIZEOF_RINGPARAM) return null;
  const [, rxMax = 0, , , txMax = 0, rx = 0, , , tx = 0] = words(bytes, 0, 9);
  return { rx: { current: rx, max: rxMax }, tx: { current: tx, max: txMax } };
}

/** Entries of the indirection table, and bytes of the key. */
function rssSizes(bytes: Uint8Array): { indirection: number; key: number } {
  const [, , indirection = 0, key = 0] = words(bytes, 0, 4);
  return { indirection, key };
}

/** toeplitz, xor, crc32; null for none of them. `hfunc` is a bit of ETH_RSS_HASH_*. */
export function decodeHashFunction(hfunc: number): string | null {
  return HASH_FUNCTIONS.find((_, bit) => hfunc === 1 << bit) ?? null;
}

/** null if there is neither a table nor a key. */
export function decodeRss(bytes: Uint8Array): EthtoolFacts['rss'] {
  const sizes = rssSizes(bytes);
  const key = SIZEOF_RXFH + 4 * sizes.indirection;
  if (sizes.indirection + sizes.key === 0 || bytes.length < key + sizes.key) return null;
  return {
    indirection: words(bytes, SIZEOF_RXFH, sizes.indirection),
    key: Uint8Array.from(bytes.subarray(key, key + sizes.key)),
    hashFunction: decodeHashFunction(bytes[16] ?? 0),
    inputXfrm: INPUT_XFRMS[bytes[17] ?? 0] ?? null,
  };
}

/** `sdfn`; empty if nothing of the flow is hashed. */
export function decodeHashFields(bytes: Uint8Array): string | null {
  const [fields] = words(bytes, 8, 1);
  if (fields === undefined) return null;
  return HASH_FIELDS.filter(([bit]) => fields & (1 << bit))
    .map(([, letter]) => letter)
    .join('');
}

export function decodeRuleCount(bytes: Uint8Array): number | null {
  return words(bytes, RULE_CNT, 1)[0] ?? null;
}

/** struct ethtool_gstrings and ethtool_stats of one driver, joined; null if they differ in length. */
export function decodeStatistics(strings: Uint8Array, stats: Uint8Array): Map<string, bigint> | null {
  const [, , count = 0] = words(strings, 0, 3);
  const whole = strings.length >= 12 + count * ETH_GSTRING_LEN && stats.length >= 8 + count * 8;
  if (!whole || count !== words(stats, 4, 1)[0]) return null;
  const values = viewOf(stats);
  const entries = Array.from({ length: count }, (_, i): [string, bigint] => [
    text(strings, 12 + i * ETH_GSTRING_LEN, ETH_GSTRING_LEN),
    values.getBigUint64(8 + i * 8, true),
  ]);
  return new Map(entries);
}

/** Everything that `ethtool -i -l -g -x -n` shows. Throws SystemError, ENODEV if the interface is gone. */
export async function ethtoolFacts(ask: AskEthtool): Promise<Omit<EthtoolFacts, 'rules' | 'rssContexts'>> {
  const one = async <T>(request: Uint8Array, decode: (answer: Uint8Array) => T | null): Promise<T | null> => {
    const answer = await askOptional(ask, request);
    return answer && decode(answer);
  };
  const fields = (flow: number) => one(encodeWords(SIZEOF_RXNFC, ETHTOOL_GRXFH, flow), decodeHashFields);
  const [driver, channels, rings, rss, ntupleRules, tcp4, udp4, tcp6, udp6] = await Promise.all([
    one(encodeWords(SIZEOF_DRVINFO, ETHTOOL_GDRVINFO), decodeDriver),
    one(encodeWords(SIZEOF_CHANNELS, ETHTOOL_GCHANNELS), decodeChannels),
    one(encodeWords(SIZEOF_RINGPARAM, ETHTOOL_GRINGPARAM), decodeRings),
    askRss(ask),
    one(encodeWords(SIZEOF_RXNFC, ETHTOOL_GRXCLSRLCNT), decodeRuleCount),
    fields(FLOWS.tcp4),
    fields(FLOWS.udp4),
    fields(FLOWS.tcp6),
    fields(FLOWS.udp6),
  ]);
  return { driver, channels, rings, rss, hashFields: { tcp4, udp4, tcp6, udp6 }, ntupleRules };
}

/** Driver statistics by name. Repeated if their number changes between the two requests; null if it keeps changing. */
export async function ethtoolStatistics(ask: AskEthtool): Promise<ReadonlyMap<string, bigint> | null> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const sets = await askOptional(
      ask,
      encodeWords(SIZEOF_SSET_INFO, ETHTOOL_GSSET_INFO, 0, 1 << ETH_SS_STATS),
    );
    // The mask comes back without the bit if the driver has no statistics.
    const [mask = 0, , count = 0] = sets ? words(sets, 8, 3) : [];
    if (mask === 0 || count === 0 || count > MAX_ENTRIES) return null;
    const strings = await askOptional(
      ask,
      encodeWords(12 + count * ETH_GSTRING_LEN, ETHTOOL_GSTRINGS, ETH_SS_STATS, count),
    );
    const stats = await askOptional(ask, encodeWords(8 + count * 8, ETHTOOL_GSTATS, count));
    if (strings === null || stats === null) return null;
    const joined = decodeStatistics(strings, stats);
    if (joined !== null) return joined;
  }
  return null;
}

/** The sizes of table and key first, because ETHTOOL_GRSSH refuses any others. */
async function askRss(ask: AskEthtool): Promise<EthtoolFacts['rss']> {
  const header = await askOptional(ask, encodeWords(SIZEOF_RXFH, ETHTOOL_GRSSH));
  if (header === null) return null;
  const { indirection, key } = rssSizes(header);
  if (indirection > MAX_ENTRIES || key > MAX_ENTRIES) return null;
  const request = encodeWords(SIZEOF_RXFH + 4 * indirection + key, ETHTOOL_GRSSH, 0, indirection, key);
  const answer = await askOptional(ask, request);
  return answer && decodeRss(answer);
}

async function askOptional(ask: AskEthtool, request: Uint8Array): Promise<Uint8Array | null> {
  try {
    return await ask(request);
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}
