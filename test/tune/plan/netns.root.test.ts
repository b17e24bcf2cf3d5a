/** The script run for real: on a veth with several queues, for two workers that may run anywhere. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/tune/types.ts';
import { BUILT, run } from '../../cli/run.ts';
import { assertBpfAnswers } from '../../integration/bpf.ts';

const NAME = `lt-plan-${process.pid}`;
const PORT = '28123';
const SERVER = `
import os, select, socket, sys
workers = []
for _ in range(2):
    pid = os.fork()
    if pid == 0:
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind(('0.0.0.0', ${PORT})); s.listen()
        poll = select.epoll(); poll.register(s)
        os.write(1, b'.')
        while True: poll.poll()
    workers.append(pid)
sys.stdin.read()
for pid in workers: os.kill(pid, 9)
`;

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const inside = (...args: string[]) => ip('netns', 'exec', NAME, ...args);
const sysfs = (file: string) => inside('cat', `/sys/class/net/lt0/queues/${file}`).trim();

describe('a plan for a veth with several queues', () => {
  let folder = '';
  ip('netns', 'add', NAME);
  const queues = ['numrxqueues', '4', 'numtxqueues', '4'];
  ip('-n', NAME, 'link', 'add', 'lt0', ...queues, 'type', 'veth', 'peer', 'name', 'lt1', ...queues);
  for (const link of ['lo', 'lt0', 'lt1']) ip('-n', NAME, 'link', 'set', link, 'up');
  inside('ethtool', '-L', 'lt0', 'rx', '1', 'tx', '1');
  inside('sh', '-c', 'echo 3 > /sys/class/net/lt0/queues/rx-0/rps_cpus');
  const server = spawn('ip', ['netns', 'exec', NAME, 'python3', '-c', SERVER], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });

  beforeAll(async () => {
    await assertBpfAnswers();
    folder = mkdtempSync(join(tmpdir(), 'locality-tune-plan-'));
    const tool = join(folder, 'locality-tune');
    writeFileSync(tool, `#!/bin/sh\nexec ${process.execPath} ${BUILT} "$@"\n`);
    chmodSync(tool, 0o755);
    let up = 0;
    for await (const dots of server.stdout.iterator({ destroyOnReturn: false })) {
      up += dots.length;
      if (up === 2) break;
    }
  });
  afterAll(async () => {
    const exit = once(server, 'exit');
    server.stdin.end();
    await exit;
    ip('netns', 'del', NAME);
    rmSync(folder, { recursive: true });
  });

  const ask = (...more: string[]) =>
    run(['plan', '--netns', NAME, '--iface', 'lt0', '--port', PORT, ...more]);

  it('is a script that does it by hand, after which there is nothing left to plan', async () => {
    const { status, stdout: script, stderr } = await ask();
    expect([status, stderr]).toEqual([0, '']);
    const path = join(folder, 'plan.sh');
    writeFileSync(path, script);

    const PATH = `${folder}:${process.env['PATH']}`;
    // Where the user stands, it would be about other interfaces.
    const outside = spawnSync('sh', [path], { encoding: 'utf8', env: { PATH } });
    expect(outside).toMatchObject({ status: 1, stdout: '' });
    expect(outside.stderr).toBe(
      `this plan is for another network namespace: ip netns exec ${NAME} sh plan.sh\n`,
    );
    const ran = spawnSync('ip', ['netns', 'exec', NAME, 'sh', path], { encoding: 'utf8', env: { PATH } });
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    // With the workers pinned and the program attached, RPS and one queue promise as much as anything else.
    expect(inside('ls', '/sys/class/net/lt0/queues').match(/[rt]x-\d+/g)).toHaveLength(2);
    expect(sysfs('rx-0/rps_cpus')).toMatch(/^0*3$/);
    const pins = [...script.matchAll(/^taskset -cp (\d+) (\d+) /gm)].map(([, cpu, pid]) => [cpu, pid]);
    expect(pins.map(([cpu]) => cpu).sort()).toEqual(['0', '1']);
    for (const [cpu, pid] of pins)
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toContain(`Cpus_allowed_list:\t${cpu}\n`);

    const again: Plan = JSON.parse((await ask('-j')).stdout);
    expect(again).toMatchObject({ schema: 'locality-tune.plan/1', changes: [] });
  });
});
