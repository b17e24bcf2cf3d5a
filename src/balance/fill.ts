/** What the maps of a balancer are filled with. Pure. */
import type { Loading } from '../xdp/order.ts';
import { MOST_BACKENDS } from './file.ts';
import { type InForce, inOrder } from './in-force.ts';
import { backendOf, configOf, keyOf, type Link, type Placed, TRAFFIC_BYTES, tableBytes } from './maps.ts';
import { tableOf } from './table.ts';

/**
 * A backend that is there keeps its index, because the counters and the flow cache know it by that. A new one gets an
 * index that nobody has now. Throws RangeError: more than the map has.
 * @param now those of the program that is replaced, with the name of their VIP by table @param serial of new ones
 */
export function place(after: InForce, now: readonly PlacedIn[], serial: () => number): readonly Placed[] {
  const used = new Set(now.map(({ index }) => index));
  const known = new Map(now.map((each) => [`${each.vip} ${each.backend.address}`, each]));
  let next = 0;
  const free = (): number => {
    while (used.has(next)) next++;
    if (next >= MOST_BACKENDS) throw new RangeError(`the map has ${MOST_BACKENDS} places`);
    used.add(next);
    return next;
  };
  return inOrder(after.vips).flatMap((vip, table) =>
    vip.backends.map((backend) => {
      const was = known.get(`${vipKey(vip)} ${backend.address}`);
      return was === undefined
        ? { index: free(), serial: serial(), table, backend }
        : { index: was.index, serial: was.serial, table, backend };
    }),
  );
}

export interface PlacedIn extends Placed {
  /** vipKey. */
  readonly vip: string;
}

export const vipKey = (vip: Parameters<typeof keyOf>[0]): string => Buffer.from(keyOf(vip)).toString('hex');

/** @param fresh indices whose counters start at 0 @param possible number of possible CPUs */
export function fill(
  { seed, vips, flowCache }: InForce,
  link: Link,
  placed: readonly Placed[],
  fresh: readonly number[],
  possible: number,
): Pick<Loading, 'sizes' | 'entries'> {
  const ordered = inOrder(vips);
  const tables = ordered.map((vip, table) => {
    const indices = placed.filter((each) => each.table === table).map(({ index }) => index);
    return tableBytes(tableOf(vip, seed), indices);
  });
  const numbers = ordered.map((_, table) => table);
  return {
    sizes: { vips: ordered.length, tables: ordered.length, flows: flowCache ?? 0 },
    entries: [
      {
        map: 'traffic',
        keys: words(fresh),
        values: base64(Buffer.alloc(fresh.length * TRAFFIC_BYTES * possible)),
      },
      {
        map: 'backends',
        keys: words(placed.map(({ index }) => index)),
        values: base64(Buffer.concat(placed.map(backendOf))),
      },
      { map: 'tables', keys: words(numbers), values: base64(Buffer.concat(tables)) },
      { map: 'configs', keys: words([0]), values: base64(configOf(seed, ordered, link)) },
      { map: 'vips', keys: base64(Buffer.concat(ordered.map(keyOf))), values: words(numbers) },
    ].filter(({ keys }) => keys !== ''),
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function words(values: readonly number[]): string {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, 4 * at);
  return bytes.toString('base64');
}
