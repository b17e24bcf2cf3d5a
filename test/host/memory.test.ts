import { spawnSync } from 'node:child_process';
import { totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { parseMemory, readMemory } from '../../src/host/memory.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';

describe('the memory', () => {
  it('of this machine is what the kernel says', async () => {
    expect(await readMemory({ files: openFiles('/'), kernel: openKernel() })).toBe(totalmem());
  });

  it.each([
    ['MemTotal:       24683116 kB\nMemFree: 1 kB\n', 24683116 * 1024],
    ['MemFree:        1 kB\n', null],
    ['', null],
  ])('%j is %j', (meminfo, bytes) => {
    expect(parseMemory(meminfo)).toBe(bytes);
  });

  // systeminformation mostly runs shells. What is used of it must not: nothing can be started here, and nothing is tried.
  it('is asked for without starting a program', () => {
    const script = `
      const child = require('node:child_process');
      const tried = [];
      for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'])
        child[name] = (...words) => { tried.push(name + ' ' + words[0]); throw new Error('not here'); };
      require('systeminformation').mem().then(({ total }) => console.log(JSON.stringify({ total, tried })));`;
    const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual({ total: totalmem(), tried: [] });
  });
});
