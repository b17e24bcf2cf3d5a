/** The maps of bpf/spread.h: filled from a spread, and read back. Pure. */
import type { XdpMode } from '../system/xdp-link.ts';
import type { Entries } from './order.ts';
import { type By, type Port, RAW, type Raw, type Spread, TUNNELS, type Way } from './spread.ts';

/** struct config, in 32-bit words. */
const CONFIG = { cpus: 0, seed: 1, offset: 2, mask: 3, tcp: 8, raw: 9 } as const;
const CONFIG_BYTES = 40;
const MASK_WORDS = 5;
const PORT_BYTES = 65_536;
/** enum port: 1 is a port without a tunnel. */
const OURS = 1;
const FIRST_TUNNEL = 2;
/** enum counter. */
export const COUNTER = { spread: 0, arrived: 1, fragments: 2, short: 3, noCpu: 4 } as const;

/** What the maps of a spread are filled with. @param possible number of possible CPUs */
export interface Filling {
  readonly sizes: Readonly<Record<string, number>>;
  readonly entries: readonly Entries[];
}

/** @param seed any 32 bits; with the same seed a flow has the same CPU @param possible number of possible CPUs */
export function fill(spread: Spread, seed: number, possible: number): Filling {
  const { cpus, queue } = spread;
  const indices = words(cpus.map((_, slot) => slot));
  return {
    sizes: { targets: cpus.length, cpus: possible, spread: possible },
    entries: [
      { map: 'configs', keys: words([0]), values: base64(configOf(spread, seed)) },
      { map: 'ports', keys: words([0]), values: base64(kindsOf(spread)) },
      { map: 'targets', keys: indices, values: words(cpus) },
      { map: 'cpus', keys: words(cpus), values: words(cpus.flatMap(() => [queue, 0])), runs: true },
    ],
  };
}

function configOf({ by, cpus, tcp, raw }: Spread, seed: number): Uint8Array {
  const bytes = Buffer.alloc(CONFIG_BYTES);
  const set = (word: number, value: number) => bytes.writeUInt32LE(value >>> 0, 4 * word);
  set(CONFIG.cpus, cpus.length);
  set(CONFIG.seed, seed);
  set(CONFIG.tcp, tcp ? 1 : 0);
  set(
    CONFIG.raw,
    raw.reduce((bits, each) => bits | (1 << RAW.indexOf(each)), 0),
  );
  if (by.way === 'payload') {
    set(CONFIG.offset, by.offset);
    bytes.writeUInt32BE(by.mask, 4 * CONFIG.mask);
  }
  if (by.way === 'quic') bytes.fill(0xff, 4 * CONFIG.mask, 4 * CONFIG.mask + by.length);
  return bytes;
}

function kindsOf({ ports }: Spread): Uint8Array {
  const kinds = new Uint8Array(PORT_BYTES);
  for (const { port, tunnel } of ports)
    kinds[port] = tunnel === null ? OURS : FIRST_TUNNEL + TUNNELS.indexOf(tunnel);
  return kinds;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function words(values: readonly number[]): string {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, 4 * at);
  return bytes.toString('base64');
}

/** Of struct config. */
export function configWords(config: Uint8Array): { readonly cpus: number; readonly seed: number } {
  const view = new DataView(config.buffer, config.byteOffset, config.byteLength);
  return { cpus: view.getUint32(4 * CONFIG.cpus, true), seed: view.getUint32(4 * CONFIG.seed, true) };
}

/** The values of the maps as they are in the kernel. */
export interface Filled {
  readonly way: Way;
  readonly mode: XdpMode;
  readonly config: Uint8Array;
  readonly kinds: Uint8Array;
  /** CPU of each slot. */
  readonly targets: readonly number[];
  /** Of the entry of the first CPU; null if there is none. */
  readonly queue: number | null;
}

/** null if the maps are not of a spread. */
export function spreadIn({ way, mode, config, kinds, targets, queue }: Filled): Spread | null {
  if (config.length !== CONFIG_BYTES || kinds.length !== PORT_BYTES || queue === null) return null;
  const view = new DataView(config.buffer, config.byteOffset, config.byteLength);
  const word = (index: number) => view.getUint32(4 * index, true);
  const ports: Port[] = [];
  for (const [port, kind] of kinds.entries()) {
    if (kind === 0) continue;
    ports.push({ port, tunnel: TUNNELS[kind - FIRST_TUNNEL] ?? null });
  }
  const used = targets.slice(0, word(CONFIG.cpus));
  return {
    by: byIn(way, config, word(CONFIG.offset)),
    ports,
    raw: RAW.filter((_: Raw, bit) => (word(CONFIG.raw) >> bit) & 1),
    tcp: word(CONFIG.tcp) !== 0,
    cpus: used.toSorted((a, b) => a - b),
    queue,
    mode,
  };
}

function byIn(way: Way, config: Uint8Array, offset: number): By {
  const mask = Buffer.from(config.subarray(4 * CONFIG.mask, 4 * (CONFIG.mask + MASK_WORDS)));
  if (way === 'payload') return { way, offset, mask: mask.readUInt32BE(0) };
  if (way === 'quic') return { way, length: mask.filter((byte) => byte === 0xff).length };
  return { way };
}

/** Of each CPU: the 64-bit values of one entry of a per-CPU map. A count beyond 2^53 is no longer exact. */
export function perCpu(value: Uint8Array): readonly number[] {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: value.length >> 3 }, (_, cpu) => Number(view.getBigUint64(8 * cpu, true)));
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
