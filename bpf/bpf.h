/* What the programs here use of the kernel: helpers by number, and the form of a map. No libbpf, no kernel headers but
 * uapi. scripts/build-bpf.mjs reads `maps` from the object file, so a map is described only once. */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>

#define SECTION(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define UNLIKELY(condition) __builtin_expect(condition, 0)

#define be16(value) __builtin_bswap16(value)
#define be32(value) __builtin_bswap32(value)

/* Layout read by scripts/build-bpf.mjs. `entries` 0: the loader decides. */
struct map {
  __u32 type;
  __u32 key;
  __u32 value;
  __u32 entries;
};

/* include/uapi/linux/bpf.h: enum bpf_func_id. */
static void *(*lookup)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*update)(void *map, const void *key, const void *value, __u64 flags) =
    (void *)BPF_FUNC_map_update_elem;
static long (*redirect)(void *map, __u64 key, __u64 flags) = (void *)BPF_FUNC_redirect_map;
static __u32 (*random32)(void) = (void *)BPF_FUNC_get_prandom_u32;
static long (*replace_checksum)(struct __sk_buff *skb, __u32 offset, __u64 from, __u64 to, __u64 flags) =
    (void *)BPF_FUNC_l4_csum_replace;
static long (*store_bytes)(struct __sk_buff *skb, __u32 offset, const void *from, __u32 length, __u64 flags) =
    (void *)BPF_FUNC_skb_store_bytes;

/* One 32-bit load at any address: x86-64 and arm64 allow it, and clang would load four bytes. */
#define load32(address) (*(const __u32 *)(address))
#define load16(address) (*(const __u16 *)(address))
