/* MurmurHash3's 32-bit mixing (Austin Appleby, public domain); src/xdp/hash.ts computes the same. */
#pragma once

#include "bpf.h"

INLINE __u32 mix(__u32 hash, __u32 word) {
  word *= 0xcc9e2d51;
  word = (word << 15) | (word >> 17);
  word *= 0x1b873593;
  hash ^= word;
  hash = (hash << 13) | (hash >> 19);
  return hash * 5 + 0xe6546b64;
}

INLINE __u32 finish(__u32 hash) {
  hash ^= hash >> 16;
  hash *= 0x85ebca6b;
  hash ^= hash >> 13;
  hash *= 0xc2b2ae35;
  return hash ^ (hash >> 16);
}

/* A number below `count`, without division: Lemire's multiply and shift. */
INLINE __u32 below(__u32 hash, __u32 count) { return ((__u64)hash * count) >> 32; }
