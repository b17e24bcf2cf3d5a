import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockIfUnchanged, takePreparedLock } from '../../src/tune/prepared-lock.ts';
import type { Change } from '../../src/tune/types.ts';
import { change } from './lab.ts';
import { openTree, type Tree } from './tree.ts';

const program = (group: string): Change =>
  change({ kind: 'program', group, name: 'cpu', instructions: [] }, 'ret a');
const xps = change({ kind: 'xps', nic: 'eth0', queue: 0, by: 'cpus' }, '1');

let tree: Tree;
beforeEach(() => {
  tree = openTree();
});
afterEach(() => tree.end());

/** It is a link that leads nowhere. */
const isHeld = (): boolean => existsSync(tree.state) && readdirSync(tree.state).includes('lock');

/** The lock, what was prepared for it, and whether it was held then. @param meanwhile runs while groups are read */
async function take(changes: readonly Change[], meanwhile: (time: number) => void = () => {}) {
  const asked: (readonly string[])[] = [];
  const held: boolean[] = [];
  const access = tree.access();
  const prepare = async (ids: readonly string[]) => {
    asked.push(ids);
    held.push(isHeld());
    meanwhile(asked.length);
  };
  const programs = { ...access.programs, prepare };
  const release = await takePreparedLock({ ...access, programs }, tree.state, () => changes);
  return { asked, held, release };
}

/** As another locality-tune does, with the lock or without. */
function journal(id: number): void {
  mkdirSync(join(tree.state, 'journals'), { recursive: true });
  writeFileSync(join(tree.state, 'journals', `${id}.jsonl`), '');
}

describe('the lock for changes of programs', () => {
  it('is not held while groups are read, each once', async () => {
    const { asked, held, release } = await take([program('a'), xps, program('b'), program('a')]);
    expect({ asked, held }).toEqual({ asked: [['a', 'b']], held: [false] });
    expect(isHeld()).toBe(true);
    release();
    expect(isHeld()).toBe(false);
  });

  it('is taken at once if no program is changed', async () => {
    const { asked, release } = await take([xps]);
    expect(asked).toEqual([]);
    release();
  });

  it('is given back, and groups are read again, if somebody has changed something since', async () => {
    const { asked, release } = await take([program('a')], (time) => {
      if (time === 1) journal(1);
    });
    expect(asked).toEqual([['a'], ['a']]);
    release();
  });

  it('is left to others that keep changing something', async () => {
    await expect(take([program('a')], journal)).rejects.toMatchObject({ code: 'busy' });
    expect(isHeld()).toBe(false);
  });
});

describe('the lock of somebody who reads first and asks', () => {
  const files = () => tree.access().files;

  it('is not held before it is taken', () => {
    const lock = lockIfUnchanged(files(), tree.state);
    expect(isHeld()).toBe(false);
    const release = lock();
    expect(isHeld()).toBe(true);
    release();
  });

  it('is given back if somebody has changed something since', () => {
    const lock = lockIfUnchanged(files(), tree.state);
    journal(1);
    expect(lock).toThrow('somebody has changed settings or a program meanwhile');
    expect(isHeld()).toBe(false);
  });
});
