/**
 * bpf(2): programs and maps (include/uapi/linux/bpf.h). All throw SystemError: EPERM without CAP_BPF or CAP_SYS_ADMIN,
 * ENOENT for an id that is gone. The caller closes descriptors.
 */
import { isErrno } from './errors.ts';
import { native } from './native.ts';

const MAP_CREATE = 0;
const MAP_LOOKUP = 1;
const MAP_UPDATE = 2;
const MAP_DELETE = 3;
const MAP_GET_NEXT_KEY = 4;
const PROG_LOAD = 5;
const PROG_TEST_RUN = 10;
const PROG_GET_FD_BY_ID = 13;
const MAP_GET_FD_BY_ID = 14;
const GET_INFO = 15;
const PROG_QUERY = 16;
const SIZEOF_ATTR = 120;
const SIZEOF_PROG_INFO = 104;
const SIZEOF_MAP_INFO = 40;
/** A program refers to at most 64 maps (MAX_USED_MAPS). */
const MOST_MAPS = 64;
const NAME_LENGTH = 16;

export const MAP_TYPE = { hash: 1, array: 2, percpuHash: 5, percpuArray: 6, lruHash: 9, cpumap: 16 } as const;
export const PROGRAM_TYPE = { schedCls: 3, xdp: 6, rawTracepoint: 17 } as const;
/** enum bpf_attach_type, which a CPUMAP wants of the program in an entry. */
export const ATTACH_CPUMAP = 35;

export interface MapSpec {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly entries: number;
}

export interface ProgramSpec {
  /** At most 15 characters; the kernel cuts nothing, it refuses. */
  readonly name: string;
  readonly type: number;
  /** enum bpf_attach_type; 0 for most. */
  readonly attachType: number;
  /** An array of struct bpf_insn, with the descriptors of maps filled in. */
  readonly instructions: Uint8Array;
}

export interface ProgramInfo {
  readonly id: number;
  readonly type: number;
  readonly name: string;
  /** 16 hexadecimal digits. */
  readonly tag: string;
  readonly uid: number;
  readonly mapIds: readonly number[];
}

export interface MapInfo extends MapSpec {
  readonly id: number;
}

type Words = Readonly<Record<number, number>>;

/** union bpf_attr with 32-bit numbers at byte offsets. */
function attributes(words: Words): Uint8Array {
  const bytes = new Uint8Array(SIZEOF_ATTR);
  const view = new DataView(bytes.buffer);
  for (const [offset, value] of Object.entries(words)) view.setInt32(Number(offset), value | 0, true);
  return bytes;
}

function named(attr: Uint8Array, offset: number, name: string): Uint8Array {
  attr.set(Buffer.from(name.slice(0, NAME_LENGTH - 1), 'latin1'), offset);
  return attr;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function nameIn(bytes: Uint8Array, offset: number): string {
  const text = Buffer.from(bytes.subarray(offset, offset + NAME_LENGTH)).toString('latin1');
  return text.slice(0, Math.max(0, `${text}\0`.indexOf('\0')));
}

export const closeDescriptor = (fd: number): void => native().close(fd);

/** Calls `act` with the descriptor, and closes it. */
export function using<T>(fd: number, act: (fd: number) => T): T {
  try {
    return act(fd);
  } finally {
    closeDescriptor(fd);
  }
}

export function createMap({ name, type, keySize, valueSize, entries }: MapSpec): number {
  const attr = attributes({ 0: type, 4: keySize, 8: valueSize, 12: entries });
  return native().bpf(MAP_CREATE, [named(attr, 28, name)], []);
}

/** BPF_ANY. `value`: of a per-CPU map, one for each possible CPU, each rounded up to 8 bytes. */
export function updateMap(fd: number, key: Uint8Array, value: Uint8Array): void {
  const buffers = [attributes({ 0: fd }), key, value];
  native().bpf(MAP_UPDATE, buffers, [
    [0, 8, 1],
    [0, 16, 2],
  ]);
}

export function deleteFromMap(fd: number, key: Uint8Array): void {
  native().bpf(MAP_DELETE, [attributes({ 0: fd }), key], [[0, 8, 1]]);
}

/** `size`: bytes of the value, which the kernel writes without asking: get it from `mapInfo`. Throws ENOENT. */
export function lookUpMap(fd: number, key: Uint8Array, size: number): Uint8Array {
  const value = new Uint8Array(size);
  native().bpf(
    MAP_LOOKUP,
    [attributes({ 0: fd }), key, value],
    [
      [0, 8, 1],
      [0, 16, 2],
    ],
  );
  return value;
}

/** Keys of a map, in no order, at most as many as it can have: one that changes meanwhile may show some twice. */
export function keysOf(
  fd: number,
  { keySize, entries }: Pick<MapSpec, 'keySize' | 'entries'>,
): readonly Uint8Array[] {
  const keys: Uint8Array[] = [];
  const next = new Uint8Array(keySize);
  for (let last: Uint8Array | null = null; keys.length < entries; ) {
    const attr = attributes({ 0: fd });
    try {
      native().bpf(MAP_GET_NEXT_KEY, last === null ? [attr, next] : [attr, next, last], [
        [0, 16, 1],
        ...(last === null ? [] : [[0, 8, 2] as const]),
      ]);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) break;
      throw error;
    }
    last = Uint8Array.from(next);
    keys.push(last);
  }
  return keys;
}

/** The bytes that a lookup writes. @param possible number of possible CPUs */
export const valueBytes = ({ type, valueSize }: MapSpec, possible: number): number =>
  type === MAP_TYPE.percpuArray || type === MAP_TYPE.percpuHash
    ? Math.ceil(valueSize / 8) * 8 * possible
    : valueSize;

/** The verifier's own words come only with a second call, so it does not pay for them if it succeeds. */
export function loadProgram(spec: ProgramSpec): number {
  try {
    return load(spec, null);
  } catch (error) {
    const log = new Uint8Array(1 << 20);
    try {
      return load(spec, log);
    } catch {
      const end = log.indexOf(0);
      const words = Buffer.from(log.subarray(0, Math.max(0, end)))
        .toString('latin1')
        .trimEnd();
      if (error instanceof Error && words !== '')
        error.message += `: ${words.split('\n').slice(-4).join('; ')}`;
      throw error;
    }
  }
}

/** Only helpers that any licence may call are used. */
const LICENCE = Buffer.from('Dual MIT/GPL\0');

function load({ name, type, attachType, instructions }: ProgramSpec, log: Uint8Array | null): number {
  const words: Words = { 0: type, 4: instructions.length / 8, 68: attachType };
  const attr = attributes(log === null ? words : { ...words, 24: 1, 28: log.length });
  const buffers = [named(attr, 48, name), instructions, LICENCE, ...(log === null ? [] : [log])];
  return native().bpf(PROG_LOAD, buffers, [
    [0, 8, 1],
    [0, 16, 2],
    ...(log === null ? [] : [[0, 32, 3] as const]),
  ]);
}

/** enum bpf_attach_type; since Linux 6.6. */
const TCX_EGRESS = 47;

/** Ids of programs on the way out of an interface that run before its qdisc's filters, at most 64. */
export function tcxPrograms(ifindex: number): readonly number[] {
  const ids = new Uint8Array(4 * MOST_MAPS);
  const attr = attributes({ 0: ifindex, 4: TCX_EGRESS, 24: MOST_MAPS });
  try {
    native().bpf(PROG_QUERY, [attr, ids], [[0, 16, 1]]);
  } catch (error) {
    if (isErrno(error, 'EINVAL') || isErrno(error, 'ENOENT')) return [];
    throw error;
  }
  const count = Math.min(viewOf(attr).getUint32(24, true), MOST_MAPS);
  return Array.from({ length: count }, (_, at) => viewOf(ids).getUint32(4 * at, true));
}

export const openProgram = (id: number): number =>
  native().bpf(PROG_GET_FD_BY_ID, [attributes({ 0: id })], []);
export const openMap = (id: number): number => native().bpf(MAP_GET_FD_BY_ID, [attributes({ 0: id })], []);

export function programInfo(fd: number): ProgramInfo {
  const info = new Uint8Array(SIZEOF_PROG_INFO);
  const ids = new Uint8Array(4 * MOST_MAPS);
  const view = viewOf(info);
  view.setUint32(52, MOST_MAPS, true);
  native().bpf(
    GET_INFO,
    [attributes({ 0: fd, 4: info.length }), info, ids],
    [
      [0, 8, 1],
      [1, 56, 2],
    ],
  );
  const maps = Math.min(view.getUint32(52, true), MOST_MAPS);
  return {
    type: view.getUint32(0, true),
    id: view.getUint32(4, true),
    tag: Buffer.from(info.subarray(8, 16)).toString('hex'),
    uid: view.getUint32(48, true),
    name: nameIn(info, 64),
    mapIds: Array.from({ length: maps }, (_, at) => viewOf(ids).getUint32(4 * at, true)),
  };
}

export function mapInfo(fd: number): MapInfo {
  const info = new Uint8Array(SIZEOF_MAP_INFO);
  native().bpf(GET_INFO, [attributes({ 0: fd, 4: info.length }), info], [[0, 8, 1]]);
  const view = viewOf(info);
  return {
    type: view.getUint32(0, true),
    id: view.getUint32(4, true),
    keySize: view.getUint32(8, true),
    valueSize: view.getUint32(12, true),
    entries: view.getUint32(16, true),
    name: nameIn(info, 24),
  };
}

export interface TestRun {
  readonly verdict: number;
  readonly output: Uint8Array;
  readonly nanoseconds: number;
}

/** BPF_PROG_TEST_RUN: at least 14 bytes of packet. */
export function testRun(fd: number, packet: Uint8Array, repeat = 1): TestRun {
  const output = new Uint8Array(packet.length + 512);
  const attr = attributes({ 0: fd, 8: packet.length, 12: output.length, 32: repeat });
  native().bpf(
    PROG_TEST_RUN,
    [attr, packet, output],
    [
      [0, 16, 1],
      [0, 24, 2],
    ],
  );
  const view = viewOf(attr);
  return {
    verdict: view.getUint32(4, true),
    output: output.subarray(0, view.getUint32(12, true)),
    nanoseconds: view.getUint32(36, true),
  };
}

/** Runs a program for raw tracepoints once, with these arguments; nothing is traced. Since Linux 5.10. */
export function runOnce(fd: number, argumentsOf: Uint8Array): number {
  const attr = attributes({ 0: fd, 40: argumentsOf.length });
  native().bpf(PROG_TEST_RUN, [attr, argumentsOf], [[0, 48, 1]]);
  return viewOf(attr).getUint32(4, true);
}

/** For one 32-bit key. */
export function key32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}
