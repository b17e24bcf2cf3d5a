/** Instructions of a socket filter (struct sock_filter, 8 bytes each); numbers in a packet are in network byte order. */

function instruction(code: number, jt: number, jf: number, k: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(jt, 2);
  bytes.writeUInt8(jf, 3);
  bytes.writeUInt32LE(k, 4);
  return bytes;
}

/** BPF_LD | BPF_W | BPF_ABS */
export const loadWord = (offset: number) => instruction(0x20, 0, 0, offset);
/** BPF_LD | BPF_H | BPF_ABS */
export const loadHalf = (offset: number) => instruction(0x28, 0, 0, offset);
/** BPF_JMP | BPF_JEQ | BPF_K: how many instructions to skip. */
export const jumpIf = (value: number, then: number, otherwise: number) =>
  instruction(0x15, then, otherwise, value);
/** BPF_RET | BPF_K: how much of the packet passes. */
export const result = (value: number) => instruction(0x06, 0, 0, value);
export const EVERYTHING = 0xffffffff;
