/* By bits of the payload, such as the flow id in the first word of a SCION header. */
#include "spread-port.h"

INLINE int choose(void *payload, void *end, const struct packet *packet, __u32 both, const struct config *config) {
  void *at = payload + (config->offset & 0xfff);
  if (at + 4 > end) return pass(SHORT);
  return send_by(finish(mix(config->seed, load32(at) & config->mask[0])), config);
}
