/** The maps of bpf/balance.h: layouts, written and read. Pure. */

import { formatAddress, parseAddress } from '../system/address.ts';
import { isIP } from '../system/ip.ts';
import { addressWords } from './address-words.ts';
import type { AttachedBackend } from './in-force.ts';
import { ROWS, type Table } from './table.ts';
import type { Vip } from './types.ts';

const CONFIG_BYTES = 48;
const KEY_BYTES = 20;
const BACKEND_BYTES = 36;
const PROTOCOL = { tcp: 6, udp: 17 } as const;
/** enum via. */
const VIA = { mac: 1, ipip: 2 } as const;
/** enum counter. */
export const COUNTER = {
  balanced: 0,
  errors: 1,
  echo: 2,
  fragments: 3,
  short: 4,
  others: 5,
  tooBig: 6,
  noBackend: 7,
  cached: 8,
} as const;
/** Of one CPU: struct traffic. */
export const TRAFFIC_BYTES = 16;

/** What the program must know of the interface. */
export interface Link {
  /** `02:00:00:00:00:01` */
  readonly mac: string;
  readonly mtu: number | null;
  /** Source addresses of packets around IPv4 and IPv6; null: no backend needs one. */
  readonly source4: string | null;
  readonly source6: string | null;
}

const macBytes = (mac: string): Uint8Array =>
  Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16));
const macText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');

/** filter_bit: one of 64, by the folded address. */
function filterBit(address: string): bigint {
  const folded = addressWords(address).reduce((fold, word) => fold ^ word, 0);
  return 1n << BigInt(Math.imul(folded, 0x9e3779b1) >>> 26);
}

/** struct config. */
export function configOf(seed: number, vips: readonly Pick<Vip, 'address'>[], link: Link): Uint8Array {
  const bytes = Buffer.alloc(CONFIG_BYTES);
  bytes.writeUInt32LE(seed, 0);
  bytes.writeUInt32LE(link.mtu ?? 0, 4);
  bytes.writeBigUInt64LE(
    vips.reduce((filter, { address }) => filter | filterBit(address), 0n),
    8,
  );
  if (link.source4 !== null) bytes.set(parseAddress(link.source4) ?? [], 16);
  if (link.source6 !== null) bytes.set(parseAddress(link.source6) ?? [], 20);
  bytes.set(macBytes(link.mac), 36);
  return bytes;
}

export function configIn(bytes: Uint8Array): Pick<Link, 'mac' | 'mtu'> & { readonly seed: number } {
  const view = viewOf(bytes);
  return {
    seed: view.getUint32(0, true),
    mtu: view.getUint32(4, true) || null,
    mac: macText(bytes.subarray(36, 42)),
  };
}

/** struct vip_key. */
export function keyOf({ address, port, protocol }: Pick<Vip, 'address' | 'port' | 'protocol'>): Uint8Array {
  const bytes = Buffer.alloc(KEY_BYTES);
  bytes.set(parseAddress(address) ?? [], 0);
  bytes.writeUInt16BE(port, 16);
  bytes.set([PROTOCOL[protocol], isIP(address)], 18);
  return bytes;
}

/** null: not of these programs. */
export function vipIn(key: Uint8Array): Pick<Vip, 'address' | 'port' | 'protocol'> | null {
  const [protocol, family] = [key[18], key[19]];
  if (key.length !== KEY_BYTES || (family !== 4 && family !== 6)) return null;
  return {
    address: formatAddress(family, key),
    port: viewOf(key).getUint16(16),
    protocol: protocol === PROTOCOL.tcp ? 'tcp' : 'udp',
  };
}

/** A backend at its place in the map. */
export interface Placed {
  readonly index: number;
  /** Of this use of the index. */
  readonly serial: number;
  /** Index of its VIP's table. */
  readonly table: number;
  readonly backend: AttachedBackend;
}

/** struct backend. */
export function backendOf({ serial, table, backend }: Placed): Uint8Array {
  const bytes = Buffer.alloc(BACKEND_BYTES);
  bytes.set(macBytes(backend.mac), 0);
  bytes.set([VIA[backend.via], isIP(backend.address)], 6);
  bytes.set(parseAddress(backend.address) ?? [], 8);
  bytes.writeUInt32LE(serial, 24);
  bytes.writeUInt32LE(backend.weight, 28);
  bytes.writeUInt32LE(table, 32);
  return bytes;
}

/** null: nobody is there. */
export function backendIn(bytes: Uint8Array, index: number): Placed | null {
  const [via, family] = [bytes[6], bytes[7]];
  if (bytes.length !== BACKEND_BYTES || (family !== 4 && family !== 6)) return null;
  const view = viewOf(bytes);
  return {
    index,
    serial: view.getUint32(24, true),
    table: view.getUint32(32, true),
    backend: {
      address: formatAddress(family, bytes.subarray(8, 24)),
      mac: macText(bytes.subarray(0, 6)),
      weight: view.getUint32(28, true),
      via: via === VIA.ipip ? 'ipip' : 'mac',
    },
  };
}

/** struct table. @param indices in the map, in the order of the VIP's backends */
export function tableBytes(table: Table, indices: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(2 * ROWS);
  for (let row = 0; row < ROWS; row++) bytes.writeUInt16LE(indices[table[row] ?? 0] ?? 0, 2 * row);
  return bytes;
}

/** @param indices as for tableBytes */
export function tableIn(bytes: Uint8Array, indices: readonly number[]): Table {
  const view = viewOf(bytes);
  const place = new Map(indices.map((index, at) => [index, at]));
  return Uint16Array.from({ length: ROWS }, (_, row) => place.get(view.getUint16(2 * row, true)) ?? 0);
}

/** Of all CPUs. A count beyond 2^53 is no longer exact. */
export function trafficIn(value: Uint8Array): { readonly packets: number; readonly bytes: number } {
  const view = viewOf(value);
  let [packets, bytes] = [0n, 0n];
  for (let at = 0; at + TRAFFIC_BYTES <= value.length; at += TRAFFIC_BYTES) {
    packets += view.getBigUint64(at, true);
    bytes += view.getBigUint64(at + 8, true);
  }
  return { packets: Number(packets), bytes: Number(bytes) };
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
