/** What the C code of one file in bpf/ was compiled to: maps, and programs that refer to them. Pure. */
import { createHash } from 'node:crypto';
import type { MapSpec } from '../system/bpf.ts';

/** `cpumap`: the program that runs on the CPU of an entry. `tc`: for clsact. */
export type Section = 'xdp' | 'cpumap' | 'tc';

export interface ImageProgram {
  readonly section: Section;
  /** Instruction that loads a map, and the map's index. */
  readonly references: readonly (readonly [instruction: number, map: number])[];
  /** An array of struct bpf_insn, in base64. */
  readonly instructions: string;
}

export interface Image {
  /** `entries` 0: the loader decides. */
  readonly maps: readonly MapSpec[];
  readonly programs: readonly ImageProgram[];
}

const SIZEOF_INSTRUCTION = 8;
/** src_reg of the 64-bit load: its immediate is the descriptor of a map. */
const BPF_PSEUDO_MAP_FD = 1;

/** With the descriptors of its maps; null: with 0 for each. */
export function withMaps(program: ImageProgram, descriptors: readonly number[] | null): Uint8Array {
  const bytes = Buffer.from(program.instructions, 'base64');
  for (const [instruction, map] of program.references) {
    const at = instruction * SIZEOF_INSTRUCTION;
    bytes.writeUInt8(((bytes[at + 1] ?? 0) & 0x0f) | (BPF_PSEUDO_MAP_FD << 4), at + 1);
    bytes.writeInt32LE(descriptors === null ? 0 : (descriptors[map] ?? -1), at + 4);
  }
  return bytes;
}

/**
 * The tags that kernels compute of a program (kernel/bpf/core.c: bpf_prog_calc_tag): the first bytes of a digest of the
 * instructions, with descriptors of maps as 0. SHA-1 up to Linux 6.17, SHA-256 since then.
 */
export function tagsOf(program: ImageProgram): readonly string[] {
  const bytes = withMaps(program, null);
  return ['sha1', 'sha256'].map((name) =>
    createHash(name).update(bytes).digest().subarray(0, 8).toString('hex'),
  );
}

/** Throws TypeError: the image has none. */
export function programOf(image: Image, section: Section): ImageProgram {
  const found = image.programs.find((program) => program.section === section);
  if (found === undefined) throw new TypeError(`the image has no program for ${section}`);
  return found;
}
