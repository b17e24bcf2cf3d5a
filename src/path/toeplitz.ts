/** The Toeplitz hash of receive-side scaling (Microsoft, "RSS hashing functions"). */

/** How a NIC departs from it: what it makes of its key, and which value it starts from. */
export type ToeplitzVariant = 'toeplitz' | 'toeplitz-reversed' | 'toeplitz-reversed-ones';

/** Two IPv6 addresses and two ports: no input of RSS is longer. */
const LONGEST = 36;

/**
 * The hash of inputs of up to 36 bytes, unsigned 32 bit. ENA reads the key from its last byte to its first, and newer
 * drivers have it start from 0xffffffff (amzn-drivers, toeplitz_calc.py). Throws RangeError for an input that is longer
 * than the key allows, 4 bytes less than its own length.
 */
export function toeplitz(
  key: Uint8Array,
  variant: ToeplitzVariant = 'toeplitz',
): (input: Uint8Array) => number {
  const bytes = variant === 'toeplitz' ? key : key.toReversed();
  const start = variant === 'toeplitz-reversed-ones' ? 0xffffffff : 0;
  const most = Math.min(LONGEST, bytes.length - 4);
  const tables = Array.from({ length: Math.max(0, most) }, (_, at) => tableOf(bytes, at));
  return (input) => {
    if (input.length > most)
      throw new RangeError(`a key of ${key.length} bytes hashes no input of ${input.length}`);
    let hash = start;
    for (let at = 0; at < input.length; at++) hash ^= tables[at]?.[input[at] ?? 0] ?? 0;
    return hash >>> 0;
  };
}

/** What each value of the input's byte `at` adds: of each of its bits that is set, the 32 bits of the key from there. */
function tableOf(key: Uint8Array, at: number): Uint32Array {
  const word =
    ((key[at] ?? 0) << 24) | ((key[at + 1] ?? 0) << 16) | ((key[at + 2] ?? 0) << 8) | (key[at + 3] ?? 0);
  const next = key[at + 4] ?? 0;
  const table = new Uint32Array(256);
  for (let value = 1; value < 256; value++) {
    // The highest bit set; the rest has been done.
    const shift = Math.clz32(value) - 24;
    const window = shift === 0 ? word : (word << shift) | (next >> (8 - shift));
    table[value] = (table[value & ~(0x80 >> shift)] ?? 0) ^ window;
  }
  return table;
}
