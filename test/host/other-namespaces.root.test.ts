import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { readSockets } from '../../src/host/sockets.ts';
import type { LoneSocket } from '../../src/host/types.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { cliJson } from '../integration/cli.ts';

const LISTEN =
  'import socket, time; s = socket.create_server(("0.0.0.0", 7133)); print("ready", flush=True); time.sleep(60)';

it('a port that only another network namespace serves is found there', async () => {
  const child = spawn('unshare', ['-n', 'python3', '-c', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await createInterface(child.stdout)[Symbol.asyncIterator]().next();
    const system = { files: openFiles('/'), kernel: openKernel() };
    const read = (port: number) => readSockets(system, 'x86_64', { port, slots: false, sampleSeconds: 0 });
    const { groups, lone, notes } = await read(7133);
    expect([groups, lone]).toEqual([[], []]);
    expect(notes).toContain(
      `tcp port 7133 is served in another network namespace, that of process ${child.pid} (python3): look there with --netns ${child.pid}`,
    );
    // The advice, followed.
    const found = await cliJson<{ lone: readonly LoneSocket[] }>(
      'inspect',
      ...['--netns', `${child.pid}`, '--port', '7133', '--no-slots', '--sample', '0'],
    );
    expect(found.lone.map(({ id, owners }) => [id, owners[0]?.pid])).toEqual([
      ['tcp 0.0.0.0:7133', child.pid],
    ]);
    expect((await read(7134)).notes.join()).not.toMatch(/network namespace/);
  } finally {
    child.kill('SIGKILL');
  }
});
