/** The size of a program after the kernel has converted it to eBPF: bpf_convert_filter() (net/core/filter.c). */
import { ALU, type Instruction, SKF_AD_ALU_XOR_X, SKF_AD_OFF, X } from './instruction.ts';

/**
 * Bytes in front of the instructions, offsetof(struct bpf_prog, insns): 56 on Linux 5.10, 72 on 6.1, 96 on 6.18.
 * So a size is exact to 40 bytes.
 */
export const HEADER = { least: 56, most: 96 } as const;
const INSTRUCTION_BYTES = 8;

/** eBPF instructions of a program that `check` accepts, on a machine that loads unaligned words (x86, arm64). */
export function convertedLength(program: readonly Instruction[]): number {
  const reads = program.some(([code, , , k]) => readsPacket(code, k));
  return program.reduce((sum, instruction) => sum + length(instruction), reads ? 7 : 3);
}

/** bpf_prog_size(): what SO_ATTACH_REUSEPORT_CBPF compares with net.core.optmem_max; ENOMEM where it is more. */
export function convertedBytes(program: readonly Instruction[], header: number = HEADER.most): number {
  return header + INSTRUCTION_BYTES * convertedLength(program);
}

/** An eBPF jump has signed 16 bits; bpf_convert_filter() returns EINVAL if they are not enough. */
const FURTHEST = 0x7fff;

/**
 * Indices of the jumps that are too long once everything in between is converted. Only programs of thousands of
 * instructions have any.
 */
export function overlongJumps(program: readonly Instruction[]): number[] {
  if (convertedLength(program) <= FURTHEST) return [];
  const addresses = [0];
  for (const instruction of program) addresses.push((addresses.at(-1) ?? 0) + length(instruction));
  const distance = (from: number, to: number) => (addresses[to] ?? 0) - (addresses[from + 1] ?? 0);
  return program.flatMap(([code, jt, jf, k], index) => {
    if ((code & 0x07) !== 5) return [];
    const far = index + 1 + (code === 0x05 ? k : Math.max(jt, jf));
    return distance(index, far) > FURTHEST ? [index] : [];
  });
}

const LDXB_MSH = 0xb1;

/** Does it read the packet? Then the prologue caches where the packet is. */
function readsPacket(code: number, k: number): boolean {
  if (code === 0x20 || code === 0x28 || code === 0x30) return ancillaryLength(k) === null;
  return code === 0x40 || code === 0x48 || code === 0x50 || code === LDXB_MSH;
}

function length([code, jt, jf, k]: Instruction): number {
  switch (code & 0x07) {
    case 0:
    case 1:
      if (code === LDXB_MSH) return 1 + absoluteLength(0x30, k) + 5;
      if ((code & 0xe0) === 0x20) return ancillaryLength(k) ?? absoluteLength(code, k);
      return (code & 0xe0) === 0x40 ? 8 + (k === 0 ? 0 : 1) : 1;
    case 4: {
      const name = ALU[code >> 4];
      return code & X && (name === 'div' || name === 'mod') ? 5 : 1;
    }
    case 5:
      return code === 0x05 ? 1 : jumpLength(code, jt, jf, k);
    case 6:
      return code === 0x06 ? 2 : 1;
    default:
      return 1;
  }
}

/** convert_bpf_ld_abs(): a fast path for the linear part, unless the offset is in a header window, and a call. */
function absoluteLength(code: number, k: number): number {
  if (k > 0x7fffffff) return 8;
  const swap = code === 0x30 ? 0 : 1;
  return 12 + (k === 0 ? 0 : 1) + swap + (k > 0x7fff ? 2 : 0);
}

/** convert_bpf_extensions(); null if it is a load from the packet after all. */
function ancillaryLength(k: number): number | null {
  switch (k - SKF_AD_OFF) {
    case 20: // mark
    case 24: // queue
    case 32: // rxhash
    case 44: // vlan_tci
    case SKF_AD_ALU_XOR_X:
      return 1;
    case 0: // proto
    case 4: // type
    case 60: // vlan_tpid
      return 2;
    case 48: // vlan_avail: 2 up to Linux 6.1
      return 3;
    case 8: // ifidx
    case 28: // hatype
    case 12: // nla
    case 16: // nlan
    case 36: // cpu
    case 52: // poff
    case 56: // rand
      return 4;
    default:
      return null;
  }
}

/** A constant with the high bit set goes through a register; two targets that are both elsewhere take two jumps. */
function jumpLength(code: number, jt: number, jf: number, k: number): number {
  const register = (code & X) === 0 && k > 0x7fffffff ? 1 : 0;
  const one = jf === 0 || (jt === 0 && (code & 0xf0) !== 0x40);
  return register + (one ? 1 : 2);
}
