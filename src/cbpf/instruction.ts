/** Classic BPF instructions: the numbers of include/uapi/linux/{bpf_common,filter}.h and their byte form. */

/** One `struct sock_filter`. `k` is an unsigned 32-bit number. */
export type Instruction = readonly [code: number, jt: number, jf: number, k: number];

/** BPF_MAXINSNS: the kernel accepts 1 to this many. */
export const MAX_INSTRUCTIONS = 4096;

/** BPF_MEMWORDS: the scratch store M[0] to M[15]. */
export const MEMORY_WORDS = 16;

/** Bit of an ALU or jump code: the operand is X, not k. */
export const X = 0x08;

/** Names of `code >> 4` in class ALU (4); `neg` takes no operand. */
export const ALU = ['add', 'sub', 'mul', 'div', 'or', 'and', 'lsh', 'rsh', 'neg', 'mod', 'xor'] as const;

/** Names of `code >> 4` in class JMP (5). */
export const JUMP = ['ja', 'jeq', 'jgt', 'jge', 'jset'] as const;

/** Absolute loads from here on read what the kernel knows about a packet, not its bytes. */
export const SKF_AD_OFF = 0xfffff000;
/** Offsets (signed) of the windows onto the network header and the link-level header. */
export const SKF_NET_OFF = -0x100000;
export const SKF_LL_OFF = -0x200000;

/** bpf_asm's word for each ancillary load, by its distance from SKF_AD_OFF. */
export const EXTENSIONS: ReadonlyMap<number, string> = new Map([
  [0, 'proto'],
  [4, 'type'],
  [8, 'ifidx'],
  [12, 'nla'],
  [16, 'nlan'],
  [20, 'mark'],
  [24, 'queue'],
  [28, 'hatype'],
  [32, 'rxhash'],
  [36, 'cpu'],
  [44, 'vlan_tci'],
  [48, 'vlan_avail'],
  [52, 'poff'],
  [56, 'rand'],
  [60, 'vlan_tpid'],
]);

/** SKF_AD_ALU_XOR_X, `A ^= X`: the only ancillary load that bpf_asm has no word for. */
export const SKF_AD_ALU_XOR_X = 40;

/** The 49 codes that bpf_check_classic() (net/core/filter.c) accepts. */
export const LEGAL: ReadonlySet<number> = new Set([
  ...[0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x80, 0x00, 0x60], // ld: [k] as w, h, b; [x + k] as w, h, b; len, #k, M[k]
  ...[0x81, 0xb1, 0x01, 0x61], // ldx: len, 4*([k]&0xf), #k, M[k]
  ...[0x02, 0x03], // st, stx
  ...[0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x84, 0x94, 0xa4], // ALU with k, and neg
  ...[0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0x6c, 0x7c, 0x9c, 0xac], // ALU with X
  ...[0x05, 0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d], // ja; jumps with k, with X
  ...[0x06, 0x16], // ret #k, ret a
  ...[0x07, 0x87], // tax, txa
]);

/** `struct sock_filter[]` as little-endian machines store it: 8 bytes per instruction. */
export function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, jt, jf, k]] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  }
  return bytes;
}

/** Inverse of {@link encode}. Throws RangeError if the length is not a multiple of 8. */
export function decode(bytes: Uint8Array): Instruction[] {
  if (bytes.length % 8 !== 0)
    throw new RangeError(`${bytes.length} bytes are not a whole number of instructions`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 8 }, (_, index): Instruction => {
    const at = index * 8;
    return [
      view.getUint16(at, true),
      view.getUint8(at + 2),
      view.getUint8(at + 3),
      view.getUint32(at + 4, true),
    ];
  });
}
