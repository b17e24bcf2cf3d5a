import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { borrow } from '../../src/system/borrow.ts';
import { ENTRY } from '../integration/cli.ts';
import { setTrap, stuck, type Trap } from './trap.ts';

/** Far longer than any of it takes, and far shorter than forever. */
const PATIENCE_MS = 30_000;

let trap: Trap;
beforeAll(async () => {
  trap = await setTrap();
});
afterAll(() => trap?.end());

const tool = (...args: string[]) =>
  spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8', timeout: PATIENCE_MS });

describe('a descriptor that is a trap', () => {
  it('makes only a child hang, not this process, if the close of its copy hangs', async () => {
    const before = stuck();
    const answers = await borrow([
      { pid: trap.pid, fd: trap.file, cookie: null },
      { pid: process.pid, fd: 0, cookie: null },
      { pid: trap.pid, fd: 901, cookie: null },
    ]);
    expect(answers).toMatchObject([{ code: 'ENOTSOCK' }, {}, { listening: true }]);
    // It has answered before it hangs.
    await expect.poll(() => stuck(), { timeout: PATIENCE_MS }).toBe(before + 1);
  });

  it('is not waited for if its lock is held, and the others are answered', async () => {
    const answers = await borrow([
      { pid: trap.pid, fd: 901, cookie: null },
      { pid: trap.pid, fd: trap.busy, cookie: null },
      { pid: trap.pid, fd: 901, cookie: null },
    ]);
    expect(answers).toMatchObject([{ listening: true }, { code: 'ETIMEDOUT' }, { listening: true }]);
  });

  it('is not queried again once too many children hang', async () => {
    const look = () => borrow([{ pid: trap.pid, fd: trap.file, cookie: null }]);
    for (let time = 0; time < 16; time++) await look().catch(() => {});
    await expect(look()).rejects.toMatchObject({
      code: 'descriptor-silent',
      message: 'too many system calls on descriptors of other processes already hang in the kernel',
    });
    expect(stuck()).toBeLessThanOrEqual(16);
  });

  it('never stops inspect and attach, however often it is met', async () => {
    const before = stuck(['-e']);
    for (let time = 0; time < 20; time++) {
      const ran = tool('inspect', '--port', String(trap.port), '--no-slots', '--json');
      expect([ran.signal, ran.status, ran.stderr]).toEqual([null, 0, '']);
    }
    // It was met: in most of them the first descriptor that was tried.
    await expect.poll(() => stuck(['-e']), { timeout: PATIENCE_MS }).toBeGreaterThan(before);
    const attached = tool('attach', '--pid', String(trap.pid), '--fd', String(trap.file), '--json');
    expect([attached.signal, attached.status]).toEqual([null, 1]);
    expect(JSON.parse(attached.stdout).error.code).toBe('not-a-socket');
    const busy = tool('attach', '--pid', String(trap.pid), '--fd', String(trap.busy), '--json');
    expect(JSON.parse(busy.stdout).error).toMatchObject({ code: 'descriptor-silent' });
  });
});
