/** Tells an attached balancer the MAC address and MTU that its interface has now, where they are in its map. */
import { key32, type ProgramInfo, updateMap } from '../system/bpf.ts';
import { withMapsOf, type XdpState } from '../xdp/state.ts';
import { inOrder } from './in-force.ts';
import { linkOf } from './link.ts';
import { configOf } from './maps.ts';
import type { Attached } from './state.ts';

/** Does it work with another MAC address or MTU than the interface has? */
export const isStale = ({ mac, mtu }: XdpState, { link }: Attached): boolean =>
  mac !== link.mac || (link.mtu !== null && mtu !== link.mtu);

/** Throws Failure no-mac, no-source; SystemError. */
export async function refreshLink(state: XdpState, info: ProgramInfo, { inForce }: Attached): Promise<void> {
  const link = await linkOf(state, inForce.vips);
  const config = configOf(inForce.seed, inOrder(inForce.vips), link);
  withMapsOf(info, (maps) => {
    const map = maps.get('configs');
    if (map === undefined) throw new TypeError('the program has no map configs');
    updateMap(map.fd, key32(0), config);
  });
}
