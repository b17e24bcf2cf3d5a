/** The Toeplitz hash of receive-side scaling (Microsoft, "RSS hashing functions"). */

/** How a NIC deviates from it: the key that it uses, and the initial value. */
export type ToeplitzVariant = 'toeplitz' | 'toeplitz-reversed' | 'toeplitz-reversed-ones';

/** Two IPv6 addresses and two ports: the longest input of RSS. */
const LONGEST = 36;

/**
 * The hash of inputs of up to 36 bytes, unsigned 32 bit. ENA reads the key from the last byte to the first, and with
 * newer drivers starts from 0xffffffff (amzn-drivers, toeplitz_calc.py). Throws RangeError for an input longer than the
 * key allows, which is the key length minus 4 bytes.
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

/** The contribution of each value of input byte `at`: for each set bit, the 32 bits of the key from there. */
function tableOf(key: Uint8Array, at: number): Uint32Array {
  const word =
    ((key[at] ?? 0) << 24) | ((key[at + 1] ?? 0) << 16) | ((key[at + 2] ?? 0) << 8) | (key[at + 3] ?? 0);
  const next = key[at + 4] ?? 0;
  const table = new Uint32Array(256);
  for (let value = 1; value < 256; value++) {
    // The highest set bit; the rest is in the table already.
    const shift = Math.clz32(value) - 24;
    const window = shift === 0 ? word : (word << shift) | (next >> (8 - shift));
    table[value] = (table[value & ~(0x80 >> shift)] ?? 0) ^ window;
  }
  return table;
}
