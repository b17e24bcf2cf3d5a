/* Without state: the row alone decides. */
#include "balance.h"

INLINE struct backend *choose(const struct flow *flow, const struct vip *vip, __u32 seed, __u32 *index) {
  return by_row(flow, vip, seed, index);
}
