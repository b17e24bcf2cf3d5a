/* A random source port: answers go there, where nobody listens. */
#include "sport.h"

INLINE __u16 choose(const struct packet *packet, const struct udp *udp, const struct config *config) {
  return be16((__u16)(config->first + (((__u64)random32() * config->count) >> 32)));
}

INLINE void keep(const struct packet *packet, void *end, const __u8 *kinds) {}
