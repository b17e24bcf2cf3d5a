/* In turn, on each receiving CPU: packets of a flow overtake each other. */
#include "spread-port.h"

INLINE int choose(void *payload, void *end, const struct packet *packet, __u32 both, const struct config *config) {
  __u32 which = ROUND;
  __u64 *turn = lookup(&counters, &which);
  if (!turn) return XDP_PASS;
  return send_to((__u32)(*turn)++ % config->cpus);
}
