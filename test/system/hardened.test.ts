import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/system/package.ts';

const PT_DYNAMIC = 2;
const PT_GNU_STACK = 0x6474e551;
const PT_GNU_RELRO = 0x6474e552;
const DT_NULL = 0n;
const DT_FLAGS = 30n;
const DF_BIND_NOW = 0x8n;
const PF_X = 1;

/** Segments of a 64-bit little-endian ELF file (elf(5)). */
function segments(elf: Buffer) {
  const [start, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    const [type, flags] = [elf.readUInt32LE(at), elf.readUInt32LE(at + 4)];
    return {
      type,
      flags,
      offset: Number(elf.readBigUInt64LE(at + 8)),
      bytes: Number(elf.readBigUInt64LE(at + 32)),
    };
  });
}

describe('the addon, which root loads', () => {
  const elf = readFileSync(join(packageRoot, `prebuilds/linux-${process.arch}.node`));
  const found = segments(elf);

  it('has its relocations read-only before it runs', () => {
    expect(found.some(({ type }) => type === PT_GNU_RELRO)).toBe(true);
    const dynamic = found.find(({ type }) => type === PT_DYNAMIC);
    let flags = 0n;
    for (let at = dynamic?.offset ?? 0; elf.readBigInt64LE(at) !== DT_NULL; at += 16)
      if (elf.readBigInt64LE(at) === DT_FLAGS) flags = elf.readBigUInt64LE(at + 8);
    expect(flags & DF_BIND_NOW).toBe(DF_BIND_NOW);
  });

  it('has no stack that can be run, and guards its frames', () => {
    expect((found.find(({ type }) => type === PT_GNU_STACK)?.flags ?? PF_X) & PF_X).toBe(0);
    expect(elf.includes('\0__stack_chk_fail\0')).toBe(true);
  });
});
