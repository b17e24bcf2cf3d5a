/**
 * The functions, tracepoints and struct members of the running kernel, from its own type information. Format:
 * Documentation/bpf/btf.rst, include/uapi/linux/btf.h.
 */
import { readFileSync } from 'node:fs';
import { isErrno } from './errors.ts';

export interface Btf {
  /** Is there a function that was not inlined everywhere? That does not mean that it can be traced. */
  hasFunction(name: string): boolean;
  hasTracepoint(name: string): boolean;
  /** @param path `sk_buff.alloc_cpu`; members of anonymous structs and unions count as members of the struct */
  hasMember(path: string): boolean;
  /** Bytes from the start of the struct; null: there is no such member, or it is a bit field. @param path as for `hasMember` */
  memberOffset(path: string): number | null;
}

const MAGIC = 0xeb9f;
const KIND = { struct: 4, union: 5, typedef: 8, func: 12 } as const;
/** Bytes that follow the 12 bytes of each kind from 1 on: fixed, and for each of its vlen elements. */
const EXTRA: readonly (readonly [fixed: number, each: number])[] = [
  [0, 0],
  [4, 0], // INT
  [0, 0], // PTR
  [12, 0], // ARRAY
  [0, 12], // STRUCT
  [0, 12], // UNION
  [0, 8], // ENUM
  [0, 0], // FWD
  [0, 0], // TYPEDEF
  [0, 0], // VOLATILE
  [0, 0], // CONST
  [0, 0], // RESTRICT
  [0, 0], // FUNC
  [0, 8], // FUNC_PROTO
  [4, 0], // VAR
  [0, 12], // DATASEC
  [0, 0], // FLOAT
  [4, 0], // DECL_TAG
  [0, 0], // TYPE_TAG
  [0, 12], // ENUM64
];

let running: WeakRef<Btf> | null = null;

/**
 * Types of the running kernel; null if it shows none. Reading them takes 30 ms, and a view needs them repeatedly; but they
 * take 7 MB, which a daemon should not keep for the next time, ten minutes later.
 */
export function kernelBtf(): Btf | null {
  const known = running?.deref();
  if (known !== undefined) return known;
  const read = readKernelBtf();
  running = read === null ? null : new WeakRef(read);
  return read;
}

function readKernelBtf(): Btf | null {
  try {
    return readBtf(readFileSync('/sys/kernel/btf/vmlinux'));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return null;
    throw error;
  }
}

/** null if it is not BTF, or newer than this reader: then nothing is known. */
export function readBtf(bytes: Buffer): Btf | null {
  if (bytes.length < 24 || bytes.readUInt16LE(0) !== MAGIC) return null;
  const [header = 0, typeStart = 0, typeLength = 0, stringStart = 0, stringLength = 0] = [
    4, 8, 12, 16, 20,
  ].map((at) => bytes.readUInt32LE(at));
  const types = bytes.subarray(header + typeStart, header + typeStart + typeLength);
  const strings = bytes.subarray(header + stringStart, header + stringStart + stringLength);
  const offsets = typeOffsets(types);
  if (offsets === null) return null;

  const word = (at: number) => (at + 4 <= types.length ? types.readUInt32LE(at) : 0);
  const kindAt = (at: number) => (word(at + 4) >>> 24) & 0x1f;
  const find = (kind: number, name: string): number | undefined => {
    const offset = nameOffset(strings, name);
    return offset < 0 ? undefined : offsets.find((at) => word(at) === offset && kindAt(at) === kind);
  };
  /** In bits; null: it is not there. */
  const offsetIn = (at: number, name: number, depth: number): number | null => {
    // With bit fields, the upper 8 bits of each offset are a width.
    const offsetBits = word(at + 4) >>> 31 === 1 ? 0xff_ffff : 0xffff_ffff;
    for (let index = 0; index < (word(at + 4) & 0xffff); index++) {
      const member = at + 12 + index * 12;
      const offset = (word(member + 8) & offsetBits) >>> 0;
      if (word(member) === name) return offset;
      const inner = word(member) === 0 ? offsets[word(member + 4) - 1] : undefined;
      const holds = inner !== undefined && (kindAt(inner) === KIND.struct || kindAt(inner) === KIND.union);
      const within = holds && depth > 0 ? offsetIn(inner, name, depth - 1) : null;
      if (within !== null) return offset + within;
    }
    return null;
  };
  const memberAt = (path: string): number | null => {
    const [struct = '', member = ''] = path.split('.');
    const at = find(KIND.struct, struct);
    const name = nameOffset(strings, member);
    return at === undefined || name < 0 ? null : offsetIn(at, name, MAX_DEPTH);
  };
  return {
    hasFunction: (name) => find(KIND.func, name) !== undefined,
    // include/trace/bpf_probe.h declares one for each.
    hasTracepoint: (name) => find(KIND.typedef, `btf_trace_${name}`) !== undefined,
    hasMember: (path) => memberAt(path) !== null,
    memberOffset: (path) => {
      const bits = memberAt(path);
      return bits === null || bits % 8 !== 0 ? null : bits / 8;
    },
  };
}

/** Anonymous members within anonymous members; sk_buff has three levels. */
const MAX_DEPTH = 8;

/** Offset of each type, by its id minus one; null if a kind is unknown, because then its length is too. */
function typeOffsets(types: Buffer): number[] | null {
  const offsets: number[] = [];
  for (let at = 0; at + 12 <= types.length; ) {
    offsets.push(at);
    const info = types.readUInt32LE(at + 4);
    const extra = EXTRA[(info >>> 24) & 0x1f];
    if (extra === undefined) return null;
    at += 12 + extra[0] + (info & 0xffff) * extra[1];
  }
  return offsets;
}

/** Each string occurs once (pahole and resolve_btfids deduplicate them); -1 if no type has that name. */
function nameOffset(strings: Buffer, name: string): number {
  const found = strings.indexOf(`\0${name}\0`, 0, 'latin1');
  return found < 0 ? -1 : found + 1;
}
