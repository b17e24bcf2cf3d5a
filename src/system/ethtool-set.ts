/**
 * SIOCETHTOOL requests that change something (include/uapi/linux/ethtool.h, net/ethtool/ioctl.c). Each reads the
 * present settings first, because a request also contains those that do not change. They need CAP_NET_ADMIN, and throw
 * SystemError.
 */
import {
  type AskEthtool,
  ETHTOOL_GCHANNELS,
  ETHTOOL_GRSSH,
  encodeWords,
  FLOWS,
  HASH_FIELDS,
  SIZEOF_CHANNELS,
  SIZEOF_RXFH,
  SIZEOF_RXNFC,
} from './ethtool.ts';

const ETHTOOL_SRXFH = 0x2a;
const ETHTOOL_SCHANNELS = 0x3d;
const ETHTOOL_SRSSH = 0x47;
/** Byte offsets in struct ethtool_channels. */
const COUNTS = { rx: 20, tx: 24, combined: 32 } as const;
/** struct ethtool_rxfh: a reserved byte, 0, before 6.8; since then the flag for a symmetric hash. */
const INPUT_XFRM = 17;

export type ChannelKind = keyof typeof COUNTS;
export type FlowKind = keyof typeof FLOWS;

/** `ethtool -L DEVICE WHICH COUNT`. */
export async function setChannels(ask: AskEthtool, which: ChannelKind, count: number): Promise<void> {
  const request = Uint8Array.from(await ask(encodeWords(SIZEOF_CHANNELS, ETHTOOL_GCHANNELS)));
  const view = new DataView(request.buffer);
  view.setUint32(0, ETHTOOL_SCHANNELS, true);
  view.setUint32(COUNTS[which], count, true);
  await ask(request);
}

/** `ethtool -X DEVICE`: the queue of each table entry, or `default`, after which the table counts as never set. */
export async function setIndirection(ask: AskEthtool, table: readonly number[] | 'default'): Promise<void> {
  const now = await ask(encodeWords(SIZEOF_RXFH, ETHTOOL_GRSSH));
  const entries = table === 'default' ? [] : table;
  const request = Uint8Array.from(
    encodeWords(SIZEOF_RXFH + 4 * entries.length, ETHTOOL_SRSSH, 0, entries.length),
  );
  request[INPUT_XFRM] = now[INPUT_XFRM] ?? 0;
  const view = new DataView(request.buffer);
  for (const [index, queue] of entries.entries()) view.setUint32(SIZEOF_RXFH + 4 * index, queue, true);
  await ask(request);
}

/** `ethtool -N DEVICE rx-flow-hash FLOW LETTERS`. Throws RangeError for an unknown letter. */
export async function setHashFields(ask: AskEthtool, flow: FlowKind, letters: string): Promise<void> {
  await ask(encodeWords(SIZEOF_RXNFC, ETHTOOL_SRXFH, FLOWS[flow], hashFieldBits(letters)));
}

function hashFieldBits(letters: string): number {
  let bits = 0;
  for (const letter of letters) {
    const field = HASH_FIELDS.find(([, each]) => each === letter);
    if (field === undefined) throw new RangeError(`rx-flow-hash '${letters}': ${letter} is no field`);
    bits |= 1 << field[0];
  }
  return bits >>> 0;
}
