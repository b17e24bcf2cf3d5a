/* Finds the transport header of a packet. */
#pragma once

#include "bpf.h"

#define ETHERTYPE_QINQ 0x88a8
#ifndef ETH_P_TEB
#define ETH_P_TEB 0x6558
#endif
#define EXTENSIONS 4

/* Where a packet's transport header begins, and what identifies the flow. */
struct packet {
  void *network;
  void *transport;
  __u32 source; /* addresses as hashed: IPv6 folded by xor */
  __u32 destination;
  __u8 family;   /* 4 or 6 */
  __u8 protocol; /* IPPROTO_*; 0 if there is none that we know */
  __u8 fragment; /* any fragment but a whole datagram */
};

/* The network header begins at `at`, the type of its protocol is `type`, in network order. */
INLINE int parse_network(void *at, void *end, __u16 type, struct packet *packet) {
  packet->network = at;
  packet->fragment = 0;
  if (type == be16(ETH_P_IP)) {
    struct iphdr *ip = at;
    if ((void *)(ip + 1) > end) return 0;
    if (ip->ihl < 5) return 0;
    packet->family = 4;
    packet->source = ip->saddr;
    packet->destination = ip->daddr;
    packet->protocol = ip->protocol;
    /* More fragments, or an offset. */
    packet->fragment = (ip->frag_off & be16(0x3fff)) != 0;
    packet->transport = at + ip->ihl * 4;
    return 1;
  }
  if (type == be16(ETH_P_IPV6)) {
    struct ipv6hdr *ip = at;
    if ((void *)(ip + 1) > end) return 0;
    const __u32 *from = (const __u32 *)&ip->saddr, *to = (const __u32 *)&ip->daddr;
    packet->family = 6;
    packet->source = from[0] ^ from[1] ^ from[2] ^ from[3];
    packet->destination = to[0] ^ to[1] ^ to[2] ^ to[3];
    __u8 next = ip->nexthdr;
    at = ip + 1;
#pragma unroll
    for (int i = 0; i < EXTENSIONS; i++) {
      if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS) break;
      __u8 *header = at;
      if ((void *)(header + 2) > end) return 0;
      next = header[0];
      at += (header[1] + 1) * 8;
    }
    packet->fragment = next == IPPROTO_FRAGMENT;
    packet->protocol = next;
    packet->transport = at;
    return 1;
  }
  return 0;
}

INLINE int parse(void *data, void *end, struct packet *packet) {
  struct ethhdr *ethernet = data;
  if ((void *)(ethernet + 1) > end) return 0;
  void *at = ethernet + 1;
  __u16 type = ethernet->h_proto;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    if (type != be16(ETH_P_8021Q) && type != be16(ETHERTYPE_QINQ)) break;
    if (at + 4 > end) return 0;
    type = load16(at + 2);
    at += 4;
  }
  return parse_network(at, end, type, packet);
}
