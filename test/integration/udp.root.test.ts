import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/diagnose/types.ts';
import type { Group } from '../../src/host/types.ts';
import type { Attached } from '../../src/steer/attach.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cliJson } from './cli.ts';

/** Four UDP workers that read all they get, and one source with one address and port that sends until the end. */
const TELEMETRY = `
import socket, threading, time
def member(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', port))
    return s
first = member(0)
port = first.getsockname()[1]
def read(s):
    while True: s.recv(64)
for s in [first] + [member(port) for _ in range(3)]:
    threading.Thread(target=read, args=(s,), daemon=True).start()
source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
source.connect(('127.0.0.1', port))
print(port, flush=True)
due = time.monotonic()
while True:
    time.sleep(0.0005)
    # However late it wakes up, 2,000 a second.
    while due < time.monotonic():
        source.send(b'x' * 32)
        due += 0.0005
`;

interface Inspected {
  readonly groups: readonly Group[];
  readonly findings: readonly Finding[];
}

describe('a UDP group that one source feeds', () => {
  const python = spawn('python3', ['-c', TELEMETRY], { stdio: ['ignore', 'pipe', 'inherit'] });
  let port = '';

  const inspect = async () => {
    const { groups, findings } = await cliJson<Inspected>('inspect', '--port', port);
    const [group] = groups;
    if (!group) throw new Error('no group');
    return { group, hot: findings.filter(({ rule }) => rule === 'udp-hot-slot') };
  };

  beforeAll(async () => {
    await assertBpfAnswers();
    const [line] = (await once(python.stdout, 'data')) as [Buffer];
    port = line.toString().trim();
  });
  afterAll(async () => {
    const exit = once(python, 'exit');
    python.kill('SIGKILL');
    await exit;
  });

  it('shows the one slot that takes everything, and the fix with its danger', async () => {
    const { group, hot } = await inspect();
    const packets = group.sockets.map((socket) => socket.packets ?? -1).sort((a, b) => a - b);
    expect(packets.slice(0, 3)).toEqual([0, 0, 0]);
    expect(packets[3]).toBeGreaterThan(200);
    expect(hot).toHaveLength(1);
    expect(hot[0]?.fix).toEqual([]);
    expect(hot[0]?.message).toContain(`locality-tune attach --port ${port} --udp --program rand`);
    expect(hot[0]?.message).toContain('never for QUIC');
  });

  it('spreads it evenly with `rand`', async () => {
    const attached = await cliJson<Attached>('attach', '--yes', '--port', port, '--udp', '--program', 'rand');
    expect(attached).toMatchObject({ groupSize: 4, changed: true });
    expect(attached.warnings.join()).toMatch(/QUIC/);
    const { group, hot } = await inspect();
    expect(group).toMatchObject({ selection: 'cbpf', program: { name: 'rand' } });
    const packets = group.sockets.map((socket) => socket.packets ?? -1);
    const total = packets.reduce((sum, one) => sum + one, 0);
    expect(total).toBeGreaterThan(200);
    for (const one of packets)
      expect(Math.abs(one - total / 4)).toBeLessThan(5 * Math.sqrt(total * (1 / 4) * (3 / 4)));
    expect(hot).toEqual([]);
  });
});
