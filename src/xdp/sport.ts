/** Another source port for each datagram: which ports, and from which range. As text, it has the form of its options. Pure. */
import type { XdpMode } from '../system/xdp-link.ts';
import type { Filling } from './spread-maps.ts';

export interface Sport {
  /** Destination ports, ascending. */
  readonly ports: readonly number[];
  readonly first: number;
  readonly last: number;
  readonly mode: XdpMode;
  /** Answers get the peer's own port on the way out; otherwise the protocol has none. */
  readonly restore: boolean;
}

export const RANGE_DEFAULT = '1024-65535';
const PORT_BYTES = 65_536;
const CONFIG_BYTES = 8;
/** enum counter of bpf/sport.h. */
export const SPORT_COUNTER = { rewritten: 0, fragments: 1, short: 2, noPort: 3 } as const;
/** A flow of a peer gets at most this many ports: PORTS_EACH of bpf/sport-restore.bpf.c. */
export const PORTS_EACH = 256;

/** `1024-65535`; null if it is none. */
export function parseRange(text: string): Pick<Sport, 'first' | 'last'> | null {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const [first, last] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
  return first >= 1 && first < last && last <= 65_535 ? { first, last } : null;
}

/** `4000,4001`; null if it is none. */
export function parsePortList(text: string): readonly number[] | null {
  const ports = text.split(',').map((word) => (/^\d{1,5}$/.test(word) ? Number(word) : 0));
  if (ports.some((port) => port < 1 || port > 65_535)) return null;
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** `sport --port 4000 --one-way --range 1024-65535 --mode native`: the arguments of `locality-tune xdp`. */
export const formatSport = ({ ports, first, last, mode, restore }: Sport): string =>
  `sport --port ${ports.join(',')} --${restore ? 'restore' : 'one-way'} --range ${first}-${last} --mode ${mode}`;

/** What formatSport wrote; null for anything else. */
export function parseSport(text: string): Sport | null {
  const match = /^sport --port (\S+) --(one-way|restore) --range (\S+) --mode (native|generic)$/.exec(text);
  const ports = parsePortList(match?.[1] ?? '');
  const range = parseRange(match?.[3] ?? '');
  if (ports === null || range === null) return null;
  return {
    ports,
    ...range,
    mode: match?.[4] === 'native' ? 'native' : 'generic',
    restore: match?.[2] === 'restore',
  };
}

export function fillSport({ ports, first, last }: Sport): Filling {
  const config = Buffer.alloc(CONFIG_BYTES);
  config.writeUInt32LE(first, 0);
  config.writeUInt32LE(last - first + 1, 4);
  const kinds = Buffer.alloc(PORT_BYTES);
  for (const port of ports) kinds[port] = 1;
  const key = Buffer.alloc(4).toString('base64');
  return {
    sizes: {},
    entries: [
      { map: 'configs', keys: key, values: config.toString('base64') },
      { map: 'ports', keys: key, values: kinds.toString('base64') },
    ],
  };
}

/** What the maps say; null if they are not of a sport. */
export function sportIn(
  config: Uint8Array,
  kinds: Uint8Array,
  { mode, restore }: Pick<Sport, 'mode' | 'restore'>,
): Sport | null {
  if (config.length !== CONFIG_BYTES || kinds.length !== PORT_BYTES) return null;
  const view = new DataView(config.buffer, config.byteOffset, config.byteLength);
  const first = view.getUint32(0, true);
  const ports = [...kinds.entries()].flatMap(([port, kind]) => (kind === 0 ? [] : [port]));
  return { ports, first, last: first + view.getUint32(4, true) - 1, mode, restore };
}
