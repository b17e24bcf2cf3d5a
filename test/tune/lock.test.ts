import { readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFiles } from '../../src/system/files.ts';
import { takeLock } from '../../src/tune/lock.ts';
import { openTree, type Tree } from './tree.ts';

const HOLDER = 4242;
let tree: Tree;
beforeEach(() => {
  tree = openTree();
  tree.put('/proc/sys/kernel/random/boot_id', 'boot\n');
  putProcess(process.pid, 'R', 0n, 0n);
});
afterEach(() => tree.end());

/** As the kernel prints it: field 22 of stat is when it started. */
function putProcess(pid: number, state: string, own: bigint, shared: bigint): void {
  tree.put(`/proc/${pid}/task/${pid}/stat`, `${pid} (node) ${state} ${'0 '.repeat(18)}77 0\n`);
  const mask = (bits: bigint) => bits.toString(16).padStart(16, '0');
  tree.put(
    `/proc/${pid}/status`,
    `Name:\tnode\nState:\t${state} (some)\nSigPnd:\t${mask(own)}\nShdPnd:\t${mask(shared)}\nSigBlk:\t${mask(256n)}\n`,
  );
}

const lock = () => join(tree.root, 'lock');
const take = () => takeLock(tree.root, openFiles(tree.root));

describe('the lock of another process', () => {
  beforeEach(() => symlinkSync(`${HOLDER}:77:boot`, lock()));

  it.each([
    ['R', 'is changing settings', 'wait until it ends'],
    ['S', 'is changing settings', 'wait until it ends'],
    ['D', 'holds the lock, and sleeps in the kernel (state D)', `kill -KILL ${HOLDER}, then try again`],
    ['T', 'holds the lock, and is stopped', `kill -CONT ${HOLDER}`],
  ])('in state %s: %s', (state, message, hint) => {
    putProcess(HOLDER, state, 0n, 0n);
    expect(take).toThrow(
      expect.objectContaining({
        code: 'busy',
        message: expect.stringContaining(`(pid ${HOLDER}) ${message}`),
        hint: expect.stringContaining(hint),
      }),
    );
    expect(readlinkSync(lock())).toBe(`${HOLDER}:77:boot`);
  });

  it.each([
    ['is a zombie', 'Z', 0n, 0n],
    ['was killed, and sleeps in the kernel still', 'D', 256n, 0n],
    ['was killed as a whole', 'D', 0n, 256n],
  ])('counts for nothing when it %s', (_what, state, own, shared) => {
    putProcess(HOLDER, state, own, shared);
    const release = take();
    expect(readlinkSync(lock())).toBe(`${process.pid}:77:boot`);
    release();
  });

  it('is ignored if it has ended, or if the boot is another one', () => {
    take()();
    symlinkSync(`${HOLDER}:77:before`, lock());
    putProcess(HOLDER, 'R', 0n, 0n);
    take()();
  });
});
