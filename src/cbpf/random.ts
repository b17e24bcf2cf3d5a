/** Numbers for `ld rand` that are the same in every run. */

/**
 * Unsigned 32-bit numbers, evenly spread, period 2^32: SplitMix (Steele, Lea and Flood, 2014) with a mixer for 32 bits
 * (Wellons, hash-prospector).
 */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}
