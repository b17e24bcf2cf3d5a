import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costOf } from '../../src/cbpf/cost.ts';
import { EMPTY } from '../../src/cbpf/environment.ts';
import { cpu, generate, map } from '../../src/cbpf/programs.ts';
import { compile } from '../../src/cbpf/simulate.ts';
import { anyProgram } from './arbitrary.ts';
import { asm } from './kernel-programs.ts';

describe('the cost of a program', () => {
  it('is its length, and that of its longest path', () => {
    expect(costOf(cpu(8))).toMatchObject({ instructions: 3, longest: 3 });
    expect(costOf(asm('ld cpu; jeq #1, yes; ja end; yes: tax; txa; end: ret a'))).toMatchObject({
      instructions: 6,
      longest: 5,
    });
    const slots = new Map(Array.from({ length: 512 }, (_, index) => [index, 511 - index]));
    expect(costOf(map(slots)).longest).toBeLessThan(16);
  });

  it('is never exceeded by a run', () => {
    fc.assert(
      fc.property(anyProgram, fc.nat(8191), fc.nat(), (wanted, number, rand) => {
        const program = generate(wanted);
        let steps = 0;
        compile(program)({ ...EMPTY, cpu: number, rand, queue: number }, () => steps++);
        expect(steps).toBeLessThanOrEqual(costOf(program).longest);
      }),
    );
  });
});
