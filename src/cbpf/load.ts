/** What `ld` and `ldx` give: bpf_convert_filter() and the helpers that it calls (net/core/filter.c). */
import type { Environment } from './environment.ts';
import { type Instruction, SKF_AD_ALU_XOR_X, SKF_AD_OFF, SKF_LL_OFF, SKF_NET_OFF } from './instruction.ts';
import { findAttribute, findNestedAttribute } from './nlattr.ts';

/** The value for A or X; null where the load ends the program. Throws RangeError for M[16] and beyond. */
export function load(
  [code, , , k]: Instruction,
  a: number,
  x: number,
  memory: readonly number[],
  environment: Environment,
): number | null {
  const size = SIZES[(code >> 3) & 3] ?? 4;
  switch (code & 0xe0) {
    case 0x00:
      return k;
    case 0x20:
      return k >= SKF_AD_OFF ? ancillary(k, size, a, x, environment) : bytes(environment, k | 0, size);
    case 0x40:
      return bytes(environment, (x + k) | 0, size);
    case 0x60:
      return word(memory, k);
    case 0x80:
      return environment.packet.length;
    default: {
      const header = bytes(environment, k | 0, 1);
      return header === null ? null : (header & 0xf) << 2;
    }
  }
}

/** Bytes of BPF_W, BPF_H, BPF_B. */
const SIZES = [4, 2, 1];

function word(memory: readonly number[], k: number): number {
  const value = memory[k];
  if (value === undefined) throw new RangeError(`there is no M[${k}]`);
  return value;
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
      return environment.rand;
    case 60:
      return environment.vlanTpid;
    default:
      return bytes(environment, k | 0, size);
  }
}

/**
 * bpf_skb_load_helper_*() and bpf_internal_load_pointer_neg_helper(): big-endian, null where the kernel has
 * -EFAULT.
 */
function bytes({ packet, network, link }: Environment, offset: number, size: number): number | null {
  const window = offset >= 0 ? packet : offset >= SKF_NET_OFF ? network : offset >= SKF_LL_OFF ? link : null;
  const start = offset >= 0 ? 0 : offset >= SKF_NET_OFF ? SKF_NET_OFF : SKF_LL_OFF;
  if (window === null || offset - start + size > window.length) return null;
  const view = new DataView(window.buffer, window.byteOffset + offset - start, size);
  return size === 4 ? view.getUint32(0) : size === 2 ? view.getUint16(0) : view.getUint8(0);
}
