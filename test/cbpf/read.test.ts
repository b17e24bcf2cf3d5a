import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../src/cbpf/disassemble.ts';
import { formatC, formatDecimal } from '../../src/cbpf/format.ts';
import { encode, type Instruction } from '../../src/cbpf/instruction.ts';
import { problemText } from '../../src/cbpf/problem.ts';
import { read } from '../../src/cbpf/read.ts';
import { anyInstruction, legalProgram } from './arbitrary.ts';
import { tokenHeap } from './text.ts';

const CPU4: readonly Instruction[] = [
  [0x20, 0, 0, 0xfffff024],
  [0x94, 0, 0, 4],
  [0x16, 0, 0, 0],
];

const programs = fc.array(anyInstruction, { minLength: 1, maxLength: 50 });

const bytesOf = (program: readonly Instruction[]) => Buffer.from(encode(program));

describe('read', () => {
  it.each([
    ['decimal', '3,32 0 0 4294963236,148 0 0 4,22 0 0 0,\n'],
    ['decimal', '3\n32 0 0 4294963236\n148 0 0 4\n22 0 0 0\n'],
    ['decimal', '32 0 0 4294963236\n148 0 0 4\n22 0 0 0'],
    ['c', '{ 0x20,  0,  0, 0xfffff024 },\n{ 0x94,  0,  0, 0x00000004 },\n{ 0x16,  0,  0, 0000000000 },\n'],
    [
      'c',
      '/* steer */ static struct sock_filter code[] = { // by CPU\n{32,0,0,4294963236}, {0x94,0,0,4}, {22,0,0,0} };',
    ],
    ['hex', '0x20 0 0 4294963236, 0x94 0 0 4, 0x16 0 0 0,'],
    ['hex', '0xfffff02400000020 0x400000094 0x16'],
    ['hex', '2000000024f0ffff 9400000004000000 1600000000000000'],
    ['hex', '20 00 00 00 24 f0 ff ff 94 00 00 00 04 00 00 00\n16 00 00 00 00 00 00 00\n'],
    ['asm', 'ld cpu mod #4 ret a'],
    ['asm', '# {\n; 3,\nld cpu\nmod #4\nret a'],
  ] as const)('recognises %s: %j', (form, text) => {
    expect(read(text)).toMatchObject({ form, program: CPU4, error: null });
    expect(read(new TextEncoder().encode(text))).toMatchObject({ form, program: CPU4, error: null });
  });

  it('gives back any instructions from every form', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const bytes = bytesOf(program);
        expect(read(formatDecimal(program))).toMatchObject({ form: 'decimal', program });
        expect(read(formatDecimal(program).replaceAll(',', '\n'))).toMatchObject({
          form: 'decimal',
          program,
        });
        expect(read(formatC(program))).toMatchObject({ form: 'c', program });
        expect(read(bytes.toString('hex'))).toMatchObject({ program });
        if (bytes.includes(0)) expect(read(bytes)).toMatchObject({ form: 'raw', program, text: '' });
      }),
    );
    fc.assert(
      fc.property(legalProgram, (program) => {
        expect(read(disassemble(program))).toMatchObject({ form: 'asm', program });
      }),
    );
  });

  it.each([
    [
      '2,32 0 0 4294963236,148 0 0 4,22 0 0 0,',
      "f:1:1: the count says 2 instructions, and there are 3; expected '3'",
    ],
    [
      '3,32 0 0 4294963236,148 0 0',
      'f:1:28: 7 numbers are not a whole number of instructions; expected four numbers for each: code, jt, jf, k',
    ],
    ['1,32 0 300 0', 'f:1:8: jf is 300; expected a number up to 255'],
    ['1,32 0 0 4294967296', 'f:1:10: k is 4294967296; expected a number up to 4294967295'],
    ['{ 0x20, 0, 0 }', "f:1:14: found '}'; expected ','"],
    ['{ BPF_LD, 0, 0, 1 }', "f:1:3: found 'BPF_LD'; expected a number, decimal or hex"],
    ['{ 0x20, 0, 0, 1 } ret a', "f:1:19: found 'ret'; expected '{'"],
    [
      '20000000 24f0ff',
      'f:1:16: 14 hex digits are not a whole number of instructions; expected 16 digits for each',
    ],
  ])('refuses %j', (text, message) => {
    const { error } = read(text);
    expect(error && problemText(error, 'f')).toBe(message);
  });

  it('refuses binary data that is not a program', () => {
    const refusal = (length: number) => read(new Uint8Array(length)).error;
    expect(refusal(12)?.message).toBe('binary data: 12 bytes, which is not a whole number of instructions');
    expect(refusal(8 * 4097)?.message).toBe(
      'binary data: 4097 instructions; the kernel accepts at most 4096',
    );
    expect(refusal(12)?.place).toBeNull();
  });

  it('takes comments in any encoding', () => {
    expect(read(Buffer.from('ld cpu ; caf\xe9\nret a', 'latin1'))).toMatchObject({
      form: 'asm',
      error: null,
    });
  });

  it('never throws', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789abx ,{}\n;'), maxLength: 60 });
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), digits, tokenHeap);
    fc.assert(fc.property(text, (text) => void read(text)));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void read(bytes)));
  });
});
