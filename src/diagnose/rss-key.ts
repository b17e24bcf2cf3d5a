/** How far an RSS key can spread flows: the Toeplitz hash is linear, so a key that is too regular reaches few entries. */
import type { Nic, Rss } from '../host/types.ts';
import { parseKey } from '../path/rss-hash.ts';

export interface KeySpread {
  /** Queues that the flows of one address and port of this machine can reach, at best. */
  readonly reached: number;
  /** Queues that the table names; with a key of zeros, those of the NIC. */
  readonly named: number;
  /** Why it reaches fewer, if it does. */
  readonly why: string;
}

/** Bits of the hash's input that differ between clients of one IPv4 server: source address, and source port. */
const ADDRESS_BITS = Array.from({ length: 32 }, (_, bit) => bit);
const PORT_BITS = Array.from({ length: 16 }, (_, bit) => 64 + bit);

/** null where the key, the table or what is hashed is not known, or the NIC hashes in another way. */
export function keySpread({
  driver,
  rss,
  rxQueues,
}: Pick<Nic, 'driver' | 'rss' | 'rxQueues'>): KeySpread | null {
  const key = parseKey(rss?.key ?? '');
  const size = rss?.indirection.length ?? 0;
  const power = size > 1 && (size & (size - 1)) === 0;
  if (rss === null || key === null || !power || rss.hashFunction !== 'toeplitz') return null;
  const zeros = key.every((byte) => byte === 0);
  const named = new Set(rss.indirection).size;
  // Then every flow has the hash 0 and uses the first entry of the table.
  if (zeros) return { reached: 1, named: rxQueues.length, why: 'all its bytes are 0' };
  const symmetric = rss.inputXfrm === 'symmetric-xor';
  // ENA shows the key from its end, by version, and mlx5 mixes the input in a way that is not linear.
  if (driver === 'ena' || driver === 'mlx5_core' || (rss.inputXfrm !== 'none' && !symmetric)) return null;
  const bits = hashesPorts(rss) ? [...ADDRESS_BITS, ...PORT_BITS] : ADDRESS_BITS;
  // Source xor destination takes the place of both: of the address 32 bits apart, of the port 16.
  const hashed = (bit: number) =>
    window(key, bit) ^ (symmetric ? window(key, bit + (bit < 64 ? 32 : 16)) : 0);
  const entries = reachable(bits.map((bit) => hashed(bit) & (size - 1)));
  const why = symmetric ? 'it repeats, and symmetric-xor cancels what repeats' : 'it is too regular';
  return { reached: mostQueues(rss.indirection, entries), named, why };
}

/** null: it spreads, or that is not known. */
export function weakKey(nic: Parameters<typeof keySpread>[0]): KeySpread | null {
  const spread = keySpread(nic);
  return spread !== null && spread.named >= 2 && spread.reached < spread.named ? spread : null;
}

function hashesPorts({ fields }: Rss): boolean {
  return [fields.tcp4, fields.udp4].some((letters) => letters === null || /[fn]/.test(letters));
}

/** The 32 bits of the key from one bit on, of which the table's index is the lowest. */
function window(key: Uint8Array, bit: number): number {
  const at = bit >> 3;
  const shift = bit & 7;
  const high =
    ((key[at] ?? 0) << 24) | ((key[at + 1] ?? 0) << 16) | ((key[at + 2] ?? 0) << 8) | (key[at + 3] ?? 0);
  return shift === 0 ? high >>> 0 : ((high << shift) | ((key[at + 4] ?? 0) >> (8 - shift))) >>> 0;
}

/** All sums (xor) of some of these numbers. */
function reachable(numbers: readonly number[]): ReadonlySet<number> {
  const all = new Set([0]);
  for (const each of numbers) if (!all.has(each)) for (const other of [...all]) all.add(other ^ each);
  return all;
}

/** What is added for the server's own address and port is not known: the best of all. */
function mostQueues(table: readonly number[], entries: ReadonlySet<number>): number {
  let most = 0;
  // Sums of sums are among `entries`, so what another own value reaches is the same set or has nothing in common.
  const reached = new Set<number>();
  for (let own = 0; own < table.length; own++) {
    if (reached.has(own)) continue;
    const queues = new Set<number>();
    for (const entry of entries) {
      reached.add(entry ^ own);
      queues.add(table[entry ^ own] ?? 0);
    }
    most = Math.max(most, queues.size);
  }
  return most;
}

/** The key of Microsoft's RSS verification suite, and more bytes for NICs with longer keys. */
const GOOD =
  '6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa' +
  '8f3c51e2d7a94b06937ec1285da0f46b2e95c87713d8be41f6602a9c47e5b30d';

/** A key of this many bytes, at most 72, that spreads well; as ethtool takes it. */
export function goodKey(length: number): string {
  return (GOOD.slice(0, 2 * length).match(/../g) ?? []).join(':');
}
