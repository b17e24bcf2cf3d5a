/* A random source port that is remembered: on the way out, a program for tc puts the peer's own port back into the answer.
 *
 * `given` knows each port that a peer's flow has: the random ones, and its own, since packets that pass as they are use
 * that. A port belongs to one flow of a peer at a time. A flow has at most PORTS_EACH random ports, so that a peer with
 * few flows does not fill the map. */
#include <linux/pkt_cls.h>

#include "hash.h"
#include "sport.h"

#define PORTS_EACH 256 /* a power of two */
#define ATTEMPTS 4
#define ENTRIES 65536
#define CHECKSUM_OFFSET 6

struct flow {
  __u32 peer[4]; /* IPv4 as ::ffff:a.b.c.d */
  __u16 server;  /* ports in network order */
  __u16 port;
};

/* The peer's own port, in network order, of each that it was given. Shared with the program that replaces this one. */
SECTION("maps") struct map given = {BPF_MAP_TYPE_LRU_HASH, sizeof(struct flow), 4, ENTRIES};
SECTION("maps") struct map restored = {BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1};

/* The header of a whole datagram, or of its first fragment; 0: there is none. */
INLINE struct udp *header_of(const struct packet *packet, void *end) {
  void *at = packet->transport;
  __u8 protocol = packet->protocol;
  if (packet->fragment && packet->family == 4) {
    const struct iphdr *ip = packet->network;
    if (ip->frag_off & be16(0x1fff)) return 0;
  } else if (packet->fragment) {
    const __u8 *fragment = at;
    if ((void *)(fragment + 8) > end) return 0;
    if (load16(fragment + 2) & be16(0xfff8)) return 0;
    protocol = fragment[0];
    at += 8;
  }
  if (protocol != IPPROTO_UDP || at + sizeof(struct udp) > end) return 0;
  return at;
}

INLINE void peer_of(const struct packet *packet, int outgoing, __u32 *peer) {
  if (packet->family == 4) {
    const struct iphdr *ip = packet->network;
    peer[0] = peer[1] = 0;
    peer[2] = be32(0xffff);
    peer[3] = outgoing ? ip->daddr : ip->saddr;
    return;
  }
  const struct ipv6hdr *ip = packet->network;
  const __u32 *from = (const __u32 *)(outgoing ? &ip->daddr : &ip->saddr);
  for (int i = 0; i < 4; i++) peer[i] = from[i];
}

/* Answers to the peer's own port are for itself, whoever was given that port before. Returns 0 if it is known now. */
INLINE int own(struct flow *flow, __u32 port) {
  flow->port = (__u16)port;
  __u32 *known = lookup(&given, flow);
  if (known && *known == port) return 0;
  return (int)update(&given, flow, &port, BPF_ANY);
}

INLINE __u16 choose(const struct packet *packet, const struct udp *udp, const struct config *config) {
  struct flow flow = {};
  peer_of(packet, 0, flow.peer);
  flow.server = udp->destination;
  __u32 port = udp->source, which = random32();
  if (own(&flow, port)) return 0;
  __u32 hash = mix(mix(0, flow.peer[0] ^ flow.peer[1] ^ flow.peer[2] ^ flow.peer[3]), port << 16 | flow.server);
#pragma unroll
  for (int i = 0; i < ATTEMPTS; i++) {
    __u32 number = finish(mix(hash, (which + i) & (PORTS_EACH - 1)));
    flow.port = be16((__u16)(config->first + below(number, config->count)));
    __u32 *known = lookup(&given, &flow);
    if (known) {
      if (*known == port) return flow.port;
    } else if (!update(&given, &flow, &port, BPF_NOEXIST)) {
      return flow.port;
    }
  }
  return 0;
}

INLINE void keep(const struct packet *packet, void *end, const __u8 *kinds) {
  const struct udp *udp = header_of(packet, end);
  if (!udp || !is_ours(kinds, udp)) return;
  struct flow flow = {};
  peer_of(packet, 0, flow.peer);
  flow.server = udp->destination;
  own(&flow, udp->source);
}

/* Whatever it does, the filters behind it run too. */
SECTION("tc") int own_port(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  struct packet packet;
  if (!parse(data, end, &packet)) return TC_ACT_UNSPEC;
  struct udp *udp = header_of(&packet, end);
  if (!udp) return TC_ACT_UNSPEC;
  struct flow flow = {};
  peer_of(&packet, 1, flow.peer);
  flow.server = udp->source;
  flow.port = udp->destination;
  __u32 *port = lookup(&given, &flow);
  if (!port) return TC_ACT_UNSPEC;
  __u16 from = flow.port, to = (__u16)*port;
  if (from == to) return TC_ACT_UNSPEC;
  __u32 at = (void *)udp - data, zero = 0;
  /* Where the hardware computes the checksum, the helper leaves it alone. */
  replace_checksum(skb, at + CHECKSUM_OFFSET, from, to, BPF_F_MARK_MANGLED_0 | sizeof to);
  store_bytes(skb, at + 2, &to, sizeof to, 0);
  __u64 *counter = lookup(&restored, &zero);
  if (counter) *counter += 1;
  return TC_ACT_UNSPEC;
}
