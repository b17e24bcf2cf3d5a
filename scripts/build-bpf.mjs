// node scripts/build-bpf.mjs [FOLDER [SOURCES]]: compiles *.bpf.c in SOURCES (default: bpf), and writes the instructions and
// maps of each as TypeScript to FOLDER (default: src/xdp/programs). The result is committed, so that only who changes the C code needs clang.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const target = process.argv[2] ?? join(root, 'src/xdp/programs');
const sources = process.argv[3] ?? join(root, 'bpf');

/** Sections that hold a program, one function each. */
const PROGRAMS = ['xdp', 'cpumap', 'tc'];
const SIZEOF_MAP = 16;
/** include/uapi/linux/elf.h, and the BPF psABI. */
const SHT_SYMTAB = 2;
const SHT_REL = 9;
const R_BPF_64_64 = 1;

/** The sections of a little-endian ELF64 object file, by name. */
function sectionsOf(file) {
  const at = Number(file.readBigUInt64LE(40));
  const size = file.readUInt16LE(58);
  const headers = Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const header = file.subarray(at + index * size, at + (index + 1) * size);
    const offset = Number(header.readBigUInt64LE(24));
    const bytes = file.subarray(offset, offset + Number(header.readBigUInt64LE(32)));
    return {
      index,
      name: header.readUInt32LE(0),
      type: header.readUInt32LE(4),
      bytes,
      info: header.readUInt32LE(44),
    };
  });
  const names = headers[file.readUInt16LE(62)].bytes;
  return headers.map((header) => ({ ...header, name: text(names, header.name) }));
}

const text = (bytes, from) => bytes.toString('latin1', from, bytes.indexOf(0, from));

function symbolsOf(sections) {
  const { bytes } = sections.find(({ type }) => type === SHT_SYMTAB);
  const strings = sections.find(({ name }) => name === '.strtab').bytes;
  return Array.from({ length: bytes.length / 24 }, (_, index) => ({
    name: text(strings, bytes.readUInt32LE(index * 24)),
    section: bytes.readUInt16LE(index * 24 + 6),
    value: Number(bytes.readBigUInt64LE(index * 24 + 8)),
  }));
}

function imageOf(object, file) {
  const sections = sectionsOf(object);
  const symbols = symbolsOf(sections);
  const described = sections.find(({ name }) => name === 'maps');
  const maps = symbols
    .filter(({ section, name }) => described !== undefined && section === described.index && name !== '')
    .sort((a, b) => a.value - b.value)
    .map(({ name, value }) => {
      const [type, keySize, valueSize, entries] = new Uint32Array(
        new Uint8Array(described.bytes.subarray(value, value + SIZEOF_MAP)).buffer,
      );
      return { name, value, map: { name, type, keySize, valueSize, entries } };
    });
  const stray = sections.find(
    ({ name, bytes }) => /^\.(text|data|bss|rodata)/.test(name) && bytes.length > 0,
  );
  if (stray !== undefined) throw new Error(`${file}: ${stray.name}: globals and calls are not loaded`);
  const programs = sections
    .filter(({ name, bytes }) => PROGRAMS.includes(name) && bytes.length > 0)
    .map(({ index, name, bytes }) => {
      const relocations =
        sections.find(({ type, info }) => type === SHT_REL && info === index)?.bytes ?? Buffer.alloc(0);
      const references = Array.from({ length: relocations.length / 16 }, (_, at) => {
        const offset = Number(relocations.readBigUInt64LE(at * 16));
        const type = relocations.readUInt32LE(at * 16 + 8);
        const symbol = symbols[relocations.readUInt32LE(at * 16 + 12)];
        const map = maps.findIndex(
          ({ value }) => symbol.section === described?.index && value === symbol.value,
        );
        if (type !== R_BPF_64_64 || map < 0)
          throw new Error(`${file}: relocation of ${symbol.name}: only maps`);
        return [offset / 8, map];
      });
      return { section: name, instructions: bytes.toString('base64'), references };
    });
  return { maps: maps.map(({ map }) => map), programs };
}

function compile(file, folder) {
  const object = join(folder, 'program.o');
  const args = ['-target', 'bpf', '-mcpu=v2', '-O2', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter'];
  const multiarch = `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  const done = spawnSync('clang', [...args, '-I', multiarch, '-c', join(sources, file), '-o', object], {
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`clang: ${done.error?.message ?? done.stderr}`);
  return readFileSync(object);
}

const words = ({ name, type, keySize, valueSize, entries }) =>
  `{ name: '${name}', type: ${type}, keySize: ${keySize}, valueSize: ${valueSize}, entries: ${entries} }`;

function moduleOf(file, { maps, programs }) {
  const parts = programs.map(
    ({ section, instructions, references }) => `    {
      section: '${section}',
      // biome-ignore format: generated
      references: ${JSON.stringify(references).replaceAll(',', ', ')},
      instructions:
        '${instructions}',
    },`,
  );
  return `// Generated from bpf/${file} by scripts/build-bpf.mjs.
import type { Image } from '../image.ts';

export const image: Image = {
  maps: [
${maps.map((map) => `    ${words(map)},`).join('\n')}
  ],
  programs: [
${parts.join('\n')}
  ],
};
`;
}

const folder = mkdtempSync(join(tmpdir(), 'build-bpf-'));
try {
  mkdirSync(target, { recursive: true });
  for (const file of readdirSync(sources)
    .filter((name) => name.endsWith('.bpf.c'))
    .sort()) {
    const image = imageOf(compile(file, folder), file);
    writeFileSync(join(target, file.replace('.bpf.c', '.ts')), moduleOf(file, image));
    const sizes = image.programs.map(
      ({ section, instructions }) => `${section} ${((instructions.length * 3) / 4 / 8) | 0}`,
    );
    console.log(`${file}: instructions: ${sizes.join(', ')}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
