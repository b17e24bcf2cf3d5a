import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group, Nic } from '../../src/host/types.ts';
import type { Attached } from '../../src/steer/attach.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson } from './cli.ts';

const NAME = `lt-integration-${process.pid}`;
const PORT = '28085';

const GROUP = `
import socket, sys
members = []
for _ in range(3):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('0.0.0.0', ${PORT})); s.listen(); members.append(s)
print(members[0].fileno(), flush=True)
sys.stdin.read()
`;

interface Inspected {
  readonly nics: readonly Nic[];
  readonly groups: readonly Group[];
}

describe('a server in another network namespace', () => {
  execFileSync('ip', ['netns', 'add', NAME]);
  execFileSync('ip', [
    '-n',
    NAME,
    'link',
    'add',
    'lt0',
    'numrxqueues',
    '4',
    'numtxqueues',
    '4',
    'type',
    'veth',
    'peer',
    'lt1',
  ]);
  const python = spawn('ip', ['netns', 'exec', NAME, 'python3', '-c', GROUP], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let fd = '';

  beforeAll(async () => {
    await assertBpfAnswers();
    const [line] = (await once(python.stdout, 'data')) as [Buffer];
    fd = line.toString().trim();
  });
  afterAll(async () => {
    const exit = once(python, 'exit');
    python.stdin.end();
    await exit;
    execFileSync('ip', ['netns', 'del', NAME]);
  });

  it('is not visible from here, and an attach by pid says from where it is', async () => {
    expect((await cliJson<Inspected>('inspect', '--port', PORT, '--no-slots')).groups).toEqual([]);
    // `ip netns exec` becomes the program that it runs, so the pid is python's.
    const { code, stderr } = await cli('attach', '--yes', '--pid', String(python.pid), '--fd', fd);
    expect(code).toBe(1);
    expect(stderr).toContain(`--netns ${python.pid}`);
  });

  it('is seen by name and by pid, with the interfaces of its namespace', async () => {
    for (const target of [NAME, String(python.pid)]) {
      const { nics, groups } = await cliJson<Inspected>('inspect', '--netns', target, '--no-slots');
      expect(nics.map(({ name }) => name).sort()).toEqual(['lt0', 'lt1']);
      expect(nics.find(({ name }) => name === 'lt0')?.rxQueues).toHaveLength(4);
      expect(groups.map(({ id, size }) => [id, size])).toEqual([[`tcp 0.0.0.0:${PORT}`, 3]]);
    }
  });

  it('is read and steered from inside', async () => {
    const selector = ['--netns', NAME, '--port', PORT];
    expect(await cliJson<Attached>('attach', '--yes', ...selector)).toMatchObject({
      groupSize: 3,
      changed: true,
    });
    const { groups } = await cliJson<Inspected>('inspect', ...selector);
    expect(groups[0]).toMatchObject({
      selection: 'cbpf',
      program: { name: 'cpu', asm: 'ld cpu\nmod #3\nret a' },
    });
    expect(groups[0]?.sockets.map(({ slot, slotSource }) => [slot, slotSource])).toEqual([
      [0, 'kernel'],
      [1, 'kernel'],
      [2, 'kernel'],
    ]);
  });
});
