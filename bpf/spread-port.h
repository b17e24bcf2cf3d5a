/* The ways that need a port: `choose` gets what is behind the UDP header, and returns the verdict. */
#pragma once

#include "spread.h"

INLINE int choose(void *payload, void *end, const struct packet *packet, __u32 both, const struct config *config);

SECTION("xdp") int spread_packets(struct xdp_md *context) {
  void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  struct packet packet;
  __u32 zero = 0;
  struct config *config = lookup(&configs, &zero);
  if (!config || !parse(data, end, &packet)) return XDP_PASS;
  if (packet.fragment) return pass(FRAGMENTS);
  if (packet.protocol != (config->tcp ? IPPROTO_TCP : IPPROTO_UDP)) return XDP_PASS;
  struct transport *transport = packet.transport;
  if ((void *)(transport + 1) > end) return pass(SHORT);
  if (kind_of(transport->destination) == NOT_OURS) return XDP_PASS;
  return choose(packet.transport + 8, end, &packet, load32(transport), config);
}
