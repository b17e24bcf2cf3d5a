/* By chance: packets of a flow overtake each other. */
#include "spread-port.h"

INLINE int choose(void *payload, void *end, const struct packet *packet, __u32 both, const struct config *config) {
  return send_by(random32(), config);
}
