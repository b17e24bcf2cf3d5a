/** How packets reach the backends from an interface: by the kernel's routes and neighbours. */
import { parseAddress } from '../system/address.ts';
import { failure, isSystemError } from '../system/errors.ts';
import { isIP } from '../system/ip.ts';
import { native } from '../system/native.ts';
import { type Neighbour, type Route, readNeighbours, readRoute } from '../system/neighbours.ts';
import { NETLINK_ROUTE } from '../system/netlink.ts';
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

/**
 * The MAC addresses that the file does not have: of the backend, or with `ipip` of the next hop. Throws Failure
 * not-on-link, mac-unknown.
 */
export async function withMacs(place: Place, vips: readonly Vip[]): Promise<readonly AttachedVip[]> {
  const neighbours = await neighboursNow();
  return Promise.all(
    vips.map(async (vip) => ({
      ...vip,
      backends: await Promise.all(vip.backends.map((backend) => withMac(place, backend, neighbours))),
    })),
  );
}

async function withMac(
  { ifindex, name }: Place,
  backend: Backend,
  neighbours: readonly Neighbour[],
): Promise<AttachedBackend> {
  const { address, via, mac } = backend;
  if (mac !== null) return { ...backend, mac };
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
  const hop = route.gateway ?? address;
  const found = neighbours.find((each) => each.ifindex === ifindex && each.address === hop);
  if (found === undefined)
    throw failure(
      'mac-unknown',
      `the neighbour table has no MAC address of ${hop} on ${name}`,
      `first: ping -c 1 -I ${word(name)} ${hop}; or write "mac" into the file`,
    );
  return { ...backend, mac: found.mac };
}

async function routeTo(address: string): Promise<Route | null> {
  try {
    return await readRoute(ask, parseAddress(address) ?? new Uint8Array(4));
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}
