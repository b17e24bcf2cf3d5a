/** How packets reach the backends from an interface: by the kernel's routes and neighbours. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAddress } from '../system/address.ts';
import { failure, isSystemError } from '../system/errors.ts';
import { isIP } from '../system/ip.ts';
import { native } from '../system/native.ts';
import { type Neighbour, type Route, readNeighbours, readRoute } from '../system/neighbours.ts';
import { NETLINK_ROUTE } from '../system/netlink.ts';
import { solicit } from '../system/solicit.ts';
import { word } from '../words/shell.ts';
import type { XdpState } from '../xdp/state.ts';
import type { AttachedBackend, AttachedVip } from './in-force.ts';
import type { Link } from './maps.ts';
import type { Backend, Vip } from './types.ts';

const ask = (request: Uint8Array) => native().netlinkRequest(NETLINK_ROUTE, request);

type Place = Pick<XdpState, 'ifindex' | 'name' | 'mac' | 'mtu'>;

/** What the program must know of the interface. Throws Failure no-mac, no-source. */
export async function linkOf(place: Place, vips: readonly Pick<Vip, 'backends'>[]): Promise<Link> {
  const { name, mac, mtu } = place;
  if (mac === null)
    throw failure(
      'no-mac',
      `${name} has no MAC address, so it carries no Ethernet`,
      'name another interface',
    );
  const [source4, source6] = await Promise.all(
    [4, 6].map((family) =>
      sourceFor(
        family,
        vips.flatMap(({ backends }) => backends),
      ),
    ),
  );
  return { mac, mtu, source4: source4 ?? null, source6: source6 ?? null };
}

/** Of the packets around those to backends by ipip. */
async function sourceFor(family: number, backends: readonly Backend[]): Promise<string | null> {
  const first = backends.find(({ via, address }) => via === 'ipip' && isIP(address) === family);
  if (first === undefined) return null;
  const source = (await routeTo(first.address))?.source ?? null;
  if (source === null)
    throw failure(
      'no-source',
      `there is no address from which packets to ${first.address} could be sent`,
      'give the interface an address of that family: ip addr add …',
    );
  return source;
}

/** Throws SystemError. */
export const neighboursNow = (): Promise<readonly Neighbour[]> => readNeighbours(ask);

/** How often the neighbour table is read for those that were asked, and how long it waits in between. */
const READINGS = 10;
const PAUSE_MS = 100;

/**
 * The MAC addresses that the file does not have: of the backend, or with `ipip` of the next hop. Neighbours that the kernel does
 * not know are asked, by a datagram. Throws Failure not-on-link, mac-unknown.
 */
export async function withMacs(place: Place, vips: readonly Vip[]): Promise<readonly AttachedVip[]> {
  const backends = vips.flatMap((vip) => vip.backends).filter(({ mac }) => mac === null);
  const hops = new Map<string, string>();
  for (const backend of backends)
    if (!hops.has(keyOf(backend))) hops.set(keyOf(backend), await hopTo(place, backend));
  const macs = await macsOf(place, new Set(hops.values()));
  return vips.map((vip) => ({
    ...vip,
    backends: vip.backends.map((backend): AttachedBackend => {
      const hop = hops.get(keyOf(backend)) ?? '';
      const mac = backend.mac ?? macs.get(hop);
      if (mac !== undefined) return { ...backend, mac };
      throw failure(
        'mac-unknown',
        `${hop} does not answer on ${place.name}, so its MAC address is not known`,
        `see \`ping -c 1 -I ${word(place.name)} ${hop}\`; or write "mac" into the file`,
      );
    }),
  }));
}

const keyOf = ({ via, address }: Backend): string => `${via} ${address}`;

/** The neighbour to whom packets for a backend are sent: itself, or a router. Throws Failure not-on-link. */
async function hopTo({ ifindex, name }: Place, { address, via }: Backend): Promise<string> {
  const route = await routeTo(address);
  if (route?.ifindex !== ifindex)
    throw failure(
      'not-on-link',
      `the route to backend ${address} does not leave by ${name}, and a balancer sends packets out where they came in`,
      `see \`ip route get ${address}\`; or write the MAC address of the ${via === 'mac' ? 'backend' : 'next hop'} into the file`,
    );
  if (via === 'mac' && route.gateway !== null)
    throw failure(
      'not-on-link',
      `backend ${address} is behind the router ${route.gateway}, where its MAC address leads nowhere`,
      'use "via": "ipip" for it',
    );
  return route.gateway ?? address;
}

/** Those that are known after a second. */
async function macsOf({ ifindex }: Place, hops: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const known = async () =>
    new Map(
      (await neighboursNow())
        .filter((each) => each.ifindex === ifindex && hops.has(each.address))
        .map(({ address, mac }) => [address, mac]),
    );
  let macs = await known();
  if (macs.size === hops.size) return macs;
  await Promise.all([...hops].filter((hop) => !macs.has(hop)).map(solicit));
  for (let reading = 0; reading < READINGS && macs.size < hops.size; reading++) {
    await sleep(PAUSE_MS);
    macs = await known();
  }
  return macs;
}

async function routeTo(address: string): Promise<Route | null> {
  try {
    return await readRoute(ask, parseAddress(address) ?? new Uint8Array(4));
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}
