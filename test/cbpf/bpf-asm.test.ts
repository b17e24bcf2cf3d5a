import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/cbpf/assemble.ts';
import { disassemble } from '../../src/cbpf/disassemble.ts';
import { formatC, formatDecimal } from '../../src/cbpf/format.ts';
import { legalProgram } from './arbitrary.ts';
import { bpfAsm } from './bpf-asm.ts';
import { damagedText, likelyText, tokenHeap } from './text.ts';

type Assembly = ReturnType<typeof assemble>;
const decimal = (assembly: Assembly) => (assembly.error === null ? formatDecimal(assembly.program) : null);
const c = (assembly: Assembly) => (assembly.error === null ? formatC(assembly.program) : null);

describe("the kernel's bpf_asm", () => {
  it.each([
    ['sound programs in every spelling', likelyText, 0.2],
    ['damaged programs', damagedText, 0.05],
    ['heaps of tokens', tokenHeap, 0.05],
  ] as const)('says the same about %s', (_, texts, share) => {
    const sample = fc.sample(texts, 1200);
    const theirs = bpfAsm(sample);
    const answers = sample.map((text) => ({ text, assembly: assemble(text) }));
    expect(
      answers.filter(({ assembly }, index) => decimal(assembly) !== theirs[index]).map(({ text }) => text),
    ).toEqual([]);
    expect(theirs.filter((answer) => answer !== null).length / sample.length).toBeGreaterThan(share);
  });

  it('prints the same C', () => {
    const texts = fc.sample(likelyText, 400).filter((text) => assemble(text).error === null);
    expect(bpfAsm(texts, '-c')).toEqual(texts.map((text) => c(assemble(text))));
  });

  it('takes 4,096 instructions and no more', () => {
    const texts = [4096, 4097].map((length) => 'neg\n'.repeat(length));
    const answers = bpfAsm(texts);
    expect(answers.map((answer) => answer?.slice(0, 5))).toEqual(['4096,', undefined]);
    expect(texts.map((text) => decimal(assemble(text)))).toEqual(answers);
  });

  it('reads what the disassembler writes, and gives the same words', () => {
    const programs = fc.sample(legalProgram, 300);
    const texts = programs.map(disassemble);
    expect(bpfAsm(texts)).toEqual(programs.map(formatDecimal));
  });
});
