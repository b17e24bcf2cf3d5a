/** A setting that was undone while its repair waited for the lock. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { machine as archOf, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { formatCpuList } from '../../src/host/cpus.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { thisNetns } from '../../src/system/netns.ts';
import { bootIdOf } from '../../src/tune/boot.ts';
import { startTimeOf } from '../../src/tune/settings/affinity.ts';
import type { Change } from '../../src/tune/types.ts';
import { apply } from '../../src/use-cases/apply.ts';
import type { LiveMachine } from '../../src/use-cases/machine.ts';
import { repair } from '../../src/use-cases/repair.ts';

const files = openFiles('/');
const kernel = openKernel();
const [first = 0, second = 0] = kernel.affinity(0);

let state: string;
let worker: ChildProcess;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'lt-repair-'));
  worker = spawn('sleep', ['3600'], { stdio: 'ignore' });
});
afterEach(() => {
  worker.kill();
  rmSync(state, { recursive: true, force: true });
});

const machineWith = (own: LiveMachine['files']): LiveMachine => ({
  files: own,
  kernel,
  arch: archOf(),
  state,
  bootId: bootIdOf(files),
  netns: thisNetns(),
  by: { user: 'test', command: 'test', version: '0' },
});

it.each([
  ['is set again, if it is still in force', false],
  ['is left alone, if it was undone meanwhile', true],
])('%s', async (_, isUndone) => {
  const { pid = 0 } = worker;
  const is = () => formatCpuList(kernel.affinity(pid));
  const target = {
    kind: 'pin',
    pid,
    tid: pid,
    comm: 'sleep',
    startTime: startTimeOf(files, pid, pid),
  } as const;
  const change: Change = {
    kind: 'pin',
    subject: `sleep ${pid}`,
    target,
    from: is(),
    to: `${first}`,
    why: '',
    command: '',
  };
  const { failed } = await apply(machineWith(files), { changes: [change], refused: [], notes: [] }, never());
  expect(failed).toEqual([]);
  execFileSync('taskset', ['--pid', '--cpu-list', `${second}`, `${pid}`]);

  // The lock names its holder by its start time.
  let isOver = !isUndone;
  const text = (path: string): string | null => {
    if (path === `/proc/${process.pid}/task/${process.pid}/stat` && !isOver) {
      isOver = true;
      renameSync(join(state, 'journals/1.jsonl'), join(state, 'journals/1.undone.jsonl'));
    }
    return files.text(path);
  };
  const results = await repair(machineWith({ ...files, text }), [change], never(), () => true);
  expect(isOver).toBe(true);
  expect([...results]).toEqual(isUndone ? [] : [[change, null]]);
  expect(is()).toBe(`${isUndone ? second : first}`);
});

const never = () => new AbortController().signal;
