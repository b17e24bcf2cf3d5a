/* For comparison with balance.bpf.c: no table. Every backend's score is computed for every packet, as weighted rendezvous
 * hashing says: the least -ln(u) / weight wins. Never shipped; test/bench/balance/instructions.ts loads it. */
#include "../../../bpf/balance.h"

#define MOST 256
#define STEPS 1024
#define FRACTION 22

struct pool {
  __u32 count;
  struct {
    __u32 key;
    __u16 inverse; /* of the weight, times 2^15 */
    __u16 index;   /* a number that the verifier does not know, so that it need not follow each */
  } each[MOST];
};

/* -ln(u) times 2^20, a straight line between two steps. */
struct logarithms {
  struct {
    __u32 base;
    __u32 slope;
  } each[STEPS];
};

SECTION("maps") struct map pools = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct pool), 1};
SECTION("maps") struct map logs = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct logarithms), 1};

INLINE struct backend *choose(const struct flow *flow, const struct vip *vip, __u32 seed, __u32 *index) {
  __u32 zero = 0;
  struct pool *pool = lookup(&pools, &zero);
  struct logarithms *table = lookup(&logs, &zero);
  if (!pool || !table) return 0;
  __u32 hash = hash_of(flow, seed), count = pool->count;
  __u64 least = ~0ULL;
  for (__u32 i = 0; i < MOST; i++) {
    if (i >= count) break;
    __u32 own = finish(mix(pool->each[i].key, hash));
    __u32 step = own >> FRACTION;
    __u64 fallen = (__u64)table->each[step].slope * (own & ((1 << FRACTION) - 1));
    __u64 score = (table->each[step].base - (fallen >> FRACTION)) * pool->each[i].inverse;
    if (score < least) {
      least = score;
      *index = pool->each[i].index;
    }
  }
  return lookup(&backends, index);
}
