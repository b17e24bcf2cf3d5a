/**
 * Compares a word of the kernel's memory with what it was, at the price of one system call: with a small BPF program that is
 * loaded once, attached to nothing, and run when somebody asks.
 */
import { closeDescriptor, loadProgram, PROGRAM_TYPE, runOnce } from './bpf.ts';

/** A word of 8 bytes, and the value that it had. */
export interface KernelWord {
  readonly address: bigint;
  readonly value: bigint;
}

export interface KernelWords {
  /** Has it this value still? Not if there is no memory at that address now. Throws SystemError. */
  isSame(word: KernelWord): boolean;
  close(): void;
}

/** Throws SystemError: EPERM without CAP_BPF and CAP_PERFMON; EINVAL before Linux 5.10, and where lockdown forbids it. */
export function openKernelWords(): KernelWords {
  const program = loadProgram({
    name: 'lt_same_word',
    type: PROGRAM_TYPE.rawTracepoint,
    attachType: 0,
    instructions: PROGRAM,
  });
  const isSame = ({ address, value }: KernelWord): boolean => {
    const words = new Uint8Array(BigUint64Array.of(address, value).buffer);
    return runOnce(program, words) === SAME;
  };
  try {
    // A kernel that cannot run it on demand says so now.
    isSame({ address: 0n, value: 0n });
  } catch (error) {
    closeDescriptor(program);
    throw error;
  }
  return { isSame, close: () => closeDescriptor(program) };
}

const SAME = 1;

/** struct bpf_insn (include/uapi/linux/bpf.h). */
const instruction = (opcode: number, to = 0, from = 0, offset = 0, immediate = 0): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt8(opcode, 0);
  bytes.writeUInt8(to | (from << 4), 1);
  bytes.writeInt16LE(offset, 2);
  bytes.writeInt32LE(immediate, 4);
  return bytes;
};
const [LOAD64, MOVE, MOVE_NUMBER, ADD_NUMBER, CALL, EXIT, IF_UNEQUAL, IF_UNEQUAL_NUMBER] = [
  0x79, 0xbf, 0xb7, 0x07, 0x85, 0x95, 0x5d, 0x55,
];
const PROBE_READ_KERNEL = 113;
const FRAME = 10;

/** bpf_probe_read_kernel() of the first argument; 1 if that worked and gave the second argument, otherwise 0. */
const PROGRAM = Buffer.concat([
  instruction(LOAD64, 7, 1, 8),
  instruction(LOAD64, 3, 1, 0),
  instruction(MOVE, 1, FRAME),
  instruction(ADD_NUMBER, 1, 0, 0, -8),
  instruction(MOVE_NUMBER, 2, 0, 0, 8),
  instruction(CALL, 0, 0, 0, PROBE_READ_KERNEL),
  instruction(MOVE, 6, 0),
  instruction(MOVE_NUMBER, 0, 0, 0, 0),
  instruction(IF_UNEQUAL_NUMBER, 6, 0, 3, 0),
  instruction(LOAD64, 6, FRAME, -8),
  instruction(IF_UNEQUAL, 6, 7, 1),
  instruction(MOVE_NUMBER, 0, 0, 0, SAME),
  instruction(EXIT),
]);
