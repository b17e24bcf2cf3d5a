/* By addresses and ports: packets of a flow stay in order. */
#include "spread-port.h"

INLINE int choose(void *payload, void *end, const struct packet *packet, __u32 both, const struct config *config) {
  return send_by(flow_hash(packet, both, config->seed), config);
}
