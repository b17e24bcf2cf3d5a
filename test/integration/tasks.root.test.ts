/** docs/tasks/dns-quic.md, with readers as it describes them. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { blockOf } from '../cli/docs/pages.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cliBehind } from './cli.ts';

const netns = `lt-tasks-${process.pid}`;
const inside = ['ip', 'netns', 'exec', netns];
const READERS = join(import.meta.dirname, '../lab/udp-workers.py');

beforeAll(async () => {
  await assertBpfAnswers();
  execFileSync('ip', ['netns', 'add', netns]);
  execFileSync('ip', ['-n', netns, 'link', 'set', 'lo', 'up']);
});
afterAll(() => {
  execFileSync('ip', ['netns', 'del', netns]);
});

it('prints what the page shows of four readers on two CPUs', async () => {
  const [command = '', ...args] = [...inside, 'python3', READERS, '53', '0', '0', '1', '1'];
  const readers = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(readers.stdout, 'data');
    const asked = ['attach', '--port', '53', '--udp', '--program', 'cpu', '--dry-run'];
    const { stdout, stderr } = await cliBehind(inside, ...asked);
    const page = blockOf('docs/tasks/dns-quic.md', 'udp 0.0.0.0:53: would attach');
    const anyPid = (text: string) => text.replace(/pid \d+/, 'pid N');
    // What follows is of a machine with two CPUs.
    const shown = cpus().length === 2 ? page : page.slice(0, page.indexOf('\n\n'));
    expect(anyPid(`${stdout}${stderr}`).slice(0, anyPid(shown).length)).toBe(anyPid(shown));
  } finally {
    const ended = once(readers, 'exit');
    readers.stdin.end();
    await ended;
  }
});
