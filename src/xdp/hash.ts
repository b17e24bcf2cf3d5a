/** The hash of bpf/hash.h, in 32 bits. Pure. */

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

function mix(hash: number, word: number): number {
  const mixed = Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotate(hash ^ mixed, 13), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
}

/** @param words as 32-bit little-endian loads find them in the packet */
export const hashOf = (seed: number, words: readonly number[]): number => finish(words.reduce(mix, seed));

/** A number below `count`. */
export const below = (hash: number, count: number): number =>
  Number((BigInt(hash >>> 0) * BigInt(count)) >> 32n);
