import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY, type Environment } from '../../src/cbpf/environment.ts';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { cpu, rand } from '../../src/cbpf/programs.ts';
import { compile, earlyExitText, simulate } from '../../src/cbpf/simulate.ts';
import { likelyInstruction } from './arbitrary.ts';

const RET_A: Instruction = [0x16, 0, 0, 0];
const at = (offset: number) => offset >>> 0;

function run(program: Instruction[], environment: Partial<Environment> = {}): number | string {
  const { result, earlyExit } = simulate([...program, RET_A], environment);
  if (earlyExit === null) return result;
  expect(result).toBe(0);
  return earlyExitText(earlyExit);
}

describe('simulate', () => {
  it('runs the programs of this tool', () => {
    expect(simulate(cpu(8), { cpu: 13 })).toEqual({ result: 5, earlyExit: null });
    expect(simulate(rand(3), { rand: 0xffffffff })).toEqual({ result: 0, earlyExit: null });
  });

  it('calculates in 32 unsigned bits', () => {
    const alu = (code: number, a: number, k: number) =>
      run([
        [0x00, 0, 0, a],
        [code, 0, 0, k],
      ]);
    expect(alu(0x04, 0xffffffff, 2)).toBe(1);
    expect(alu(0x14, 0, 1)).toBe(0xffffffff);
    expect(alu(0x24, 0xdeadbeef, 0xcafebabe)).toBe(Number((0xdeadbeefn * 0xcafebaben) & 0xffffffffn));
    expect(alu(0x34, 0xffffffff, 0x80000000)).toBe(1);
    expect(alu(0x94, 0xffffffff, 10)).toBe(5);
    expect(alu(0x44, 0x80000000, 1)).toBe(0x80000001);
    expect(alu(0xa4, 0xffffffff, 1)).toBe(0xfffffffe);
    expect(alu(0x64, 3, 31)).toBe(0x80000000);
    expect(alu(0x74, 0x80000000, 31)).toBe(1);
    expect(alu(0x84, 1, 0)).toBe(0xffffffff);
    expect(alu(0x84, 0, 0)).toBe(0);
  });

  it('shifts by X modulo 32', () => {
    expect(
      run([
        [0x00, 0, 0, 1],
        [0x01, 0, 0, 33],
        [0x6c, 0, 0, 0],
      ]),
    ).toBe(2);
  });

  it('ends with 0 at a division by X = 0', () => {
    expect(
      run([
        [0x00, 0, 0, 7],
        [0x3c, 0, 0, 0],
      ]),
    ).toBe('instruction 1 divides by zero');
    expect(
      run([
        [0x00, 0, 0, 7],
        [0x9c, 0, 0, 0],
      ]),
    ).toBe('instruction 1 divides by zero');
  });

  it('loads in network order, and ends with 0 outside of the packet', () => {
    const packet = Uint8Array.of(0x11, 0x22, 0x33, 0x84, 0x55);
    expect(run([[0x20, 0, 0, 1]], { packet })).toBe(0x22338455);
    expect(run([[0x28, 0, 0, 3]], { packet })).toBe(0x8455);
    expect(run([[0x30, 0, 0, 4]], { packet })).toBe(0x55);
    expect(run([[0x20, 0, 0, 2]], { packet })).toBe('instruction 0 loads outside of the packet');
    expect(run([[0x30, 0, 0, 0]])).toBe('instruction 0 loads outside of the packet');
    expect(run([[0x80, 0, 0, 0]], { packet })).toBe(5);
    expect(
      run(
        [
          [0x01, 0, 0, 5],
          [0x48, 0, 0, at(-2)],
        ],
        { packet },
      ),
    ).toBe(0x8455);
    expect(
      run(
        [
          [0xb1, 0, 0, 3],
          [0x87, 0, 0, 0],
        ],
        { packet },
      ),
    ).toBe(16);
  });

  it('reads headers through the network and link windows only', () => {
    const network = Uint8Array.from({ length: 28 }, (_, index) => index);
    const link = Uint8Array.from({ length: 42 }, (_, index) => 100 + index);
    expect(run([[0x20, 0, 0, at(-1048564)]], { network })).toBe(0x0c0d0e0f);
    expect(run([[0x28, 0, 0, at(-0x200000 + 12)]], { link })).toBe(0x7071);
    expect(run([[0x20, 0, 0, at(-1048564)]], { link })).toBe('instruction 0 loads outside of the packet');
    expect(run([[0x20, 0, 0, at(-0x200001)]], { link, network })).toBe(
      'instruction 0 loads outside of the packet',
    );
    expect(
      run(
        [
          [0xb1, 0, 0, at(-0x100000)],
          [0x87, 0, 0, 0],
        ],
        { network: Uint8Array.of(0x45) },
      ),
    ).toBe(20);
  });

  it('answers ancillary loads whatever their size, indirect ones never', () => {
    const given = {
      protocol: 1,
      type: 2,
      ifindex: 3,
      mark: 6,
      queue: 7,
      hatype: 8,
      rxhash: 9,
      cpu: 10,
      vlanTci: 12,
    };
    const rest = { vlanPresent: 13, poff: 14, rand: 0x89abcdef, vlanTpid: 16 };
    const ask = (offset: number, code = 0x20) =>
      run([[code, 0, 0, 0xfffff000 + offset]], { ...given, ...rest });
    expect([0, 4, 8, 20, 24, 28, 32, 36, 44, 48, 52, 56, 60].map((offset) => ask(offset))).toEqual([
      ...[1, 2, 3, 6, 7, 8, 9, 10, 12, 13, 14, 0x89abcdef, 16],
    ]);
    expect(ask(56, 0x30)).toBe(0x89abcdef);
    expect(ask(36, 0x40)).toBe('instruction 0 loads outside of the packet');
    expect(
      run([
        [0x00, 0, 0, 0xf0],
        [0x01, 0, 0, 0x0f],
        [0x20, 0, 0, 0xfffff028],
      ]),
    ).toBe(0xff);
  });

  it('finds netlink attributes, also nested ones', () => {
    // type 1 (4 bytes of payload), then type 2 which holds type 7
    const packet = Uint8Array.of(8, 0, 1, 0, 9, 9, 9, 9, 8, 0, 2, 0, 4, 0, 7, 0);
    const find = (from: number, type: number, offset: number) =>
      run(
        [
          [0x00, 0, 0, from],
          [0x01, 0, 0, type],
          [0x20, 0, 0, 0xfffff000 + offset],
        ],
        { packet },
      );
    expect([find(0, 2, 12), find(0, 7, 12), find(8, 7, 16), find(8, 6, 16), find(99, 1, 12)]).toEqual([
      8, 0, 12, 0, 0,
    ]);
  });

  it('keeps A and X in scratch memory', () => {
    expect(
      run([
        [0x00, 0, 0, 5],
        [0x02, 0, 0, 15],
        [0x61, 0, 0, 15],
        [0x03, 0, 0, 0],
        [0x60, 0, 0, 0],
      ]),
    ).toBe(5);
  });

  it('compares unsigned and jumps', () => {
    const jump = (code: number, a: number, k: number) =>
      simulate([
        [0x00, 0, 0, a],
        [code, 1, 0, k],
        [0x06, 0, 0, 0],
        [0x06, 0, 0, 1],
      ]).result;
    expect([
      jump(0x15, 5, 5),
      jump(0x25, 0xffffffff, 1),
      jump(0x35, 1, 0x80000000),
      jump(0x45, 6, 4),
    ]).toEqual([1, 1, 0, 1]);
    expect(
      simulate([
        [0x05, 0, 0, 1],
        [0x06, 0, 0, 0],
        [0x06, 0, 0, 7],
      ]).result,
    ).toBe(7);
  });

  it('draws a new random number at each `ld rand` if it has a source', () => {
    const twice: Instruction[] = [
      [0x20, 0, 0, 0xfffff038],
      [0x07, 0, 0, 0],
      [0x20, 0, 0, 0xfffff038],
      [0x1c, 0, 0, 0],
    ];
    let next = 5;
    expect(run(twice, { rand: () => next++ })).toBe(1);
    expect(run(twice, { rand: 7 })).toBe(0);
  });

  it('takes the length from the packet, unless only its beginning is known', () => {
    const packet = Uint8Array.of(1, 2);
    expect(run([[0x80, 0, 0, 0]], { packet })).toBe(2);
    expect(run([[0x80, 0, 0, 0]], { packet, length: 9 })).toBe(9);
  });

  it('begins every run with nothing in A, X and scratch memory', () => {
    const sum: Instruction[] = [
      [0x04, 0, 0, 1],
      [0x61, 0, 0, 3],
      [0x0c, 0, 0, 0],
      [0x02, 0, 0, 3],
      [0x16, 0, 0, 0],
    ];
    const again = compile(sum);
    expect([again(EMPTY).result, again(EMPTY).result]).toEqual([1, 1]);
  });

  it('refuses programs that the kernel refuses and that cannot be run', () => {
    expect(() => simulate([[0x0e, 0, 0, 0]])).toThrow('instruction 0: 0xe is not a legal code');
    expect(() => simulate([[0x05, 0, 0, 0xffffffff]])).toThrow('ends before it');
    expect(() => simulate([[0x60, 0, 0, 16], RET_A])).toThrow('there is no M[16]');
    expect(() => simulate([])).toThrow(RangeError);
  });

  it('gives 32 unsigned bits, or a RangeError, for anything', () => {
    const any = fc.array(likelyInstruction, { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(any, fc.uint8Array({ maxLength: 40 }), fc.nat(), (program, packet, number) => {
        try {
          const { result } = simulate([...program, RET_A], {
            packet,
            network: packet,
            cpu: number,
            rand: number,
          });
          expect(result).toBe(result >>> 0);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
