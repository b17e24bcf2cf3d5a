import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/cbpf/assemble.ts';
import { disassemble } from '../../src/cbpf/disassemble.ts';
import { formatC, formatDecimal } from '../../src/cbpf/format.ts';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { caretLines, problemText } from '../../src/cbpf/problem.ts';
import { legalProgram } from './arbitrary.ts';
import { damagedText, tokenHeap } from './text.ts';

function program(text: string, syntax = {}): readonly Instruction[] {
  const assembly = assemble(text, syntax);
  if (assembly.error !== null) throw new Error(problemText(assembly.error, 'text'));
  return assembly.program;
}

const decimal = (text: string) => formatDecimal(program(text));

/** One instruction's k. */
const k = (text: string) => program(text)[0]?.[3];

describe('assemble', () => {
  it('assembles the programs that people attach', () => {
    expect(decimal('ld rand\nmod #4\nret a\n')).toBe('3,32 0 0 4294963256,148 0 0 4,22 0 0 0,\n');
    expect(decimal('ld cpu\nmod #8\nret a\n')).toBe('3,32 0 0 4294963236,148 0 0 8,22 0 0 0,\n');
    expect(formatC(program('ld rand mod #4 ret a'))).toBe(
      '{ 0x20,  0,  0, 0xfffff038 },\n{ 0x94,  0,  0, 0x00000004 },\n{ 0x16,  0,  0, 0000000000 },\n',
    );
    expect(formatC(program('ld #0\njeq #1, aa, bb\naa: neg\nbb: ret x'))).toBe(
      '{ 0000,  0,  0, 0000000000 },\n{ 0x15,  0,  1, 0x00000001 },\n{ 0x84,  0,  0, 0000000000 },\n{ 0x0e,  0,  0, 0000000000 },\n',
    );
  });

  it.each([
    [
      'ARP',
      'ldh [12]\njne #0x806, drop\nret #-1\ndrop: ret #0',
      '4,40 0 0 12,21 0 1 2054,6 0 0 4294967295,6 0 0 0,',
    ],
    [
      'IPv4 TCP',
      'ldh [12]\njne #0x800, drop\nldb [23]\njneq #6, drop\nret #-1\ndrop: ret #0',
      '6,40 0 0 12,21 0 3 2048,48 0 0 23,21 0 1 6,6 0 0 4294967295,6 0 0 0,',
    ],
    [
      'one in four ICMP packets',
      'ldh [12]\njne #0x800, drop\nldb [23]\njneq #1, drop\n# get a random uint32 number\nld rand\nmod #4\njneq #1, drop\nret #-1\ndrop: ret #0',
      '9,40 0 0 12,21 0 6 2048,48 0 0 23,21 0 4 1,32 0 0 4294963256,148 0 0 4,21 0 1 1,6 0 0 4294967295,6 0 0 0,',
    ],
    [
      'seccomp',
      `ld [4]                  /* offsetof(struct seccomp_data, arch) */
       jne #0xc000003e, bad    /* AUDIT_ARCH_X86_64 */
       ld [0]                  /* offsetof(struct seccomp_data, nr) */
       jeq #15, good jeq #231, good jeq #60, good jeq #0, good jeq #1, good
       jeq #5, good jeq #9, good jeq #14, good jeq #13, good jeq #35, good
       bad: ret #0             /* SECCOMP_RET_KILL_THREAD */
       good: ret #0x7fff0000   /* SECCOMP_RET_ALLOW */`,
      '15,32 0 0 4,21 0 11 3221225534,32 0 0 0,21 10 0 15,21 9 0 231,21 8 0 60,21 7 0 0,21 6 0 1,21 5 0 5,21 4 0 9,21 3 0 14,21 2 0 13,21 1 0 35,6 0 0 0,6 0 0 2147418112,',
    ],
    [
      'an interface',
      'ld ifidx\njneq #13, drop\nret #-1\ndrop: ret #0',
      '4,32 0 0 4294963208,21 0 1 13,6 0 0 4294967295,6 0 0 0,',
    ],
    [
      'a VLAN',
      'ld vlan_tci\njneq #10, drop\nret #-1\ndrop: ret #0',
      '4,32 0 0 4294963244,21 0 1 10,6 0 0 4294967295,6 0 0 0,',
    ],
  ])("takes the sample of the kernel's networking/filter.rst: %s", (_, text, expected) => {
    expect(decimal(text)).toBe(`${expected}\n`);
  });

  it('reads numbers as strtol() does, and keeps 32 bits', () => {
    expect(
      ['10', '0x10', '0X1f', '0b101', '0B1', '010', '-1', '+7', '0'].map((number) => k(`ld #${number}`)),
    ).toEqual([10, 16, 31, 5, 1, 8, 0xffffffff, 7, 0]);
    expect(k('ld #4294967297')).toBe(1);
    expect(k('ld #99999999999999999999')).toBe(0xffffffff);
    expect(k('ld #-99999999999999999999')).toBe(0);
    expect(k('ld #0x1ffffffffffffffff')).toBe(0xffffffff);
    expect(assemble('ld #4294967296').warnings).toMatchObject([{ place: { line: 1, column: 5 } }]);
  });

  it('knows mnemonics in any case, labels in theirs', () => {
    expect(decimal('LD CPU RET A')).toBe(decimal('ld cpu ret a'));
    expect(assemble('Ja Here\nhere: ret a').error?.message).toBe("there is no label 'Here'");
  });

  it('takes # for a comment in column 1, unless a word of the language follows and nothing else', () => {
    expect(decimal('# a word\nld\n#cpu\nret a')).toBe(decimal('ld cpu ret a'));
    expect(assemble('ld\n#cpu \nret a').error?.message).toBe("found 'ret'");
  });

  it('uses the first of two labels of one name, and says so', () => {
    const twice = assemble('ja aa\naa: ret a\naa: ret x');
    expect(twice).toMatchObject({
      program: [
        [5, 0, 0, 0],
        [0x16, 0, 0, 0],
        [0x0e, 0, 0, 0],
      ],
    });
    expect(twice.warnings).toMatchObject([{ place: { line: 3, column: 1 } }]);
  });

  it('jumps at most 255 instructions with a test, any number with ja, also backwards', () => {
    const far = (word: string, between: number) => `${word}\n${'tax\n'.repeat(between)}aa: ret a`;
    expect(program(far('jeq #1, aa', 255))[0]).toEqual([0x15, 255, 0, 1]);
    expect(program(far('jne #1, aa', 255))[0]).toEqual([0x15, 0, 255, 1]);
    expect(assemble(far('jeq x, aa', 256)).error?.message).toBe("'aa' is 256 instructions ahead");
    expect(program(far('ja aa', 3000))[0]).toEqual([5, 0, 0, 3000]);
    expect(program('aa: tax\nja aa')[1]).toEqual([5, 0, 0, 0xfffffffe]);
  });

  it('gives the place of each instruction', () => {
    expect(assemble('ld cpu mod #4\n\n  out: ret a')).toMatchObject({ offsets: [0, 7, 22] });
  });

  it('never throws, and points into the text', () => {
    const any = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), tokenHeap, damagedText);
    fc.assert(
      fc.property(any, fc.boolean(), (text, semicolons) => {
        const { error, warnings } = assemble(text, { semicolons });
        for (const problem of [...warnings, ...(error === null ? [] : [error])]) {
          const line = text.split('\n')[(problem.place?.line ?? 0) - 1];
          expect(problem.place?.column).toBeGreaterThanOrEqual(1);
          expect(problem.place?.column).toBeLessThanOrEqual((line?.length ?? -1) + 1);
          caretLines(text, problem.place);
        }
      }),
    );
  });

  it('reads what the disassembler writes', () => {
    fc.assert(
      fc.property(legalProgram, (drawn) => {
        expect(program(disassemble(drawn))).toEqual(drawn);
      }),
    );
  });
});

describe('semicolons', () => {
  it('separate instructions if requested', () => {
    expect(program('ld cpu; mod #4; ret a;', { semicolons: true })).toEqual(program('ld cpu\nmod #4\nret a'));
    expect(assemble('ld; cpu', { semicolons: true }).error?.message).toBe("found ';'");
  });

  it('begin a comment otherwise, with a warning where the comment looks like code', () => {
    const warned = (text: string) =>
      assemble(text).warnings.map(({ place }) => `${place?.line}:${place?.column}`);
    expect(program('ld cpu; mod #4; ret a')).toHaveLength(1);
    expect(warned('ld cpu; mod #4; ret a')).toEqual(['1:7']);
    expect(warned('tax\njeq #1, aa; aa: ret a')).toEqual(['2:11']);
    expect(warned('ld cpu ; the CPU that we run on\nret a ; and so on')).toEqual([]);
    expect(warned('; ld rand\nld cpu\n  ; mod #4\nret a')).toEqual([]);
  });
});

describe('what bpf_asm refuses', () => {
  it.each([
    ['mod 4', "1:5: found '4' (a constant needs a #: #4); expected '#', 'x' or '%'"],
    [
      'ld cpu\n mov x',
      "2:2: 'mov' is neither an instruction nor a label (a label ends with a colon); expected 'mod', perhaps",
    ],
    ['ld [x+5]', "1:6: found '+5' (a sign belongs to its number: write x + 5); expected '+'"],
    [
      'ld cpu # here',
      "1:8: found '#' (# begins a comment in column 1 only); expected an instruction, or a label and a colon",
    ],
    [
      'ld #-0x1',
      "1:5: '-' is not part of the language (a sign belongs to a decimal number, without a leading 0); expected a number",
    ],
    [
      'tax /** x **/ txa',
      "1:5: '/' is not part of the language (this comment never ends: **/ does not end one); expected an instruction, or a label and a colon",
    ],
    [
      'tax\r\n',
      "1:4: '\r' is not part of the language (a carriage return: lines must end in a line feed alone); expected an instruction, or a label and a colon",
    ],
    [
      'jeq #1, l',
      "1:9: 'l' is not part of the language (a label has two characters or more, begins with no digit, and is not a word of the language); expected a label",
    ],
    [
      'jeq #1, ld',
      "1:9: found 'ld' (a label has two characters or more, begins with no digit, and is not a word of the language); expected a label",
    ],
    ['aa: bb: tax', "1:5: found 'bb'; expected an instruction for the label"],
    ['ret', "1:4: the text ends; expected '#', 'a', '%' or 'x'"],
    [
      'ldxb 4*([0]&0xe)',
      "1:13: only 4*([k]&0xf), the length of an IPv4 header, can be loaded like this; expected '0xf'",
    ],
    [
      'aa: tax\njset x, aa\nja bb',
      "2:9: 'aa' is before this instruction, and jumps only go forward; expected a label at most 255 instructions ahead",
    ],
    ['ja bb\naa: tax', "1:4: there is no label 'bb'; expected one of aa"],
    [' ; nothing\n', '2:1: the text ends; expected an instruction, or a label and a colon'],
  ])('%j', (text, message) => {
    const { error } = assemble(text);
    expect(error && problemText(error, 'f')).toBe(`f:${message}`);
  });

  it('is shown with a caret under the place', () => {
    expect(caretLines('ld cpu\n\tmod  4', { line: 2, column: 7 })).toEqual(['     mod  4', '          ^']);
    const long = `${'tax '.repeat(100)}mod 4`;
    const [line = '', caret = ''] = caretLines(long, assemble(long).error?.place ?? null);
    expect(line.length).toBeLessThanOrEqual(100);
    expect(line[caret.indexOf('^')]).toBe('4');
    expect(caretLines('', { line: 1, column: 1 })).toEqual([]);
  });
});
