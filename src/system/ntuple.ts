/**
 * ntuple rules, `ethtool -n` (include/uapi/linux/ethtool.h, struct ethtool_rx_flow_spec; net/ethtool/ioctl.c,
 * ethtool_get_rxnfc). A rule sends matching packets to a queue or an RSS context, before the RSS table applies.
 */
import { formatAddress } from './address.ts';
import { type AskEthtool, encodeWords, isRefusal, SIZEOF_RXNFC } from './ethtool.ts';
import type { NtupleMatch, NtupleRule } from './types.ts';

const ETHTOOL_GRXCLSRULE = 0x2f;
const ETHTOOL_GRXCLSRLALL = 0x30;
/** Offsets in struct ethtool_rxnfc. */
const FS = 16;
const RULE_CNT = 184;
const RSS_CONTEXT = RULE_CNT;
const RULE_LOCS = 188;
/** In struct ethtool_rx_flow_spec. */
const H_U = FS + 4;
const M_U = FS + 76;
const M_EXT = FS + 128;
const EXT_LENGTH = 20;
const UNION_LENGTH = 52;
const RING_COOKIE = FS + 152;
const LOCATION = FS + 160;

const ETHER_FLOW = 0x12;
const H_PROTO = 12;
const FLOW_EXT = 0x80000000;
const FLOW_MAC_EXT = 0x40000000;
const FLOW_RSS = 0x20000000;
const RX_CLS_FLOW_DISC = 0xffffffffffffffffn;

/** struct ethtool_tcpip4_spec and similar ones: the offsets of a flow type's fields. */
interface Layout {
  readonly name: string;
  readonly family: 4 | 6;
  readonly ports: boolean;
  /** Offset of the IP protocol, if a rule can name one. */
  readonly protocol?: number;
}

const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [0x01, { name: 'tcp4', family: 4, ports: true }],
  [0x02, { name: 'udp4', family: 4, ports: true }],
  [0x03, { name: 'sctp4', family: 4, ports: true }],
  [0x05, { name: 'tcp6', family: 6, ports: true }],
  [0x06, { name: 'udp6', family: 6, ports: true }],
  [0x07, { name: 'sctp6', family: 6, ports: true }],
  [0x0d, { name: 'ip4', family: 4, ports: false, protocol: 14 }],
  [0x0e, { name: 'ip6', family: 6, ports: false, protocol: 37 }],
]);

/** No driver has more, and a garbled answer must not cause that many requests. */
const MAX_RULES = 4_096;

/**
 * Every rule, by location. null if the driver does not list them. Rules that disappear meanwhile are skipped. `count`:
 * the answer of ETHTOOL_GRXCLSRLCNT.
 */
export async function ntupleRules(
  ask: AskEthtool,
  count: number | null,
): Promise<readonly NtupleRule[] | null> {
  if (count === null || count > MAX_RULES) return null;
  if (count === 0) return [];
  const request = encodeWords(SIZEOF_RXNFC + 4 * count, ETHTOOL_GRXCLSRLALL);
  new DataView(request.buffer).setUint32(RULE_CNT, count, true);
  const listed = await orRefused(ask(request));
  if (listed === null) return null;
  const rules: NtupleRule[] = [];
  for (const location of decodeLocations(listed)) {
    const question = encodeWords(SIZEOF_RXNFC, ETHTOOL_GRXCLSRULE);
    new DataView(question.buffer).setUint32(LOCATION, location, true);
    const answer = await orRefused(ask(question));
    const rule = answer && decodeRule(answer);
    if (rule) rules.push(rule);
  }
  return rules.sort((a, b) => a.location - b.location);
}

async function orRefused(answer: Promise<Uint8Array>): Promise<Uint8Array | null> {
  try {
    return await answer;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function decodeLocations(bytes: Uint8Array): number[] {
  if (bytes.length < RULE_LOCS) return [];
  const view = viewOf(bytes);
  const count = Math.min(
    view.getUint32(RULE_CNT, true),
    Math.floor((bytes.length - RULE_LOCS) / 4),
    MAX_RULES,
  );
  return Array.from({ length: count }, (_, i) => view.getUint32(RULE_LOCS + 4 * i, true));
}

/** null for an answer that is too short. */
export function decodeRule(bytes: Uint8Array): NtupleRule | null {
  if (bytes.length < SIZEOF_RXNFC) return null;
  const view = viewOf(bytes);
  const flags = view.getUint32(FS, true);
  const type = (flags & ~(FLOW_EXT | FLOW_MAC_EXT | FLOW_RSS)) >>> 0;
  const layout = LAYOUTS.get(type);
  const cookie = view.getBigUint64(RING_COOKIE, true);
  const dropped = cookie === RX_CLS_FLOW_DISC;
  // ethtool_get_flow_spec_ring_vf: a rule of a physical function may send the flow to a virtual one.
  const forVf = !dropped && cookie >> 32n !== 0n;
  const context = (flags & FLOW_RSS) === 0 ? null : view.getUint32(RSS_CONTEXT, true);
  const ether = type === ETHER_FLOW ? decodeEther(bytes, view) : null;
  const match =
    layout === undefined ? { ...NOTHING, more: ether?.more ?? true } : decodeMatch(bytes, view, layout);
  return {
    location: view.getUint32(LOCATION, true),
    flow: layout?.name ?? ether?.name ?? `type ${type}`,
    ...match.known,
    partial: match.more || ((flags & (FLOW_EXT | FLOW_MAC_EXT)) !== 0 && !isZero(bytes, M_EXT, EXT_LENGTH)),
    action: dropped ? 'drop' : forVf ? 'vf' : context === null ? 'queue' : 'context',
    queue: dropped || forVf ? null : Number(cookie & 0xffffffffn),
    context: dropped || forVf ? null : context,
  };
}

interface Match {
  readonly known: Pick<NtupleRule, 'source' | 'destination' | 'sourcePort' | 'destinationPort' | 'protocol'>;
  /** It matches more fields than `known`. */
  readonly more: boolean;
}

const NOTHING: Match = {
  known: { source: null, destination: null, sourcePort: null, destinationPort: null, protocol: null },
  more: true,
};

/** struct ethhdr: two addresses, and the type of what follows. PTP and LLDP have rules of their own type. */
function decodeEther(bytes: Uint8Array, view: DataView): { readonly name: string; readonly more: boolean } {
  const whole = view.getUint16(M_U + H_PROTO, false) === 0xffff;
  const type = view
    .getUint16(H_U + H_PROTO, false)
    .toString(16)
    .padStart(4, '0');
  const addressed = !isZero(bytes, M_U, H_PROTO);
  return whole ? { name: `ether 0x${type}`, more: addressed } : { name: 'ether', more: true };
}

function decodeMatch(bytes: Uint8Array, view: DataView, { family, ports, protocol }: Layout): Match {
  const length = family === 4 ? 4 : 16;
  const after = 2 * length;
  const seen = new Set<number>();
  const masked = <T>(offset: number, size: number, read: (at: number) => T): NtupleMatch<T> | null => {
    for (let i = 0; i < size; i++) seen.add(offset + i);
    if (isZero(bytes, M_U + offset, size)) return null;
    return { value: read(H_U + offset), mask: read(M_U + offset) };
  };
  const address = (at: number): string => formatAddress(family, bytes.subarray(at, at + length));
  const port = (at: number): number => view.getUint16(at, false);
  const known = {
    source: masked(0, length, address),
    destination: masked(length, length, address),
    sourcePort: ports ? masked(after, 2, port) : null,
    destinationPort: ports ? masked(after + 2, 2, port) : null,
    protocol: protocol === undefined ? null : masked(protocol, 1, (at) => view.getUint8(at)),
  };
  const rest = Array.from({ length: UNION_LENGTH }, (_, i) => i).filter((offset) => !seen.has(offset));
  return { known, more: rest.some((offset) => bytes[M_U + offset] !== 0) };
}

const isZero = (bytes: Uint8Array, from: number, length: number): boolean =>
  bytes.subarray(from, from + length).every((byte) => byte === 0);
