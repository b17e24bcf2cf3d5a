/* balance: sends each packet to an address that several backends serve to one of them, which answers by itself (direct
 * server return). The row of a table decides, found by a hash of the flow, so that every balancer with the same table
 * decides alike and none has to remember anything.
 *
 * What it cannot send on it passes on, counted: echo requests, fragments (they have no ports), and what is too short. */
#pragma once

#include "hash.h"
#include "packet.h"

#define ROWS 65536
#define MOST_BACKENDS 4096
#define MAC 6
/* RFC 792 and 4443; linux/icmp.h needs headers of libc. */
#define ICMP_DEST_UNREACH 3
#define ICMP_ECHO 8
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETERPROB 12
#define ICMPV6_DEST_UNREACH 1
#define ICMPV6_PARAMPROB 4
#define ICMPV6_ECHO_REQUEST 128

static long (*adjust_head)(struct xdp_md *context, int by) = (void *)BPF_FUNC_xdp_adjust_head;

/* Layouts of src/balance/maps.ts. */
struct config {
  __u32 seed;
  __u32 mtu;        /* of the interface; 0: not known */
  __u64 filter;     /* bit of each address that is served */
  __u32 source4;    /* of the packets around IPv4 */
  __u32 source6[4]; /* of the packets around IPv6 */
  __u8 mac[8];      /* of the interface */
  __u32 unused;
};

struct vip_key {
  __u32 address[4]; /* IPv4: the first */
  __u16 port;       /* network order; 0: every port */
  __u8 protocol;
  __u8 family; /* 4 or 6 */
};

struct vip {
  __u32 table; /* index in `tables` */
};

enum via { VIA_NOTHING, VIA_MAC, VIA_IPIP };

struct backend {
  __u8 mac[MAC]; /* of the backend, or of the router on the way to it */
  __u8 via;
  __u8 family;
  __u32 address[4];
  __u32 serial; /* of this use of the index */
  __u32 weight; /* for people: the tables follow from it */
  __u32 table;  /* of its VIP */
};

struct traffic {
  __u64 packets;
  __u64 bytes;
};

enum counter { BALANCED, ERRORS, ECHO, FRAGMENTS, SHORT, OTHERS, TOO_BIG, NO_BACKEND, CACHED, COUNTERS = 16 };

struct table {
  __u16 backend[ROWS];
};

SECTION("maps") struct map configs = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct config), 1};
SECTION("maps") struct map vips = {BPF_MAP_TYPE_HASH, sizeof(struct vip_key), sizeof(struct vip), 0};
SECTION("maps") struct map tables = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct table), 0};
SECTION("maps") struct map backends = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct backend), MOST_BACKENDS};
SECTION("maps") struct map traffic = {BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct traffic), MOST_BACKENDS};
SECTION("maps") struct map counters = {BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, COUNTERS};

/* A flow, from the client to the VIP. */
struct flow {
  __u32 client[4];
  struct vip_key vip;
  __u32 ports;    /* as in the packet: the client's, the VIP's */
  __u8 beginning; /* a SYN */
  __u8 keeps;     /* worth a place in the cache */
};

INLINE void count(__u32 which) {
  __u64 *counter = lookup(&counters, &which);
  if (counter) *counter += 1;
}

INLINE int pass(__u32 why) {
  count(why);
  return XDP_PASS;
}

INLINE int drop(__u32 why) {
  count(why);
  return XDP_DROP;
}

/* Bit of an address in config.filter: most packets for other addresses leave without a lookup. */
INLINE __u64 filter_bit(__u32 folded) { return 1ULL << ((folded * 0x9e3779b1u) >> 26); }

/* Takes the addresses from the network header. `answer`: the packet is one from the VIP to the client. */
INLINE void take_addresses(const struct packet *packet, int answer, struct flow *flow) {
  const __u32 *from, *to;
  if (packet->family == 4) {
    const struct iphdr *ip = packet->network;
    from = answer ? &ip->daddr : &ip->saddr;
    to = answer ? &ip->saddr : &ip->daddr;
    flow->client[0] = *from;
    flow->vip.address[0] = *to;
    for (int i = 1; i < 4; i++) flow->client[i] = flow->vip.address[i] = 0;
  } else {
    const struct ipv6hdr *ip = packet->network;
    from = (const __u32 *)(answer ? &ip->daddr : &ip->saddr);
    to = (const __u32 *)(answer ? &ip->saddr : &ip->daddr);
    for (int i = 0; i < 4; i++) {
      flow->client[i] = from[i];
      flow->vip.address[i] = to[i];
    }
  }
  flow->vip.family = packet->family;
  flow->vip.protocol = packet->protocol;
}

/* The VIP of the flow; that of every port is only hashed by addresses. */
INLINE struct vip *vip_of(struct flow *flow) {
  flow->vip.port = flow->ports >> 16;
  struct vip *vip = lookup(&vips, &flow->vip);
  if (vip) return vip;
  flow->ports = 0;
  flow->vip.port = 0;
  return lookup(&vips, &flow->vip);
}

INLINE __u32 hash_of(const struct flow *flow, __u32 seed) {
  __u32 hash = mix(seed, flow->client[0]);
  if (flow->vip.family == 6)
    for (int i = 1; i < 4; i++) hash = mix(hash, flow->client[i]);
  hash = mix(hash, flow->vip.address[0]);
  if (flow->vip.family == 6)
    for (int i = 1; i < 4; i++) hash = mix(hash, flow->vip.address[i]);
  return finish(mix(mix(hash, flow->ports), flow->vip.protocol));
}

INLINE struct backend *by_row(const struct flow *flow, const struct vip *vip, __u32 seed, __u32 *index) {
  __u32 at = vip->table;
  struct table *table = lookup(&tables, &at);
  if (!table) return 0;
  __u32 row = hash_of(flow, seed);
  /* As in spread.h: without it Linux 5.10 knows no bound. */
  __asm__ volatile("" : "+r"(row));
  *index = table->backend[row & (ROWS - 1)];
  return lookup(&backends, index);
}

/* The one that the flow cache remembers, or that of the row. */
INLINE struct backend *choose(const struct flow *flow, const struct vip *vip, __u32 seed, __u32 *index);

INLINE void set_macs(struct ethhdr *ethernet, const struct backend *backend, const struct config *config) {
  __builtin_memcpy(ethernet->h_dest, backend->mac, MAC);
  __builtin_memcpy(ethernet->h_source, config->mac, MAC);
}

INLINE void wrap4(struct iphdr *ip, __u32 length, const struct backend *backend, const struct config *config) {
  __builtin_memset(ip, 0, sizeof *ip);
  ip->version = 4;
  ip->ihl = 5;
  ip->tot_len = be16((__u16)(length + sizeof *ip));
  ip->frag_off = be16(0x4000);
  ip->ttl = 64;
  ip->protocol = IPPROTO_IPIP;
  ip->saddr = config->source4;
  ip->daddr = backend->address[0];
  __u32 sum = 0;
  const __u16 *word = (const __u16 *)ip;
  for (int i = 0; i < 10; i++) sum += word[i];
  sum = (sum & 0xffff) + (sum >> 16);
  sum += sum >> 16;
  ip->check = ~sum;
}

INLINE void wrap6(struct ipv6hdr *ip, __u32 length, const struct backend *backend, const struct config *config) {
  *(__u32 *)ip = be32(0x60000000);
  ip->payload_len = be16((__u16)length);
  ip->nexthdr = IPPROTO_IPV6;
  ip->hop_limit = 64;
  __builtin_memcpy(&ip->saddr, config->source6, 16);
  __builtin_memcpy(&ip->daddr, backend->address, 16);
}

/* In an IP packet of the balancer's own. `link`: bytes of the Ethernet header with its VLAN tags. */
INLINE int wrap(struct xdp_md *context, __u64 link, const struct backend *backend, const struct config *config) {
  int around = backend->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
  __u32 length = context->data_end - context->data - link;
  if (config->mtu && length + around > config->mtu) return drop(TOO_BIG);
  if (adjust_head(context, -around)) return drop(NO_BACKEND);
  void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  if (data + around + 14 + 8 + sizeof(struct iphdr) > end) return drop(NO_BACKEND);
  __u16 *to = data;
  const __u16 *from = data + around;
#pragma unroll
  for (int i = 0; i < (14 + 8) / 2; i++)
    if (2 * i < (int)link) to[i] = from[i];
  set_macs(data, backend, config);
  void *ip = data + link;
  if (backend->family == 4) {
    if (ip + sizeof(struct iphdr) > end) return drop(NO_BACKEND);
    wrap4(ip, length, backend, config);
  } else {
    if (ip + sizeof(struct ipv6hdr) > end) return drop(NO_BACKEND);
    wrap6(ip, length, backend, config);
  }
  return XDP_TX;
}

INLINE int send(struct xdp_md *context, __u64 link, struct flow *flow, const struct vip *vip, const struct config *config) {
  __u32 index = 0, bytes = context->data_end - context->data;
  struct backend *backend = choose(flow, vip, config->seed, &index);
  if (!backend || backend->via == VIA_NOTHING) return drop(NO_BACKEND);
  int verdict = XDP_TX;
  if (backend->via == VIA_IPIP) {
    verdict = wrap(context, link, backend, config);
  } else {
    void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
    if (data + sizeof(struct ethhdr) > end) return XDP_PASS;
    set_macs(data, backend, config);
  }
  if (verdict != XDP_TX) return verdict;
  struct traffic *sent = lookup(&traffic, &index);
  if (sent) {
    sent->packets += 1;
    sent->bytes += bytes;
  }
  count(BALANCED);
  return XDP_TX;
}

/* An error about a packet that a backend sent from the VIP: it is for that backend. */
INLINE int is_error(__u8 protocol, __u8 type) {
  if (protocol == IPPROTO_ICMP)
    return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
  return type >= ICMPV6_DEST_UNREACH && type <= ICMPV6_PARAMPROB;
}

INLINE int is_echo(__u8 protocol, __u8 type) {
  return protocol == IPPROTO_ICMP ? type == ICMP_ECHO : type == ICMPV6_ECHO_REQUEST;
}

/* What a packet is: of a flow that may be balanced, or the verdict. */
enum { FLOW = -1 };

INLINE int flow_of_error(const struct packet *packet, void *end, struct flow *flow) {
  __u8 *icmp = packet->transport;
  if (icmp + 8 > (__u8 *)end) return pass(SHORT);
  if (is_echo(packet->protocol, icmp[0])) return pass(ECHO);
  if (!is_error(packet->protocol, icmp[0])) return pass(OTHERS);
  struct packet inner;
  __u16 type = packet->family == 4 ? be16(ETH_P_IP) : be16(ETH_P_IPV6);
  if (!parse_network(icmp + 8, end, type, &inner)) return pass(SHORT);
  if (inner.protocol != IPPROTO_TCP && inner.protocol != IPPROTO_UDP) return pass(OTHERS);
  if (inner.fragment) return pass(FRAGMENTS);
  if (inner.transport + 4 > end) return pass(SHORT);
  take_addresses(&inner, 1, flow);
  __u32 both = load32(inner.transport);
  flow->ports = (both >> 16) | (both << 16);
  count(ERRORS);
  return FLOW;
}

INLINE int flow_of(const struct packet *packet, void *end, struct flow *flow) {
  __u8 protocol = packet->protocol;
  take_addresses(packet, 0, flow);
  if (packet->fragment) {
    /* The protocol of IPv6 is behind the header that says so. */
    if (packet->family == 6) {
      __u8 *header = packet->transport;
      if (header + 8 > (__u8 *)end) return XDP_PASS;
      flow->vip.protocol = header[0];
    }
    return FLOW;
  }
  if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) return XDP_PASS;
  if (packet->transport + 4 > end) return pass(SHORT);
  flow->ports = load32(packet->transport);
  flow->keeps = protocol == IPPROTO_UDP;
  if (protocol == IPPROTO_TCP && packet->transport + 14 <= end) {
    __u8 flags = *(__u8 *)(packet->transport + 13);
    flow->beginning = (flags & 0x12) == 0x02;
    flow->keeps = !(flags & 0x02);
  }
  return FLOW;
}

SECTION("xdp") int balance(struct xdp_md *context) {
  void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  struct packet packet;
  __u32 zero = 0;
  struct config *config = lookup(&configs, &zero);
  if (!config || !parse(data, end, &packet)) return XDP_PASS;
  if (!(config->filter & filter_bit(packet.destination))) return XDP_PASS;
  /* A bridge floods frames for others, too, among them those that another balancer has sent on. */
  if (load32(data) != load32(config->mac) || load16(data + 4) != load16(config->mac + 4)) return XDP_PASS;
  __u64 link = packet.network - data;
  /* clang knows that it is 14, 18 or 22, and would remove the mask by which the verifier knows. */
  __asm__ volatile("" : "+r"(link));
  link &= 0x1f;

  struct flow flow = {};
  int is_icmp = packet.protocol == (packet.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) && !packet.fragment;
  int verdict = is_icmp ? flow_of_error(&packet, end, &flow) : flow_of(&packet, end, &flow);
  if (verdict != FLOW) return verdict;
  struct vip *vip = vip_of(&flow);
  if (!vip) return packet.fragment ? pass(FRAGMENTS) : XDP_PASS;
  return send(context, link, &flow, vip, config);
}
