/** Parses the file of a balancer; a Failure says what any other text is, and where. Pure. */

import { canonicalAddress } from '../system/address.ts';
import { failure } from '../system/errors.ts';
import { isIP } from '../system/ip.ts';
import { isRecord, list, Mismatch, nullable, oneOf, type Shape, text, whole } from '../system/shape.ts';
import type { Backend, Balancer, FileVip, HealthCheck, Vip } from './types.ts';

/** A shorter one can be guessed. */
const LEAST_SEED = 16;
const MOST_WEIGHT = 10_000;
/** Each has its own table, of 256 KiB. */
export const MOST_VIPS = 256;
export const MOST_BACKENDS = 4096;
/** The kernel's list of recently used entries is kept for each CPU, so a small cache forgets early. */
const LEAST_FLOWS = 1024;
const MOST_FLOWS = 1 << 24;
/** A datagram that no link fragments. */
const MOST_REQUEST = 512;

/** An optional field that has a value if it is absent. */
const orElse =
  <T>(of: Shape<T>, value: T): Shape<T> =>
  (found, at) =>
    found === undefined ? value : of(found, at);

/** Every field has a shape, and there are no others: a misspelt field would be ignored in silence. */
const record =
  <T extends object>(fields: { readonly [K in keyof T]: Shape<T[K]> }): Shape<T> =>
  (value, at) => {
    const place = at || 'the document';
    if (!isRecord(value)) throw new Mismatch(`${place}: an object expected`);
    const names = Object.keys(fields) as (keyof T & string)[];
    const stranger = Object.keys(value).find((name) => !(names as string[]).includes(name));
    if (stranger !== undefined)
      throw new Mismatch(
        `${place}: there is no field ${JSON.stringify(stranger.slice(0, 40))}; known are ${names.join(', ')}`,
      );
    return Object.fromEntries(
      names.map((name) => [name, fields[name](value[name], at ? `${at}.${name}` : name)]),
    ) as T;
  };

const seed: Shape<string> = (value, at) => {
  const found = text(value, at);
  if (found.length < LEAST_SEED) throw new Mismatch(`${at}: at least ${LEAST_SEED} characters expected`);
  return found;
};

const address: Shape<string> = (value, at) => {
  const canonical = canonicalAddress(text(value, at));
  if (canonical === null) throw new Mismatch(`${at}: an IP address expected`);
  return canonical;
};

const mac: Shape<string | null> = (value, at) => {
  if (value === undefined || value === null) return null;
  const found = text(value, at).toLowerCase();
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(found)) throw new Mismatch(`${at}: a MAC address expected`);
  if (Number.parseInt(found.slice(0, 2), 16) & 1) throw new Mismatch(`${at}: a multicast address`);
  return found;
};

const backend = record<Backend>({
  address,
  mac,
  weight: orElse(whole(0, MOST_WEIGHT), 1),
  via: orElse(oneOf('mac', 'ipip'), 'mac'),
});

const request: Shape<string | null> = (value, at) => {
  if (value === undefined || value === null) return null;
  const found = text(value, at).toLowerCase();
  if (!/^([0-9a-f]{2})+$/.test(found) || found.length > 2 * MOST_REQUEST)
    throw new Mismatch(`${at}: 1 to ${MOST_REQUEST} bytes in hexadecimal digits expected`);
  return found;
};

const health = record<HealthCheck>({
  protocol: oneOf('tcp', 'udp', 'none'),
  port: nullable(whole(1, 65_535)),
  request,
});

const vip = record<FileVip>({
  address,
  port: whole(0, 65_535),
  protocol: oneOf('tcp', 'udp'),
  health: nullable(health),
  backends: list(backend),
});

const balancer = record<Balancer>({
  seed,
  flowCache: nullable(whole(LEAST_FLOWS, MOST_FLOWS)),
  vips: list(vip),
});

/** Throws only Failure; the caller adds the file name. */
export function parseBalancer(json: string): Balancer {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw failure('not-json', `the file is not JSON: ${why.slice(0, 100)}`, 'see docs/balancing.md');
  }
  try {
    const parsed = balancer(document, '');
    refuseContradictions(parsed);
    return parsed;
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw failure('bad-balancer', error.message, 'see docs/balancing.md');
  }
}

export const nameOfVip = ({ protocol, address: at, port }: Vip): string =>
  `${protocol} ${isIP(at) === 6 ? `[${at}]` : at}:${port}`;

/** What each field allows by itself. Throws Mismatch. */
function refuseContradictions({ vips }: Balancer): void {
  if (vips.length === 0) throw new Mismatch('vips: at least one expected');
  if (vips.length > MOST_VIPS) throw new Mismatch(`vips: at most ${MOST_VIPS} expected`);
  const total = vips.reduce((sum, { backends }) => sum + backends.length, 0);
  if (total > MOST_BACKENDS) throw new Mismatch(`vips: at most ${MOST_BACKENDS} backends in all expected`);
  const seen = new Set<string>();
  for (const [index, each] of vips.entries()) {
    const at = `vips[${index}]`;
    const name = nameOfVip(each);
    if (seen.has(name)) throw new Mismatch(`${at}: ${name} is there twice`);
    seen.add(name);
    if (!each.backends.some(({ weight }) => weight > 0))
      throw new Mismatch(`${at}.backends: one with a weight above 0 expected`);
    refuseBackends(each, at);
    refuseHealth(each, at);
  }
}

function refuseHealth({ port, health: check }: FileVip, at: string): void {
  if (check === null || check.protocol === 'none') return;
  if (check.protocol === 'udp' && check.request === null)
    throw new Mismatch(`${at}.health: udp needs a request, the payload that the backends answer`);
  if (check.protocol === 'tcp' && check.request !== null)
    throw new Mismatch(`${at}.health: a request is for udp; tcp is checked by a connection`);
  if (port === 0 && check.port === null)
    throw new Mismatch(`${at}.health: a port expected, because the VIP is of every port`);
}

function refuseBackends({ address: served, backends }: Vip, at: string): void {
  const seen = new Set<string>();
  for (const [index, { address: to, via }] of backends.entries()) {
    const place = `${at}.backends[${index}]`;
    if (seen.has(to)) throw new Mismatch(`${place}: ${to} is there twice`);
    seen.add(to);
    if (to === served) throw new Mismatch(`${place}: ${to} is the address that it should serve`);
    if (via === 'ipip' && isIP(to) !== isIP(served))
      throw new Mismatch(`${place}: ipip needs an address of the same family as ${served}`);
  }
}
