/**
 * Takes backends of an attached balancer out of service and back, by writing rows of its tables where they are. A row is two
 * bytes, which the program reads at once, so every packet finds either the old backend or the new one. What is attached
 * stays the same: weights, counters, journal.
 */
import { randomInt } from 'node:crypto';
import { key32, type ProgramInfo, updateMap } from '../system/bpf.ts';
import { type OpenMaps, withMapsOf } from '../xdp/state.ts';
import type { AttachedVip } from './in-force.ts';
import { backendOf, tableBytes } from './maps.ts';
import { tableWithout } from './out-of-service.ts';
import { type Attached, placesOf, readTable, tableAt } from './state.ts';

/**
 * Returns how many rows have another backend than before. Throws SystemError. @param forget backends whose flows the flow cache
 * forgets: it would go on to send them there @param possible number of possible CPUs
 */
export function serveWithout(
  info: ProgramInfo,
  attached: Attached,
  vip: AttachedVip,
  sets: { readonly out: ReadonlySet<string>; readonly forget: ReadonlySet<string> },
  possible: number,
): number {
  const wanted = tableWithout(vip, attached.inForce.seed, sets.out);
  const places = placesOf(attached, vip);
  return withMapsOf(info, (maps) => {
    const is = readTable(maps, attached, vip, possible);
    const moved = wanted.reduce((sum, index, row) => sum + (index === is[row] ? 0 : 1), 0);
    const indices = places.map(({ index }) => index);
    if (moved > 0) write(maps, 'tables', tableAt(attached, vip), tableBytes(wanted, indices));
    if (maps.has('flows'))
      for (const place of places)
        if (sets.forget.has(place.backend.address))
          write(maps, 'backends', place.index, backendOf({ ...place, serial: randomInt(2 ** 32) }));
    return moved;
  });
}

function write(maps: OpenMaps, name: string, key: number, value: Uint8Array): void {
  const map = maps.get(name);
  if (map === undefined) throw new TypeError(`the program has no map ${name}`);
  updateMap(map.fd, key32(key), value);
}
