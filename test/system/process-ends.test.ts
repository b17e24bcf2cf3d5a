import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { native } from '../../src/system/native.ts';
import { openProcesses } from '../../src/system/process-ends.ts';
import { bytes } from './bytes.ts';

it('reports each process once, and holds no descriptor of one that has ended', async () => {
  const before = readdirSync('/proc/self/fd').length;
  const children = ['60', '61', '62'].map((seconds) => spawn('sleep', [seconds], { stdio: 'ignore' }));
  const [first = 0, second = 0, third = 0] = children.map(({ pid }) => pid);
  const processes = openProcesses();
  expect(processes.set([first, second, third])).toEqual(new Map());
  // Twice is once.
  processes.set([first, first, second]);
  const ended: number[] = [];
  await new Promise<void>((resolve) => {
    const stop = native().listen([], [], [processes.fd], (_fd, record) => {
      ended.push(...processes.ended(record ?? new Uint8Array()));
      if (ended.length < 2) return;
      stop();
      resolve();
    });
    for (const child of children) child.kill('SIGKILL');
    // The thread keeps no process alive, and no promise either.
    setTimeout(() => {}, 1_000);
  });
  expect(ended.sort()).toEqual([first, second].sort());
  await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
  expect([...processes.set([third]).values()]).toMatchObject([{ code: 'ESRCH' }]);
  processes.close();
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});

it('takes any bytes for a record', () => {
  const processes = openProcesses();
  fc.assert(fc.property(bytes, (garbage) => processes.ended(garbage).length === 0));
  processes.close();
});
