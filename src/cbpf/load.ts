/** The results of `ld` and `ldx`: bpf_convert_filter() and the helpers that it calls (net/core/filter.c). */
import type { Environment } from './environment.ts';
import { SKF_AD_ALU_XOR_X, SKF_AD_OFF, SKF_LL_OFF, SKF_NET_OFF } from './instruction.ts';
import { findAttribute, findNestedAttribute } from './nlattr.ts';

/** The value for A or X; null if the load ends the program. */
export function load(
  code: number,
  k: number,
  a: number,
  x: number,
  memory: Uint32Array,
  environment: Environment,
): number | null {
  switch (code & 0xe0) {
    case 0x00:
      return k;
    case 0x20:
      return k >= SKF_AD_OFF
        ? ancillary(k, loadSize(code), a, x, environment)
        : bytes(environment, k | 0, loadSize(code));
    case 0x40:
      return bytes(environment, (x + k) | 0, loadSize(code));
    case 0x60:
      return memory[k] ?? null;
    case 0x80:
      return environment.length ?? environment.packet.length;
    default: {
      const header = bytes(environment, k | 0, 1);
      return header === null ? null : (header & 0xf) << 2;
    }
  }
}

/** Bytes that a load of this code reads: BPF_W, BPF_H or BPF_B. */
export function loadSize(code: number): number {
  return 4 >> ((code >> 3) & 3);
}

/** convert_bpf_extensions(): the size of the load does not matter, and an unknown one is a load of bytes. */
function ancillary(k: number, size: number, a: number, x: number, environment: Environment): number | null {
  switch (k - SKF_AD_OFF) {
    case 0:
      return environment.protocol;
    case 4:
      return environment.type;
    case 8:
      return environment.ifindex;
    case 12:
      return findAttribute(environment.packet, a, x);
    case 16:
      return findNestedAttribute(environment.packet, a, x);
    case 20:
      return environment.mark;
    case 24:
      return environment.queue;
    case 28:
      return environment.hatype;
    case 32:
      return environment.rxhash;
    case 36:
      return environment.cpu;
    case SKF_AD_ALU_XOR_X:
      return (a ^ x) >>> 0;
    case 44:
      return environment.vlanTci;
    case 48:
      return environment.vlanPresent;
    case 52:
      return environment.poff;
    case 56:
      return typeof environment.rand === 'number' ? environment.rand : environment.rand();
    case 60:
      return environment.vlanTpid;
    default:
      return bytes(environment, k | 0, size);
  }
}

/**
 * bpf_skb_load_helper_*() and bpf_internal_load_pointer_neg_helper(): big-endian; null where the kernel returns
 * -EFAULT.
 */
function bytes(environment: Environment, offset: number, size: number): number | null {
  const window =
    offset >= 0
      ? environment.packet
      : offset >= SKF_NET_OFF
        ? environment.network
        : windowBelow(environment, offset);
  const from = offset >= 0 ? offset : offset - (offset >= SKF_NET_OFF ? SKF_NET_OFF : SKF_LL_OFF);
  if (window === null || from + size > window.length) return null;
  let value = 0;
  for (let at = from; at < from + size; at++) value = value * 256 + (window[at] ?? 0);
  return value;
}

function windowBelow({ link }: Environment, offset: number): Uint8Array | null {
  return offset >= SKF_LL_OFF ? link : null;
}
