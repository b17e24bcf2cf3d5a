/**
 * A spread: which packets go to which CPUs, and how it is decided. As text it has the form of the command's options; the
 * journal keeps that. Pure.
 */
import { type Cpus, formatCpuList, parseCpuList } from '../host/cpus.ts';
import type { XdpMode } from '../system/xdp-link.ts';

export type By =
  | { readonly way: 'flow' | 'inner' | 'round' | 'random' }
  /** `length`: bytes of the connection id that are hashed. */
  | { readonly way: 'quic'; readonly length: number }
  /** `mask` for the 32 bits at `offset` of the payload, in network order. */
  | { readonly way: 'payload'; readonly offset: number; readonly mask: number };

export type Way = By['way'];
export const WAYS = ['flow', 'inner', 'quic', 'payload', 'round', 'random'] as const satisfies readonly Way[];

/** What a port carries, for `inner`. */
export const TUNNELS = ['vxlan', 'gtp', 'esp', 'wireguard'] as const;
export type Tunnel = (typeof TUNNELS)[number];
/** Tunnels without ports. */
export const RAW = ['gre', 'ipip', 'esp'] as const;
export type Raw = (typeof RAW)[number];

export interface Port {
  readonly port: number;
  /** null: its payload is not looked at, or only as `by` says. */
  readonly tunnel: Tunnel | null;
}

export interface Spread {
  readonly by: By;
  /** Destination ports, ascending. */
  readonly ports: readonly Port[];
  /** Only with `inner`. */
  readonly raw: readonly Raw[];
  /** TCP instead of UDP. */
  readonly tcp: boolean;
  readonly cpus: Cpus;
  /** Packets that wait for a CPU at most. */
  readonly queue: number;
  readonly mode: XdpMode;
}

/** Registered ports (IANA), and Linux's own for VXLAN and WireGuard's by its documentation. */
const TUNNEL_OF: ReadonlyMap<number, Tunnel> = new Map([
  [2152, 'gtp'],
  [4500, 'esp'],
  [4789, 'vxlan'],
  [8472, 'vxlan'],
  [51820, 'wireguard'],
]);

export const QUIC_LENGTH = 8;
const QUIC_MOST = 20;
export const OFFSET_MOST = 4095;
/** kernel/bpf/cpumap.c: the sanity limit in cpu_map_update_elem. */
export const QUEUE_MOST = 16_384;
/** 8 and 16 lost packets at full speed, 2,048 did not. */
export const QUEUE_DEFAULT = 2_048;

/** null if it is none. */
export function parseBy(text: string): By | null {
  const [way, ...parts] = text.split(':');
  switch (way) {
    case 'flow':
    case 'inner':
    case 'round':
    case 'random':
      return parts.length === 0 ? { way } : null;
    case 'quic': {
      const length = parts.length === 0 ? QUIC_LENGTH : natural(parts[0]);
      return parts.length > 1 || length === null || length < 1 || length > QUIC_MOST ? null : { way, length };
    }
    case 'payload': {
      const [offset, mask] = [natural(parts[0]), natural(parts[1])];
      if (parts.length !== 2 || offset === null || mask === null) return null;
      return offset > OFFSET_MOST || mask < 1 || mask > 0xffff_ffff ? null : { way, offset, mask };
    }
    default:
      return null;
  }
}

/** Decimal or 0x. */
function natural(text: string | undefined): number | null {
  return text !== undefined && /^(?:\d{1,10}|0x[\da-f]{1,8})$/i.test(text) ? Number(text) : null;
}

export function formatBy(by: By): string {
  switch (by.way) {
    case 'quic':
      return `quic:${by.length}`;
    case 'payload':
      return `payload:${by.offset}:0x${by.mask.toString(16)}`;
    default:
      return by.way;
  }
}

export type Ports = Pick<Spread, 'ports' | 'raw'>;

/** `443`, `4789,gre`, `9000:vxlan`; null if it is none. Tunnels only with `inner`. */
export function parsePorts(text: string, way: Way): Ports | null {
  const ports = new Map<number, Tunnel | null>();
  const raw = new Set<Raw>();
  for (const word of text.split(',')) {
    const protocol = RAW.find((each) => each === word);
    if (protocol !== undefined && way === 'inner') {
      raw.add(protocol);
      continue;
    }
    const match = /^(\d{1,5})(?::([a-z]+))?$/.exec(word);
    const port = Number(match?.[1] ?? 0);
    if (port < 1 || port > 65_535) return null;
    const named = TUNNELS.find((each) => each === match?.[2]);
    if (match?.[2] !== undefined && (named === undefined || way !== 'inner')) return null;
    ports.set(port, way === 'inner' ? (named ?? TUNNEL_OF.get(port) ?? null) : null);
  }
  return {
    ports: [...ports].map(([port, tunnel]) => ({ port, tunnel })).sort((a, b) => a.port - b.port),
    raw: RAW.filter((each) => raw.has(each)),
  };
}

/** For `inner` without ports. */
export const ALL_TUNNELS = 'gre,ipip,esp,2152,4500,4789,8472,51820';

export const formatPorts = ({ ports, raw }: Ports): string =>
  [...raw, ...ports.map(({ port, tunnel }) => (tunnel === null ? port : `${port}:${tunnel}`))].join(',');

/** `spread --port 443 --by quic:8 --cpus 0-3 --queue 2048 --mode native`: the arguments of `locality-tune xdp`. */
export function formatSpread(spread: Spread): string {
  const { by, tcp, cpus, queue, mode } = spread;
  const words = ['spread', '--port', formatPorts(spread), ...(tcp ? ['--tcp'] : []), '--by', formatBy(by)];
  return [...words, '--cpus', formatCpuList(cpus), '--queue', queue, '--mode', mode].join(' ');
}

/** What formatSpread wrote; null for anything else. */
export function parseSpread(text: string): Spread | null {
  const match =
    /^spread --port (\S+)( --tcp)? --by (\S+) --cpus (\S+) --queue (\d{1,5}) --mode (native|generic)$/.exec(
      text,
    );
  if (match === null) return null;
  const [, portText = '', tcp, byText = '', cpuText = '', queueText, mode] = match;
  const by = parseBy(byText);
  const ports = by === null ? null : parsePorts(portText, by.way);
  const cpus = parseCpuList(cpuText);
  const queue = Number(queueText);
  if (by === null || ports === null || cpus === null || cpus.length === 0) return null;
  if (queue < 1 || queue > QUEUE_MOST) return null;
  return {
    by,
    ...ports,
    tcp: tcp !== undefined,
    cpus,
    queue,
    mode: mode === 'native' ? 'native' : 'generic',
  };
}

/** Packets of one flow can overtake each other. */
export const reorders = ({ way }: By): boolean => way === 'round' || way === 'random';
