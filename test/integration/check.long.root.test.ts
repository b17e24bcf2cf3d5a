import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { check } from '../../src/cbpf/check.ts';
import { convertedBytes, HEADER } from '../../src/cbpf/convert.ts';
import { EXTENSIONS, encode, type Instruction, LEGAL } from '../../src/cbpf/instruction.ts';
import { assertBpfAnswers } from './bpf.ts';

/** Four a second, each to a socket of its own that nothing is sent to: see CONTRIBUTING.md on attaching in a loop. */
const ATTACH = `
import ctypes, json, socket, struct, sys, time
SO_ATTACH_REUSEPORT_CBPF = 51
for line in sys.stdin:
    program = bytes.fromhex(line.strip())
    filter = ctypes.create_string_buffer(program, max(1, len(program)))
    fprog = struct.pack('HL', len(program) // 8, ctypes.addressof(filter))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, fprog)
            print('ok')
        except OSError as error:
            print(error.errno)
    time.sleep(0.25)
`;
const [EINVAL, ENOMEM] = ['22', '12'];

function attach(programs: readonly (readonly Instruction[])[]): string[] {
  const input = programs.map((program) => `${Buffer.from(encode(program)).toString('hex')}\n`).join('');
  const { stdout, stderr, status } = spawnSync('python3', ['-c', ATTACH], {
    input,
    encoding: 'utf8',
    timeout: 50_000,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n');
}

const RET_A: Instruction = [0x16, 0, 0, 0];
const repeat = (count: number, instruction: Instruction) => Array.from({ length: count }, () => instruction);
const one = (code: number, k = 0, jt = 0, jf = 0): Instruction[] => [[code, jt, jf, k], RET_A];

const LEGAL_PROGRAMS: Readonly<Record<string, Instruction[]>> = {
  'every code': [
    [0x02, 0, 0, 1],
    ...[...LEGAL].map((code): Instruction => [code, 0, 0, code === 0x05 ? 0 : 1]),
    RET_A,
  ],
  'every extension': [
    ...[0x20, 0x28, 0x30].flatMap((code) =>
      [...EXTENSIONS.keys(), 40].map((offset): Instruction => [code, 0, 0, 0xfffff000 + offset]),
    ),
    RET_A,
  ],
  'every limit': [
    [0x64, 0, 0, 31],
    [0x74, 0, 0, 31],
    [0x34, 0, 0, 1],
    [0x94, 0, 0, 1],
    [0x02, 0, 0, 15],
    [0x60, 0, 0, 15],
    [0x20, 0, 0, 0xffffefff],
    [0x40, 0, 0, 0xfffff041],
    [0x15, 2, 2, 0],
    [0x05, 0, 0, 1],
    [0x06, 0, 0, 0],
    RET_A,
  ],
  'fields that nothing reads': [
    [0x07, 255, 255, 0xffffffff],
    [0x9c, 1, 1, 0],
    [0x16, 9, 9, 9],
  ],
  'a read behind a ret': [[0x02, 0, 0, 0], RET_A, [0x60, 0, 0, 0], RET_A],
  'a read that ja jumps over': [[0x05, 0, 0, 1], [0x60, 0, 0, 0], RET_A],
  'one instruction': [RET_A],
};

const JUMPS = [0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d];

const ILLEGAL_PROGRAMS: Readonly<Record<string, Instruction[]>> = {
  nothing: [],
  '4,097 instructions': [...repeat(4096, [0x07, 0, 0, 0]), RET_A],
  'div #0': one(0x34),
  'mod #0': one(0x94),
  'lsh #32': one(0x64, 32),
  'rsh #0xffffffff': one(0x74, 0xffffffff),
  'ld M[16]': one(0x60, 16),
  'ldx M[16]': one(0x61, 16),
  'st M[16]': one(0x02, 16),
  'stx M[16]': one(0x03, 16),
  'ld M[0], unwritten': one(0x60),
  'ldx M[1], unwritten': one(0x61, 1),
  'M[0], unwritten where a test holds': [[0x15, 1, 0, 0], [0x02, 0, 0, 0], [0x60, 0, 0, 0], RET_A],
  'M[0], unwritten where it does not': [[0x15, 0, 1, 0], [0x02, 0, 0, 0], [0x60, 0, 0, 0], RET_A],
  'M[0], read behind a ret that a jump skips': [[0x15, 1, 0, 0], RET_A, [0x60, 0, 0, 0], RET_A],
  'ld [-4032]': one(0x20, 0xfffff040),
  'ldh [-4095]': one(0x28, 0xfffff001),
  'ldb [-1]': one(0x30, 0xffffffff),
  'ja to the end': one(0x05, 1),
  'ja back': [RET_A, [0x05, 0, 0, 0xfffffffe], RET_A],
  'a jump that eBPF has no room for': [[0x05, 0, 0, 2100], ...repeat(2100, [0x20, 0, 0, 40_000]), RET_A],
  'tax at the end': [RET_A, [0x07, 0, 0, 0]],
  'ret x at the end': [[0x0e, 0, 0, 0]],
  ...Object.fromEntries(
    JUMPS.map((code, index) => [
      `0x${code.toString(16)} to the end`,
      one(code, 0, index % 2, 1 - (index % 2)),
    ]),
  ),
  ...Object.fromEntries(
    [0x08, 0x10, 0x18, 0x21, 0x22, 0x41, 0x0d, 0x55, 0x8c, 0xb4, 0xb0, 0xa1, 0x26, 0x17, 0x100, 0xff16].map(
      (code) => [`0x${code.toString(16)}`, one(code, 1)],
    ),
  ),
};

describe('the running kernel', () => {
  beforeAll(assertBpfAnswers);
  const limit = Number(readFileSync('/proc/sys/net/core/optmem_max', 'utf8'));

  it('says what check says, for every code and every rule', () => {
    const cases = Object.entries({ ...LEGAL_PROGRAMS, ...ILLEGAL_PROGRAMS });
    const errnos = attach(cases.map(([, program]) => program));
    const theirs = Object.fromEntries(cases.map(([name], index) => [name, errnos[index]]));
    const ours = Object.fromEntries(
      cases.map(([name, program]) => [name, check(program).length === 0 ? 'ok' : EINVAL]),
    );
    expect(theirs).toEqual(ours);
    expect(Object.values(theirs).filter((errno) => errno === 'ok')).toHaveLength(
      Object.keys(LEGAL_PROGRAMS).length,
    );
  });

  it('has the room for a converted program that convert counts on', () => {
    const grown = (header: number, instruction: Instruction) => {
      const program = [RET_A];
      while (convertedBytes([instruction, ...program], header) <= limit) program.unshift(instruction);
      return program;
    };
    for (const instruction of [
      [0x20, 0, 0, 0xfffff024],
      [0x20, 0, 0, 0],
      [0xb1, 0, 0, 7],
    ] as const) {
      const fits = grown(HEADER.most, instruction);
      const doesNot = [instruction, ...grown(HEADER.least, instruction)];
      expect(attach([fits, doesNot])).toEqual(['ok', ENOMEM]);
    }
  });
});
