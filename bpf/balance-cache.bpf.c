/* With a flow cache: a flow keeps its backend while that one is there, even if its row moves. */
#include "balance.h"

/* What of a flow tells it apart, and who has it. */
struct flow_key {
  __u32 client[4];
  struct vip_key vip;
  __u32 ports;
};

struct owner {
  __u32 index;
  __u32 serial; /* a removed backend's index is used again, with another serial */
};

SECTION("maps") struct map flows = {BPF_MAP_TYPE_LRU_HASH, sizeof(struct flow_key), sizeof(struct owner), 0};

INLINE struct backend *choose(const struct flow *flow, const struct vip *vip, __u32 seed, __u32 *index) {
  struct flow_key key;
  __builtin_memcpy(key.client, flow->client, sizeof key.client);
  key.vip = flow->vip;
  key.ports = flow->ports;
  struct owner *owner = lookup(&flows, &key);
  /* A SYN begins another connection of the same addresses and ports. */
  if (owner && !flow->beginning) {
    *index = owner->index;
    struct backend *backend = lookup(&backends, index);
    if (backend && backend->via != VIA_NOTHING && backend->serial == owner->serial && backend->table == vip->table) {
      count(CACHED);
      return backend;
    }
  }
  struct backend *backend = by_row(flow, vip, seed, index);
  /* Not on a SYN, so that a flood of them does not fill the cache. */
  if (backend && (owner || flow->keeps)) {
    struct owner now = {*index, backend->serial};
    update(&flows, &key, &now, BPF_ANY);
  }
  return backend;
}
