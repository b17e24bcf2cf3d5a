import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpu } from '../../src/cbpf/programs.ts';
import { simulate } from '../../src/cbpf/simulate.ts';
import { trace } from '../../src/cbpf/trace.ts';
import { likelyInstruction } from './arbitrary.ts';
import { asm } from './kernel-programs.ts';

const packet = Uint8Array.of(0xc0, 0xff, 0xee, 0x01, 0x55);

describe('trace', () => {
  it('shows every step with what it read and left', () => {
    expect(trace(cpu(8), { cpu: 13 })).toEqual({
      result: 5,
      earlyExit: null,
      steps: [
        { index: 0, text: 'ld cpu', a: 13, x: 0, memory: null, read: 'cpu' },
        { index: 1, text: 'mod #8', a: 5, x: 0, memory: null, read: null },
        { index: 2, text: 'ret a', a: 5, x: 0, memory: null, read: null },
      ],
    });
  });

  it('shows which bytes a load reads, and what was stored', () => {
    const text = `ld len; st M[3]; ldx M[3]; ldh [1]; ldb [x + -1]; ldxb 4*([0]&0xf); ldb [x + 4]; ld [${-0x100000 + 12}]; ret a`;
    const { steps, earlyExit } = trace(asm(text), { packet, network: new Uint8Array(14) });
    expect(steps.map(({ read }) => read)).toEqual([
      ...[
        'len',
        null,
        'M[3]',
        'packet[1..2]',
        'packet[4]',
        'packet[0]',
        'packet[4]',
        'network header[12..15]',
      ],
    ]);
    expect(steps[1]?.memory).toEqual({ word: 3, value: 5 });
    expect(steps[5]).toMatchObject({ a: 0x55, x: 0 });
    expect(earlyExit).toEqual({ index: 7, why: 'load' });
  });

  it('leaves out skipped instructions', () => {
    const { steps } = trace(asm('ld #1; jeq #1, yes; ld #7; yes: ja end; ld #8; end: ret a'));
    expect(steps.map(({ index }) => index)).toEqual([0, 1, 3, 5]);
  });

  it('gives the result of a plain run for any program', () => {
    const any = fc.array(likelyInstruction, { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(any, fc.uint8Array({ maxLength: 40 }), fc.nat(), (body, bytes, rand) => {
        const program = [...body, ...asm('ret a')];
        const attempt = (run: () => object) => {
          try {
            return run();
          } catch (error) {
            return String(error);
          }
        };
        const traced = attempt(() => {
          const { steps, ...outcome } = trace(program, { packet: bytes, rand });
          expect(steps.length).toBeGreaterThan(0);
          return outcome;
        });
        expect(traced).toEqual(attempt(() => simulate(program, { packet: bytes, rand })));
      }),
    );
  });
});
