import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../src/cbpf/disassemble.ts';
import { type Instruction, LEGAL } from '../../src/cbpf/instruction.ts';
import { cpu, hash, map, rand } from '../../src/cbpf/programs.ts';
import { anyInstruction } from './arbitrary.ts';

describe('disassemble', () => {
  it('disassembles the generated programs', () => {
    expect(disassemble(cpu(4))).toBe('ld cpu\nmod #4\nret a');
    expect(disassemble(rand(4))).toBe('ld rand\nmod #4\nret a');
    expect(disassemble(hash())).toBe('ret #0xffffffff');
    expect(
      disassemble(
        map(
          new Map([
            [3, 0],
            [5, 1],
          ]),
        ),
      ),
    ).toBe(
      ['ld cpu', 'jneq #3, l3', 'ret #0', 'l3: jneq #5, l5', 'ret #1', 'l5: ret #0xffffffff'].join('\n'),
    );
  });

  it('has words for every legal code', () => {
    const words = [...LEGAL]
      .sort((one, other) => one - other)
      .map(
        (code) =>
          disassemble([
            [code, 0, 0, 0],
            [6, 0, 0, 0],
          ]).split('\n')[0],
      );
    expect(words).toEqual([
      ...['ld #0', 'ldx #0', 'st M[0]', 'stx M[0]', 'add #0', 'ja l1', 'ret #0', 'tax', 'add x'],
      ...['sub #0', 'jeq #0, l1', 'ret a', 'sub x', 'jeq x, l1', 'ld [0]', 'mul #0', 'jgt #0, l1', 'ldh [0]'],
      ...[
        'mul x',
        'jgt x, l1',
        'ldb [0]',
        'div #0',
        'jge #0, l1',
        'div x',
        'jge x, l1',
        'ld [x + 0]',
        'or #0',
      ],
      ...['jset #0, l1', 'ldh [x + 0]', 'or x', 'jset x, l1', 'ldb [x + 0]', 'and #0', 'and x', 'ld M[0]'],
      ...[
        'ldx M[0]',
        'lsh #0',
        'lsh x',
        'rsh #0',
        'rsh x',
        'ld len',
        'ldx len',
        'neg',
        'txa',
        'mod #0',
        'mod x',
      ],
      ...['xor #0', 'xor x', 'ldxb 4*([0]&0xf)'],
    ]);
  });

  it('names a test by where it jumps', () => {
    const jump = (code: number, jt: number, jf: number): Instruction[] => [
      [code, jt, jf, 9],
      [6, 0, 0, 0],
      [6, 0, 0, 0],
      [6, 0, 0, 0],
    ];
    expect(disassemble(jump(0x15, 1, 2)).split('\n')[0]).toBe('jeq #9, l2, l3');
    expect(disassemble(jump(0x25, 0, 2)).split('\n')[0]).toBe('jle #9, l3');
    expect(disassemble(jump(0x35, 0, 2)).split('\n')[0]).toBe('jlt #9, l3');
    expect(disassemble(jump(0x45, 0, 2)).split('\n')[0]).toBe('jset #9, l1, l3');
  });

  it('shows header windows signed, as people write them', () => {
    expect(disassemble([[0x20, 0, 0, 0x100000000 - 1048564]])).toBe('ld [-1048564]');
    expect(disassemble([[0x20, 0, 0, 0xfffff028]])).toBe('ld [-4056]');
  });

  it('comments invalid instructions, and jumps beyond the end', () => {
    expect(disassemble([[0x0d, 1, 2, 3]])).toBe('; { 0x0d, 1, 2, 0x00000003 }');
    expect(disassemble([[0x05, 0, 0, 0xffffffff]])).toBe(
      '; { 0x05, 0, 0, 0xffffffff }: jumps out of the program',
    );
  });

  it('shows fields that nothing reads', () => {
    expect(disassemble([[0x07, 1, 2, 3]])).toBe('tax ; and jt 1, jf 2, k 3, which nothing reads');
    expect(disassemble([[0x0c, 0, 0, 0x10000]])).toBe('add x ; and k 0x10000, which nothing reads');
    const aside = [
      [0x05, 0, 9, 0],
      [0x1d, 0, 0, 7],
      [0x16, 0, 0, 0],
    ] as const;
    expect(disassemble(aside)).toBe(
      'ja l1 ; and jf 9, which nothing reads\nl1: jeq x, l2 ; and k 7, which nothing reads\nl2: ret a',
    );
  });

  it('gives one line for each of any instructions, and defines every label that it uses', () => {
    fc.assert(
      fc.property(fc.array(anyInstruction, { minLength: 1, maxLength: 40 }), (program) => {
        const text = disassemble(program);
        expect(text.split('\n')).toHaveLength(program.length);
        for (const [, label] of text.matchAll(/ (l\d+)/g))
          expect(text).toMatch(new RegExp(`^${label}: `, 'm'));
      }),
    );
  });
});
