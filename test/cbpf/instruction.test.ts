import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode, LEGAL } from '../../src/cbpf/instruction.ts';
import { cpu } from '../../src/cbpf/programs.ts';
import { anyInstruction } from './arbitrary.ts';

describe('encode and decode', () => {
  it('makes struct sock_filter', () => {
    expect([...encode(cpu(8)).subarray(0, 16)]).toEqual([
      0x20, 0, 0, 0, 0x24, 0xf0, 0xff, 0xff, 0x94, 0, 0, 0, 8, 0, 0, 0,
    ]);
  });

  it('round-trips every instruction', () => {
    fc.assert(
      fc.property(fc.array(anyInstruction), (program) => {
        expect(decode(encode(program))).toEqual(program);
      }),
    );
  });

  it('refuses a broken length', () => {
    expect(() => decode(new Uint8Array(12))).toThrow(RangeError);
  });
});

it('knows the 49 legal codes', () => {
  expect(LEGAL.size).toBe(49);
});
