/* xdp spread: redirects packets of chosen ports to CPUs by a CPUMAP. One program for each way of choosing, because all
 * of them in one exceed the verifier's million instructions. What differs is in `choose`.
 *
 * What it cannot tell apart it passes on, and the kernel receives it as it would without this program: other ports,
 * fragments (a fragment without ports would go another way than the first one, and be lost in reassembly), packets that
 * are too short, and those for a CPU that is not in the map. */
#pragma once

#include "hash.h"
#include "packet.h"

/* Layouts of src/xdp/spread-maps.ts. */
struct config {
  __u32 cpus; /* how many of `targets` are in use */
  __u32 seed;
  __u32 offset;  /* payload: bytes from the start of the payload */
  __u32 mask[5]; /* payload: the first; quic: of the connection id, in network order */
  __u32 tcp;     /* TCP instead of UDP */
  __u32 raw;     /* inner: bits of enum tunnel for protocols without ports */
};

enum counter { SPREAD, ARRIVED, FRAGMENTS, SHORT, NO_CPU, ROUND, COUNTERS = 8 };

/* What a port carries; 0: not ours. */
enum port { NOT_OURS, OURS, VXLAN, GTP_U, ESP_IN_UDP, WIREGUARD };

/* Bits of config.raw. */
enum tunnel { RAW_GRE = 1, RAW_IPIP = 2, RAW_ESP = 4 };

SECTION("maps") struct map configs = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct config), 1};
SECTION("maps") struct map ports = {BPF_MAP_TYPE_ARRAY, 4, 65536, 1};
/* Slot -> CPU. */
SECTION("maps") struct map targets = {BPF_MAP_TYPE_ARRAY, 4, 4, 0};
SECTION("maps") struct map cpus = {BPF_MAP_TYPE_CPUMAP, 4, 8, 0};
/* Packets that were redirected to each CPU. */
SECTION("maps") struct map spread = {BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 0};
SECTION("maps") struct map counters = {BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, COUNTERS};

INLINE void count(__u32 which) {
  __u64 *counter = lookup(&counters, &which);
  if (counter) *counter += 1;
}

INLINE int pass(__u32 why) {
  count(why);
  return XDP_PASS;
}

INLINE __u8 kind_of(__u16 port) {
  __u32 zero = 0;
  __u8 *kinds = lookup(&ports, &zero);
  __u32 index = be16(port);
  /* The verifier of Linux 6.12 knows no bound of a swapped number, and clang removes a mask that it finds needless. */
  __asm__ volatile("" : "+r"(index));
  return kinds ? kinds[index & 0xffff] : NOT_OURS;
}

/* Both ports in one word, as they are in the packet. */
struct transport {
  __u16 source;
  __u16 destination;
};

INLINE __u32 flow_hash(const struct packet *packet, __u32 both, __u32 seed) {
  return finish(mix(mix(mix(seed, packet->source), packet->destination), both));
}

INLINE int send_to(__u32 slot) {
  __u32 *cpu = lookup(&targets, &slot);
  if (!cpu) return pass(NO_CPU);
  __u32 to = *cpu;
  long verdict = redirect(&cpus, to, XDP_PASS);
  if (verdict != XDP_REDIRECT) return pass(NO_CPU);
  __u64 *sent = lookup(&spread, &to);
  if (sent) *sent += 1;
  count(SPREAD);
  return verdict;
}

INLINE int send_by(__u32 hash, const struct config *config) { return send_to(below(hash, config->cpus)); }

/* The entry of each CPU runs this there: what it does not count was lost on the way. */
SECTION("cpumap") int arrived(struct xdp_md *context) {
  count(ARRIVED);
  return XDP_PASS;
}
