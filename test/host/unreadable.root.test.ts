import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scanProcesses } from '../../src/host/processes.ts';
import { unreadableNote } from '../../src/host/unreadable.ts';
import { hasCapability } from '../../src/system/capabilities.ts';
import { filesThrough, openFiles } from '../../src/system/files.ts';
import { cliBehind } from '../integration/cli.ts';

const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];

/** The note of `inspect` about processes that it cannot read. */
async function noteOf(before: readonly string[]): Promise<string | undefined> {
  const { code, stdout } = await cliBehind(before, 'inspect', '--no-slots', '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout).notes.find((note: string) => note.includes('could not be read, so some workers'));
}

describe('the reason why processes could not be read', () => {
  let foreign: ChildProcess;
  beforeAll(async () => {
    foreign = spawn('setpriv', [...NOBODY, 'sleep', '600'], { stdio: 'ignore' });
    await once(foreign, 'spawn');
  });
  afterAll(() => void foreign.kill());

  it('is a missing capability of root, by its name', async () => {
    const note = await noteOf(['setpriv', '--bounding-set=-sys_ptrace']);
    expect(note).toMatch(/\(root lacks CAP_SYS_PTRACE here: `locality-tune doctor` says how to get it\)$/);
  });

  it('is only what is missing: root of a container lists /proc/PID/fd by CAP_DAC_OVERRIDE', async () => {
    const note = await noteOf(['setpriv', '--bounding-set=-sys_ptrace,-dac_read_search']);
    expect(note).toMatch(/\(root lacks CAP_SYS_PTRACE here: /);
  });

  it('is the user namespace, where root has every capability', async () => {
    const note = await noteOf(['unshare', '--user', '--map-root-user']);
    expect(note).toMatch(/\(this user is root only in a user namespace: run as root outside of it\)$/);
  });

  it('is the user', async () => {
    expect(await noteOf(['setpriv', ...NOBODY])).toMatch(/\(run as root, with CAP_SYS_PTRACE\)$/);
  });

  it('is a security module if root has all that is needed, and the processes are named', () => {
    const files = openFiles('/');
    expect(hasCapability(files, 'CapEff', 'SYS_PTRACE')).toBe(true);
    expect(unreadableNote(files, [process.pid], 0)).toMatch(
      new RegExp(`^1 process \\(\\S+ ${process.pid}\\) could not be read, .* \\(a security module`),
    );
  });
});

it('does not count a process that ended while it was read', () => {
  const ended = { ...filesOf(['1', '2']), exists: (path: string) => path === '/proc/1' };
  expect(scanProcesses(ended, new Set()).unreadable).toEqual([1]);
});

/** A /proc that lists these processes, and refuses their links. */
function filesOf(pids: readonly string[]) {
  const link = (): string => {
    throw Object.assign(new Error('refused'), { code: 'EACCES' });
  };
  const list = (path: string) => (path === '/proc' ? pids : path.endsWith('/fd') ? ['0'] : []);
  return filesThrough({ text: () => null, list, link, real: () => null }, '/nowhere');
}
