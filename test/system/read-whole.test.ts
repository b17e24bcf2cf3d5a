import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { parseSnapshot } from '../../src/snapshot/parse.ts';
import { failure, isFailure } from '../../src/system/errors.ts';
import { readWhole } from '../../src/system/read-whole.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-read-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MOST = 8 * 1024 * 1024;
const MODULE = join(import.meta.dirname, '../../src/system/read-whole.ts');
const read = (path: string) => readWhole(path, MOST, () => failure('too-large', 'too large', 'no')).length;

it('reads a file whole, and no more than its limit of a device that never ends', () => {
  const file = join(folder, 'file');
  writeFileSync(file, Buffer.alloc(3_000_001));
  expect(read(file)).toBe(3_000_001);
  truncateSync(file, MOST + 1);
  for (const path of [file, '/dev/zero']) expect(() => read(path)).toThrow('too large');
  expect(read('/dev/null')).toBe(0);
});

it('refuses a named pipe, but not that of a shell', () => {
  const pipe = join(folder, 'named');
  execFileSync('mkfifo', [pipe]);
  expect(() => read(pipe)).toThrow('the file is a named pipe');
  const script = `import('${MODULE}').then(({ readWhole }) =>
    console.log(readWhole('/dev/fd/3', 1000, () => new Error('too large')).toString()))`;
  const command = `{ sleep 0.1; printf piped; } | { "$1" -e "$2" 3<&0 </dev/null; }`;
  const out = execFileSync('sh', ['-c', command, 'sh', process.execPath, script]);
  expect(String(out)).toBe('piped\n');
});

it('waits for a pipe that somebody has made non-blocking', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const script = `import('${MODULE}').then(({ readWhole }) =>
    console.log(readWhole('-', 1000, () => new Error('too large')).toString()))`;
  const writer = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const child = spawn(process.execPath, ['-e', script], { stdio: [reader, 'pipe', 'inherit'] });
  const out = once(child.stdout ?? child, 'data');
  closeSync(reader);
  await sleep(500);
  writeSync(writer, 'late');
  await sleep(100);
  // The last writer goes: that is its end.
  closeSync(writer);
  expect(String((await out)[0])).toBe('late\n');
});

it('keeps no more of a slow pipe than what it received', () => {
  const script = `
    import { readWhole } from ${JSON.stringify(MODULE)};
    const { length } = readWhole('-', 1 << 20, () => new Error('too large'));
    console.log(length, process.memoryUsage().arrayBuffers < 8 << 20);`;
  // A byte at a time.
  const slow = `for (let left = 5000; left > 0; left--) require('fs').writeSync(1, 'x')`;
  const command = `"$1" -e "$2" | "$1" --input-type=module -e "$3"`;
  const out = execFileSync('sh', ['-c', command, 'sh', process.execPath, slow, script]);
  expect(String(out)).toBe('5000 true\n');
});

it.each([
  ['[', ']'],
  ['{"a":', '}'],
])('JSON of a million nested %s is a broken snapshot, no bug', (open, close) => {
  const deep = `${open.repeat(1_000_000)}1${close.repeat(1_000_000)}`;
  const parse = () => parseSnapshot(`{"schema":"locality-tune.snapshot/1","host":{"machine":${deep}}}`);
  let thrown: unknown;
  try {
    parse();
  } catch (error) {
    thrown = error;
  }
  expect(isFailure(thrown)).toBe(true);
});
