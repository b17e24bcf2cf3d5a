import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parseBans, readIrqbalance } from '../../src/host/irqbalance.ts';
import { openFiles } from '../../src/system/files.ts';

const root = mkdtempSync(join(tmpdir(), 'irqbalance-'));
afterAll(() => rmSync(root, { recursive: true }));

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

describe('irqbalance', () => {
  it('reads the bans of its command line', () => {
    const args = [
      '/usr/sbin/irqbalance',
      '--foreground',
      '--banirq=43',
      '--banirq',
      '41',
      '-i',
      '42',
      '-i41',
      '-p',
      '3',
    ];
    expect(parseBans(args)).toEqual([41, 42, 43]);
    fc.assert(fc.property(fc.array(fc.string()), (any) => parseBans(any).every(Number.isInteger)));
  });

  it('is found by name, with its socket or without, and is not known in a tree that lacks it', () => {
    const system = { files: openFiles(root), kernel: null };
    expect(readIrqbalance(system)).toEqual({ running: null, bannedIrqs: null });
    write('proc/7/comm', 'sshd\n');
    expect(readIrqbalance(system)).toEqual({ running: null, bannedIrqs: null });
    write('proc/812/comm', 'irqbalance\n');
    expect(readIrqbalance({ ...system, files: openFiles(root) })).toEqual({
      running: true,
      bannedIrqs: null,
    });
    write('proc/812/cmdline', '/usr/sbin/irqbalance\0--banirq=58\0');
    write('run/irqbalance/irqbalance812.sock', '');
    expect(readIrqbalance({ ...system, files: openFiles(root) })).toEqual({
      running: true,
      bannedIrqs: [58],
    });
  });

  it('is no thread of the kernel, whose names are not read; process 2 of a container is a process', () => {
    const tree = mkdtempSync(join(tmpdir(), 'irqbalance-'));
    const runs = () => readIrqbalance({ files: openFiles(tree), kernel: null }).running;
    try {
      for (const pid of [2, 3]) mkdirSync(join(tree, `proc/${pid}/task/2`), { recursive: true });
      const put = (path: string, text: string) => writeFileSync(join(tree, 'proc', path), text);
      put('2/task/2/children', '3 ');
      put('3/comm', 'irqbalance\n');
      put('2/stat', '2 (bash) S 0 2 2 0 -1 4194304 0');
      expect(runs()).toBe(true);
      put('2/stat', '2 (kthreadd) S 0 0 0 0 -1 2129984 0');
      expect(runs()).toBe(null);
    } finally {
      rmSync(tree, { recursive: true });
    }
  });
});
