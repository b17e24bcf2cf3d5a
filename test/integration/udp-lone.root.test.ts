import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/diagnose/types.ts';
import type { LoneSocket } from '../../src/host/types.ts';
import { cli, cliJson } from './cli.ts';

/** One UDP socket with the smallest buffer; nobody reads while 300 datagrams come. */
const FLOODED = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.bind(('127.0.0.1', 0))
source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(300): source.sendto(b'x' * 500, s.getsockname())
print(s.getsockname()[1], flush=True)
sys.stdin.read()
`;

interface Inspected {
  readonly lone: readonly LoneSocket[];
  readonly findings: readonly Finding[];
}

describe('a UDP socket without a group that drops', () => {
  const python = spawn('python3', ['-c', FLOODED], { stdio: ['pipe', 'pipe', 'inherit'] });
  let port = '';

  beforeAll(async () => {
    const [line] = (await once(python.stdout, 'data')) as [Buffer];
    port = line.toString().trim();
  });
  afterAll(async () => {
    const exit = once(python, 'exit');
    python.stdin.end();
    await exit;
  });

  it('is found, with its drops and what waits', async () => {
    const { lone, findings } = await cliJson<Inspected>('inspect', '--port', port, '--no-slots');
    const [socket] = lone;
    expect(socket?.drops).toBeGreaterThan(200);
    expect(socket?.drops).toBeLessThan(300);
    expect(socket?.recvQueue).toBeGreaterThan(0);
    const drops = findings.filter(({ rule }) => rule === 'group-drops');
    expect(drops).toMatchObject([
      { rule: 'group-drops', severity: 'warning', subject: `udp 127.0.0.1:${port}` },
    ]);
    expect(drops[0]?.message).toMatch(
      new RegExp(`^${socket?.drops} datagrams were dropped .* SO_RCVBUF .* SO_REUSEPORT`),
    );
  });

  it('is shown without --all', async () => {
    const { stdout } = await cli('inspect', '--port', port, '--no-slots', '--color', 'never');
    expect(stdout).toMatch(new RegExp(`^udp 127\\.0\\.0\\.1:${port} +1 +python3 \\d+ .* 2\\d\\d$`, 'm'));
  });
});
