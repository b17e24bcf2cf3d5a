import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../run.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'locality-tune-asm-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, contents: string | Uint8Array): string {
  writeFileSync(join(folder, name), contents);
  return join(folder, name);
}

const good = (stdout: string, stderr = '') => ({ status: 0, stdout, stderr });

describe('asm', () => {
  it("prints bpf_asm's two formats, and JSON", async () => {
    const path = file('cpu.bpf', 'ld cpu\nmod #4\nret a\n');
    expect(await run(['asm', path])).toEqual(good('3,32 0 0 4294963236,148 0 0 4,22 0 0 0,\n'));
    expect(await run(['asm', '-c', path])).toEqual(
      good('{ 0x20,  0,  0, 0xfffff024 },\n{ 0x94,  0,  0, 0x00000004 },\n{ 0x16,  0,  0, 0000000000 },\n'),
    );
    const { stdout } = await run(['asm', '-j', path]);
    expect(JSON.parse(stdout)).toEqual({
      schema: 'locality-tune.asm/1',
      instructions: [
        [32, 0, 0, 4294963236],
        [148, 0, 0, 4],
        [22, 0, 0, 0],
      ],
      warnings: [],
    });
  });

  it('shows the line, a caret, and what was expected', async () => {
    const path = file('bad.bpf', 'ld cpu\nmod 4\n');
    expect(await run(['asm', path])).toEqual({
      status: 1,
      stdout: '',
      stderr: `    mod 4\n        ^\nlocality-tune: ${path}:2:5: found '4' (a constant needs a #: #4); expected '#', 'x' or '%'\n`,
    });
    const { status, stdout, stderr } = await run(['asm', '-j', path]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      schema: 'locality-tune.asm/1',
      error: {
        code: 'syntax',
        message: `${path}:2:5: found '4' (a constant needs a #: #4)`,
        hint: "expected '#', 'x' or '%'",
      },
    });
  });

  it('warns of code behind a semicolon, which separates only if requested', async () => {
    const path = file('line.bpf', 'ld cpu; mod #4; ret a\n');
    const { status, stdout, stderr } = await run(['asm', path]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '1,32 0 0 4294963236,\n' });
    expect(stderr).toBe(
      `warning: ${path}:1:7: 'mod #4' is a comment, because ';' begins one; expected a new line, or --semicolons\n    ld cpu; mod #4; ret a\n          ^\n`,
    );
    expect(await run(['asm', '--semicolons', path])).toEqual(
      good('3,32 0 0 4294963236,148 0 0 4,22 0 0 0,\n'),
    );
  });

  it('refuses what the kernel would refuse when strict', async () => {
    const path = file('div.bpf', 'ld cpu\n div #0\nret x\n');
    expect(await run(['asm', path])).toMatchObject({ status: 0 });
    const { status, stdout, stderr } = await run(['asm', '--strict', path]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(
      `locality-tune: ${path}:2:2: the kernel would refuse this: instruction 1: division by a constant 0 (and 1 more); \`locality-tune check\` lists everything that is wrong\n`,
    );
  });
});

describe('disasm', () => {
  it('shows every form as assembler, or as tcpdump does', async () => {
    const decimal = file('decimal', '2,40 0 0 12,6 0 0 0,');
    expect(await run(['disasm', decimal])).toEqual(good('ldh [12]\nret #0\n'));
    expect(await run(['disasm', '--form', 'tcpdump', decimal])).toEqual(
      good('(000) ldh      [12]\n(001) ret      #0\n'),
    );
    const raw = file('raw', Uint8Array.of(0x16, 0, 0, 0, 0, 0, 0, 0));
    expect(await run(['disasm', raw])).toEqual(good('ret a\n'));
    const { stdout } = await run(['disasm', '-j', raw]);
    expect(JSON.parse(stdout)).toEqual({
      schema: 'locality-tune.disasm/1',
      input: 'raw',
      form: 'asm',
      text: 'ret a',
      lossless: true,
      instructions: [[22, 0, 0, 0]],
    });
  });

  it('says when words are lost', async () => {
    const path = file('odd', '2,7 0 0 5,22 0 0 0,');
    expect(await run(['disasm', path])).toEqual(
      good(
        'tax ; and k 5, which nothing reads\nret a\n',
        `warning: ${path}: asm cannot assemble this to the same bytes: see the comments\n`,
      ),
    );
  });
});

describe('check', () => {
  it('accepts, with the size and hints', async () => {
    const path = file('four.bpf', 'ld cpu\nmod #4\nret a\n');
    const { status, stdout } = await run(['check', '--group-size', '8', path]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/: accepted: 3 instructions, 168 bytes\s+once\s+converted/);
    expect(stdout).toContain(
      "hint: instruction 1, line 2 (mod #4): not the group's size 8: slots 4 to 7 get nothing\n",
    );
  });

  it('refuses with the instruction and the reason, and exits with 1', async () => {
    const path = file('none.bpf', 'ld M[3]\nret a\n');
    const { status, stdout, stderr } = await run(['check', path]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toBe(
      `${path}: refused\n  instruction 0, line 1 (ld M[3]): M[3] is read, but not written on every path to this instruction\n`,
    );
  });

  it('has the names of the contract, and reads a captured optmem_max', async () => {
    const path = file('hash.bpf', 'ret #0xffffffff');
    const { stdout } = await run(['check', '-j', path]);
    const { optmemMax, ...rest } = JSON.parse(stdout);
    expect(optmemMax === null || optmemMax > 0).toBe(true);
    expect(rest).toMatchObject({
      schema: 'locality-tune.check/1',
      ok: true,
      errors: [],
      converted: 136,
      hints: [],
    });
    const missing = await run(['check', '-j', '--root', folder, path]);
    expect(JSON.parse(missing.stdout)).toMatchObject({
      ok: true,
      optmemMax: null,
      notes: ['net.core.optmem_max is not known, so the size was not checked'],
    });
  });
});

describe('a file that is not a program', () => {
  it.each([
    ['asm', 'empty', '', /:1:1: the program is empty; expected an instruction/],
    [
      'disasm',
      'seven',
      new Uint8Array(7),
      /: binary data: 7 bytes, which is not a whole number of instructions;/,
    ],
    ['check', 'words', 'Hello, world\n', /:1:1: 'Hello' is neither an instruction nor a label/],
    ['check', 'short', '3,32 0 0 4294963236,', /the count says 3 instructions, and there are 1/],
  ])('%s %s: exit 1, a last line that says it', async (command, name, contents, message) => {
    const { status, stdout, stderr } = await run([command, file(name, contents)]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/(^|\n)locality-tune: [^\n]*\n$/);
  });

  it.each([
    ['asm', '/none/such', /^locality-tune: read \/none\/such: no such file or directory \(ENOENT\)\n$/],
    ['disasm', '/', /^locality-tune: read \/: it is a directory \(EISDIR\)\n$/],
    ['check', '/dev/zero', /^locality-tune: \/dev\/zero: larger than 4 MiB, so it cannot be a program\n$/],
    ['asm', '-', /^locality-tune: stdin:1:1: the program is empty; .*\n$/],
  ])('%s %s: one line, exit 1', async (command, path, line) => {
    const { status, stdout, stderr } = await run([command, path]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(line);
  });

  it('is a wrong usage without a file or with a wrong form', async () => {
    const message = (words: string[]) => run(words).then(({ status, stderr }) => ({ status, stderr }));
    expect(await message(['asm'])).toEqual({
      status: 2,
      stderr: "locality-tune: missing required argument 'file'; see locality-tune asm --help\n",
    });
    expect(await message(['disasm', '--form', 'c', 'x'])).toEqual({
      status: 2,
      stderr: "locality-tune: --form 'c': must be one of asm, tcpdump\n",
    });
  });
});
