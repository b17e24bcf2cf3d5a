/**
 * A balancer as it is attached to an interface: the file's seed is 32 bits of its digest, and every backend has a MAC
 * address. As text it is one line, which the journal keeps, so that undo can attach it again. Pure.
 */

import { compareText } from '../host/order.ts';
import { canonicalAddress } from '../system/address.ts';
import type { XdpMode } from '../system/xdp-link.ts';
import { nameOfVip } from './file.ts';
import type { Backend, Vip } from './types.ts';

export interface InForce {
  readonly mode: XdpMode;
  readonly seed: number;
  readonly flowCache: number | null;
  /** By name, their backends by address. */
  readonly vips: readonly AttachedVip[];
}

export interface AttachedVip extends Omit<Vip, 'backends'> {
  readonly backends: readonly AttachedBackend[];
}

export interface AttachedBackend extends Backend {
  /** With `ipip`, that of the next hop. */
  readonly mac: string;
}

/** In the order in which the kernel's maps are read back. */
export const inOrder = (vips: readonly AttachedVip[]): readonly AttachedVip[] =>
  vips
    .map((vip) => ({ ...vip, backends: vip.backends.toSorted((a, b) => compareText(a.address, b.address)) }))
    .sort((a, b) => compareText(nameOfVip(a), nameOfVip(b)));

/** `balance --mode native --flow-cache 0 --seed 5eed0000 tcp/198.51.100.1/443=10.0.0.1/1/mac/02:00:00:00:00:01,…`. */
export function formatInForce({ mode, seed, flowCache, vips }: InForce): string {
  const words = inOrder(vips).map(({ protocol, address, port, backends }) => {
    const list = backends.map((each) => [each.address, each.weight, each.via, each.mac].join('/'));
    return `${protocol}/${address}/${port}=${list.join(',')}`;
  });
  const hex = seed.toString(16).padStart(8, '0');
  return ['balance', '--mode', mode, '--flow-cache', flowCache ?? 0, '--seed', hex, ...words].join(' ');
}

/** What formatInForce wrote; null for anything else. */
export function parseInForce(text: string): InForce | null {
  const match =
    /^balance --mode (native|generic) --flow-cache (\d{1,8}) --seed ([\da-f]{8})((?: \S+)+)$/.exec(text);
  if (match === null) return null;
  const [, mode, cache = '', seed = '', rest = ''] = match;
  const vips = rest.trim().split(' ').map(parseVip);
  if (vips.some((vip) => vip === null)) return null;
  return {
    mode: mode === 'native' ? 'native' : 'generic',
    seed: Number.parseInt(seed, 16),
    flowCache: Number(cache) || null,
    vips: vips.filter((vip) => vip !== null),
  };
}

function parseVip(text: string): AttachedVip | null {
  const match = /^(tcp|udp)\/([\da-f.:]+)\/(\d{1,5})=(\S+)$/.exec(text);
  if (match === null) return null;
  const [, protocol, given = '', port, list = ''] = match;
  const address = canonicalAddress(given);
  const backends = list.split(',').map(parseBackend);
  if (address === null || Number(port) > 65_535 || backends.some((each) => each === null)) return null;
  return {
    protocol: protocol === 'tcp' ? 'tcp' : 'udp',
    address,
    port: Number(port),
    backends: backends.filter((each) => each !== null),
  };
}

function parseBackend(text: string): AttachedBackend | null {
  const match = /^([\da-f.:]+)\/(\d{1,5})\/(mac|ipip)\/((?:[\da-f]{2}:){5}[\da-f]{2})$/.exec(text);
  if (match === null) return null;
  const [, given = '', weight, via, mac = ''] = match;
  const address = canonicalAddress(given);
  return address === null
    ? null
    : { address, weight: Number(weight), via: via === 'mac' ? 'mac' : 'ipip', mac };
}
