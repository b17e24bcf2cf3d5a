/* By the flow inside a tunnel: GRE, IPIP, VXLAN, GTP-U by inner addresses and ports; ESP, also in UDP, by its SPI;
 * WireGuard by the receiver's index. */
#include "spread.h"

/* The inner flow, or without its ports if it is a fragment. */
INLINE int inner_flow(void *at, void *end, __u16 type, const struct config *config) {
  struct packet inner;
  if (!parse_network(at, end, type, &inner)) return pass(SHORT);
  __u32 both = 0;
  int has_ports = inner.protocol == IPPROTO_UDP || inner.protocol == IPPROTO_TCP;
  if (has_ports && !inner.fragment) {
    if (inner.transport + 4 > end) return pass(SHORT);
    both = load32(inner.transport);
  }
  return send_by(flow_hash(&inner, both, config->seed), config);
}

INLINE int by_word(const struct packet *packet, __u32 word, const struct config *config) {
  return send_by(flow_hash(packet, word, config->seed), config);
}

SECTION("xdp") int spread_packets(struct xdp_md *context) {
  void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  struct packet packet;
  __u32 zero = 0;
  struct config *config = lookup(&configs, &zero);
  if (!config || !parse(data, end, &packet)) return XDP_PASS;
  if (packet.fragment) return pass(FRAGMENTS);
  __u8 *at = packet.transport;
  __u16 type = 0; /* of the inner packet */

  if (packet.protocol == IPPROTO_UDP) {
    struct transport *transport = packet.transport;
    if ((void *)(transport + 1) > end) return pass(SHORT);
    __u8 kind = kind_of(transport->destination);
    if (kind == NOT_OURS) return XDP_PASS;
    at += 8;
    if (at + 8 > (__u8 *)end) return pass(SHORT);
    switch (kind) {
      case VXLAN:
        at += 8;
        type = be16(ETH_P_TEB);
        break;
      case GTP_U: { /* 3GPP TS 29.281, 5.1 */
        __u8 flags = at[0];
        if (at[1] != 255) return XDP_PASS; /* no user data */
        at += 8;
        if (flags & 7) {
          if (at + 4 > (__u8 *)end) return pass(SHORT);
          __u8 next = (flags & 4) ? at[3] : 0;
          at += 4;
#pragma unroll
          for (int i = 0; i < 2; i++) {
            if (!next) break;
            if (at + 4 > (__u8 *)end) return pass(SHORT);
            __u32 words = at[0];
            /* Its last byte says what follows; those of more than four bytes are rare. */
            if (words != 1) return pass(SHORT);
            next = at[3];
            at += 4;
          }
          if (next) return pass(SHORT);
        }
        if (at + 1 > (__u8 *)end) return pass(SHORT);
        type = (*at >> 4) == 6 ? be16(ETH_P_IPV6) : be16(ETH_P_IP);
        break;
      }
      case ESP_IN_UDP: /* RFC 3948: an SPI of 0 marks IKE */
        if (!load32(at)) return XDP_PASS;
        return by_word(&packet, load32(at), config);
      case WIREGUARD: /* only data: a handshake has no index of ours yet */
        if (at[0] != 4) return XDP_PASS;
        return by_word(&packet, load32(at + 4), config);
      default:
        return by_word(&packet, load32(transport), config);
    }
  } else if (packet.protocol == IPPROTO_ESP && (config->raw & RAW_ESP)) {
    if (at + 4 > (__u8 *)end) return pass(SHORT);
    return by_word(&packet, load32(at), config);
  } else if (packet.protocol == IPPROTO_IPIP && (config->raw & RAW_IPIP)) {
    type = be16(ETH_P_IP);
  } else if (packet.protocol == IPPROTO_IPV6 && (config->raw & RAW_IPIP)) {
    type = be16(ETH_P_IPV6);
  } else if (packet.protocol == IPPROTO_GRE && (config->raw & RAW_GRE)) { /* RFC 2784, 2890 */
    if (at + 4 > (__u8 *)end) return pass(SHORT);
    __u16 flags = be16(load16(at));
    if (flags & 0x4007) return pass(SHORT); /* source routing, another version */
    type = load16(at + 2);
    at += 4;
    if (flags & 0x8000) at += 4;
    if (flags & 0x2000) at += 4;
    if (flags & 0x1000) at += 4;
  } else {
    return XDP_PASS;
  }

  if (type == be16(ETH_P_TEB)) {
    if (at + 14 > (__u8 *)end) return pass(SHORT);
    type = load16(at + 12);
    at += 14;
    if (type == be16(ETH_P_8021Q)) {
      if (at + 4 > (__u8 *)end) return pass(SHORT);
      type = load16(at + 2);
      at += 4;
    }
  }
  return inner_flow(at, end, type, config);
}
