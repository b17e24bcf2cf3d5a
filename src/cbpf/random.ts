/** Numbers for `ld rand` that are the same in every run. */

/** SplitMix (Steele, Lea and Flood, 2014) in 32 bits: unsigned, evenly spread, period 2^32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}
