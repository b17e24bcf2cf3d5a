/* xdp sport: gives each UDP datagram for chosen ports another source port, so that everything that hashes the 4-tuple after
 * it sees many flows. Which port is in `choose`. All fragments pass, so that those of one datagram agree. */
#pragma once

#include "packet.h"

/* Layouts of src/xdp/sport.ts. */
struct config {
  __u32 first; /* of the range */
  __u32 count;
};

enum counter { REWRITTEN, FRAGMENTS, SHORT, NO_PORT, COUNTERS = 8 };

SECTION("maps") struct map configs = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct config), 1};
/* 1: ours. */
SECTION("maps") struct map ports = {BPF_MAP_TYPE_ARRAY, 4, 65536, 1};
SECTION("maps") struct map counters = {BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, COUNTERS};

struct udp {
  __u16 source;
  __u16 destination;
  __u16 length;
  __u16 check;
};

INLINE int pass(__u32 which) {
  __u64 *counter = lookup(&counters, &which);
  if (counter) *counter += 1;
  return XDP_PASS;
}

INLINE int is_ours(const __u8 *kinds, const struct udp *udp) {
  __u32 index = be16(udp->destination);
  /* As in spread.h. */
  __asm__ volatile("" : "+r"(index));
  return kinds[index & 0xffff];
}

/* The new source port, in network order; 0: none is free. */
INLINE __u16 choose(const struct packet *packet, const struct udp *udp, const struct config *config);
/* A fragment passes as it is. */
INLINE void keep(const struct packet *packet, void *end, const __u8 *kinds);

SECTION("xdp") int another_source(struct xdp_md *context) {
  void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  struct packet packet;
  __u32 zero = 0;
  struct config *config = lookup(&configs, &zero);
  __u8 *kinds = lookup(&ports, &zero);
  if (!config || !kinds || !parse(data, end, &packet)) return XDP_PASS;
  if (packet.fragment) {
    keep(&packet, end, kinds);
    return pass(FRAGMENTS);
  }
  if (packet.protocol != IPPROTO_UDP) return XDP_PASS;
  struct udp *udp = packet.transport;
  if ((void *)(udp + 1) > end) return pass(SHORT);
  if (!is_ours(kinds, udp)) return XDP_PASS;

  __u16 from = udp->source, to = choose(&packet, udp, config);
  if (!to) return pass(NO_PORT);
  udp->source = to;
  /* RFC 1624, equation 3; the byte order does not matter. A checksum of 0 is none, and a sum of 0 is written as ffff. */
  if (udp->check) {
    __u32 sum = (__u16)~udp->check + (__u16)~from + to;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    __u16 check = ~sum;
    udp->check = check ? check : 0xffff;
  }
  return pass(REWRITTEN);
}
