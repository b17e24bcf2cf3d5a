/** Two balancers decide alike if they have the same digest. Pure. */
import { createHash } from 'node:crypto';
import { compareText } from '../host/order.ts';
import { nameOfVip } from './file.ts';
import { ROWS, type Table } from './table.ts';
import type { Vip } from './types.ts';

/**
 * 16 hexadecimal digits over the seed and the backend of each row of each VIP. How a packet reaches a backend is not in
 * it: that may differ from balancer to balancer.
 */
export function digestOf(
  seed: number,
  vips: readonly { readonly vip: Vip; readonly table: Table }[],
): string {
  const hash = createHash('sha256').update(`${seed}\n`);
  for (const { vip, table } of vips.toSorted((a, b) => compareText(nameOfVip(a.vip), nameOfVip(b.vip)))) {
    const names = vip.backends.map(({ address }) => address).sort();
    const rank = new Map(names.map((name, at) => [name, at]));
    const ranks = vip.backends.map(({ address }) => rank.get(address) ?? 0);
    const rows = Uint16Array.from({ length: ROWS }, (_, row) => ranks[table[row] ?? 0] ?? 0);
    const used = names.filter((_, at) => rows.includes(at));
    hash.update(`${nameOfVip(vip)} ${used.join(' ')}\n`);
    // By rank among the used ones: a backend of weight 0 must not count.
    const place = new Map(used.map((name, at) => [rank.get(name) ?? 0, at]));
    hash.update(Buffer.from(rows.map((each) => place.get(each) ?? 0).buffer));
  }
  return hash.digest('hex').slice(0, 16);
}
