import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernelText } from '../../src/system/kernel-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-text-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a file that comes in pieces', () => {
  const pipe = join(folder, 'pipe');
  beforeAll(() => {
    execFileSync('mkfifo', [pipe]);
  });

  // As /proc/interrupts of 64 CPUs. Each piece has been read before the next one is written, or is read together with it.
  it.each([
    [31, 3_817, 12_549],
    [40, 4_096, 8_192],
    [1, 70_000, 300_000],
    [0, 0, 0],
  ])('%i of %i bytes, then %i', async (pieces, bytes, last) => {
    const script = `
import os, sys, time
pipe = os.open(sys.argv[1], os.O_WRONLY)
def put(letter, size):
    data = letter * size
    while data:
        data = data[os.write(pipe, data):]
for _ in range(${pieces}):
    put(b'a', ${bytes})
    time.sleep(0.003)
put(b'b', ${last})
`;
    const writer = spawn('python3', ['-c', script, pipe], { stdio: 'ignore' });
    const text = kernelText(pipe);
    await once(writer, 'exit');
    expect(text).toHaveLength(pieces * bytes + last);
    expect(text === 'a'.repeat(pieces * bytes) + 'b'.repeat(last)).toBe(true);
  });
});

it('is decoded as UTF-8, also behind the length of the buffer', () => {
  const file = join(folder, 'text');
  const text = 'ä€😀\n'.repeat(20_000);
  writeFileSync(file, text);
  expect(kernelText(file) === text).toBe(true);
});

it.each(['/proc/self/status', '/proc/version', '/sys/devices/system/cpu/online'])(
  'is the same as Node reads of %s',
  (path) => {
    const known = (text: string) => text.replace(/^(?:Vm|Rss|voluntary|nonvoluntary|Cpus_|Threads).*$/gm, '');
    expect(known(kernelText(path))).toBe(known(readFileSync(path).toString()));
  },
);

it('throws what Node throws', () => {
  expect(() => kernelText('/proc/nothing')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  expect(() => kernelText('/proc')).toThrow(expect.objectContaining({ code: 'EISDIR' }));
});
