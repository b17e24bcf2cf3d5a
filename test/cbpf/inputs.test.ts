import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Environment } from '../../src/cbpf/environment.ts';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { cpu } from '../../src/cbpf/programs.ts';
import { inputs, simulate } from '../../src/cbpf/simulate.ts';
import { likelyInstruction } from './arbitrary.ts';

const RET_A: Instruction = [0x16, 0, 0, 0];

describe('inputs', () => {
  it('names what is read', () => {
    const read = (k: number, code = 0x20) => [...inputs([[code, 0, 0, k], RET_A])];
    expect(read(0xfffff024)).toEqual(['cpu']);
    expect(read(0xfffff038)).toEqual(['rand']);
    expect(read(0xfffff020)).toEqual(['rxhash']);
    expect(read(0xfffff018)).toEqual(['queue']);
    expect(read(0xfffff014)).toEqual(['other']);
    expect(read(0xfffff034)).toEqual(['packet']);
    expect(read(0, 0xb1)).toEqual(['packet']);
    expect(read(5, 0x00)).toEqual([]);
  });

  it('leaves out what no path reaches', () => {
    expect([...inputs([[0x05, 0, 0, 1], [0x20, 0, 0, 0], ...cpu(4)])]).toEqual(['cpu']);
  });

  it('says "nothing" only where the result never changes', () => {
    const any = fc.array(likelyInstruction, { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(any, fc.nat({ max: 600 }), fc.nat(), (program, number, other) => {
        const whole = [...program, RET_A];
        const read = inputs(whole);
        fc.pre(!read.has('packet'));
        const common = { cpu: number, rand: number, rxhash: number, queue: number, mark: number };
        const changed = {
          ...(read.has('cpu') ? {} : { cpu: other }),
          ...(read.has('rand') ? {} : { rand: other }),
          ...(read.has('rxhash') ? {} : { rxhash: other }),
          ...(read.has('queue') ? {} : { queue: other }),
          ...(read.has('other') ? {} : { mark: other }),
        };
        const attempt = (environment: Partial<Environment>) => {
          try {
            return simulate(whole, environment).result;
          } catch (error) {
            return String(error);
          }
        };
        expect(attempt({ ...common, ...changed })).toBe(attempt(common));
      }),
    );
  });
});
