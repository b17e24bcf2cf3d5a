/* By the connection id of QUIC (RFC 9000, 17.2 and 17.3): a long header has it at 6, behind its length, a short one
 * at 1. Its first bytes are hashed, as many as `mask` has. */
#include "spread-port.h"

INLINE int choose(void *payload, void *end, const struct packet *packet, __u32 both, const struct config *config) {
  __u8 *first = payload;
  if (first + 1 > (__u8 *)end) return pass(SHORT);
  __u8 *id = (*first & 0x80) ? first + 6 : first + 1;
  __u32 hash = config->seed;
#pragma unroll
  for (int word = 0; word < 5; word++) {
    __u32 mask = config->mask[word];
    if (!mask) break;
    if (id + 4 > (__u8 *)end) return pass(SHORT);
    hash = mix(hash, load32(id) & mask);
    id += 4;
  }
  return send_by(finish(hash), config);
}
