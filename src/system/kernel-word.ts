/**
 * Reads words of the kernel's memory, at the price of one or two system calls each: with small BPF programs that are loaded once,
 * attached to nothing, and run when somebody asks.
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
  /** The 8 bytes at an address; 0 if there is no memory. Throws SystemError. */
  read(address: bigint): bigint;
  close(): void;
}

/** Throws SystemError: EPERM without CAP_BPF and CAP_PERFMON; EINVAL before Linux 5.10, and where lockdown forbids it. */
export function openKernelWords(): KernelWords {
  const open: number[] = [];
  const load = (name: string, instructions: Uint8Array): number => {
    const type = PROGRAM_TYPE.rawTracepoint;
    const program = loadProgram({ name, type, attachType: 0, instructions });
    open.push(program);
    return program;
  };
  const close = () => {
    for (const program of open.splice(0)) closeDescriptor(program);
  };
  const run = (program: number, ...words: bigint[]): number =>
    runOnce(program, new Uint8Array(BigUint64Array.from(words).buffer));
  const comparing = load('lt_same_word', COMPARE);
  /** Seldom needed. */
  let reading: number | null = null;
  const isSame = ({ address, value }: KernelWord): boolean => run(comparing, address, value) === SAME;
  try {
    // A kernel that cannot run it on demand says so now.
    isSame({ address: 0n, value: 0n });
  } catch (error) {
    close();
    throw error;
  }
  return {
    isSame,
    read: (address) => {
      reading ??= load('lt_read_word', READ);
      // A program returns 32 bits.
      const [low, high] = [run(reading, address, 0n), run(reading, address, 32n)];
      return (BigInt(high) << 32n) | BigInt(low);
    },
    close,
  };
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
const [LOAD64, MOVE, MOVE_NUMBER, ADD_NUMBER, SHIFT_RIGHT, CALL, EXIT, IF_UNEQUAL, IF_UNEQUAL_NUMBER] = [
  0x79, 0xbf, 0xb7, 0x07, 0x7f, 0x85, 0x95, 0x5d, 0x55,
];
const PROBE_READ_KERNEL = 113;
const FRAME = 10;

/** bpf_probe_read_kernel() of the first argument onto the stack: r6 is its error, r7 the second argument, r0 is 0. */
const PROBE = [
  instruction(LOAD64, 7, 1, 8),
  instruction(LOAD64, 3, 1, 0),
  instruction(MOVE, 1, FRAME),
  instruction(ADD_NUMBER, 1, 0, 0, -8),
  instruction(MOVE_NUMBER, 2, 0, 0, 8),
  instruction(CALL, 0, 0, 0, PROBE_READ_KERNEL),
  instruction(MOVE, 6, 0),
  instruction(MOVE_NUMBER, 0, 0, 0, 0),
];

/** The word at the first argument, shifted to the right by the second; 0 if that did not work. */
const READ = Buffer.concat([
  ...PROBE,
  instruction(IF_UNEQUAL_NUMBER, 6, 0, 2, 0),
  instruction(LOAD64, 0, FRAME, -8),
  instruction(SHIFT_RIGHT, 0, 7),
  instruction(EXIT),
]);

/** 1 if the word at the first argument could be read and is the second one, otherwise 0. */
const COMPARE = Buffer.concat([
  ...PROBE,
  instruction(IF_UNEQUAL_NUMBER, 6, 0, 3, 0),
  instruction(LOAD64, 6, FRAME, -8),
  instruction(IF_UNEQUAL, 6, 7, 1),
  instruction(MOVE_NUMBER, 0, 0, 0, SAME),
  instruction(EXIT),
]);
