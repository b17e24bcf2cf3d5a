/** A server in a pod-like namespace: the expected locality of its veth, and what is measured there. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCpuList } from '../../src/host/cpus.ts';
import type { Nic } from '../../src/host/types.ts';
import type { Explanation } from '../../src/path/explain.ts';
import type { Expected } from '../../src/path/types.ts';
import type { Attached } from '../../src/steer/attach.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson } from './cli.ts';

const [POD, NODE] = [`lt-pod-${process.pid}`, `lt-node-${process.pid}`];
const [SERVER, CLIENT] = ['198.51.100.2', '198.51.100.1'];
const PORT = '28087';
const FLOWS = 400;
const SCRIPT = fileURLToPath(new URL('pod.py', import.meta.url));
const SENDER = 'a veth has no IRQ and no RSS: packets are received on the CPU that sends them';

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const inside = (name: string, ...command: string[]) => ip('netns', 'exec', name, ...command);

interface Inspected {
  readonly nics: readonly Nic[];
  readonly expected: readonly Expected[];
}

describe('a server in a pod', () => {
  const cpus = parseCpuList(readFileSync('/sys/devices/system/cpu/online', 'utf8').trim()) ?? [];
  const places = cpus.map(String);
  for (const name of [POD, NODE]) ip('netns', 'add', name);
  ip('-n', NODE, 'link', 'add', 'node0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', POD);
  for (const [name, device, address] of [
    [POD, 'eth0', SERVER],
    [NODE, 'node0', CLIENT],
  ] as const) {
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', device);
    for (const each of ['lo', device]) ip('-n', name, 'link', 'set', each, 'up');
  }
  const server = spawn('ip', ['netns', 'exec', POD, 'python3', SCRIPT, 'serve', PORT, ...places], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const pod = ['--netns', POD];
  const selector = [...pod, '--port', PORT];

  /** The share of new flows, from each CPU alike, that the worker of the sending CPU answers; 0 to 1. */
  const measured = (): number => {
    const ask = ['ask', SERVER, PORT, String(Math.ceil(FLOWS / cpus.length)), ...places];
    const [local = Number.NaN, total = 0] = inside(NODE, 'python3', SCRIPT, ...ask)
      .split(' ')
      .map(Number);
    return local / total;
  };

  beforeAll(async () => {
    await assertBpfAnswers();
    await once(server.stdout, 'data');
  });
  afterAll(async () => {
    const exit = once(server, 'exit');
    server.stdin.end();
    await exit;
    for (const name of [POD, NODE]) ip('netns', 'del', name);
  });

  it('is local one time in N by hash, as expected', async () => {
    const text = (await cli('inspect', ...selector)).stdout.replaceAll(/\s+/g, ' ');
    const chance = 1 / cpus.length;
    expect(Number(/^ ([\d.]+) % expected locality of udp/.exec(text)?.[1])).toBeCloseTo(100 * chance, 0);
    expect(text).toContain(
      `100 % possible with \`locality-tune attach --port ${PORT} --udp --yes --netns ${POD}\``,
    );
    expect(text).toContain(SENDER);
    expect(text).not.toMatch(/is not known:|are assumed/);
    const deviation = Math.sqrt((chance * (1 - chance)) / FLOWS);
    expect(Math.abs(measured() - chance)).toBeLessThan(5 * deviation);
  });

  it('is explained, with the option that names the sender', async () => {
    const flow = ['udp', `${CLIENT}:4000`, `${SERVER}:${PORT}`, ...pod];
    const { localShare, cpu, steps } = await cliJson<Explanation>('explain', ...flow);
    expect({ localShare, cpu }).toEqual({ localShare: 1 / cpus.length, cpu: null });
    expect(steps.map(({ what }) => what)).not.toContain('rx queue');
    expect(steps.find(({ what }) => what === 'CPU')?.why).toBe(`${SENDER} (--cpu N: as if sent on CPU N)`);
  });

  it('is local always with `cpu`, as expected, whoever sends', async () => {
    expect(await cliJson<Attached>('attach', '--yes', '--udp', ...selector)).toMatchObject({ changed: true });
    const { expected } = await cliJson<Inspected>('inspect', ...selector);
    expect(expected).toMatchObject([{ nic: 'eth0', now: 1, hash: 1 / cpus.length, cpu: 1, notes: [] }]);
    expect(measured()).toBe(1);
  });

  it('is received where RPS says, one CPU for all', async () => {
    const [first = 0] = cpus;
    const mask = (BigInt(1) << BigInt(first)).toString(16);
    inside(POD, 'sh', '-c', `echo ${mask} > /sys/class/net/eth0/queues/rx-0/rps_cpus`);
    const { expected } = await cliJson<Inspected>('inspect', ...selector, '--no-slots');
    expect(expected).toMatchObject([{ nic: 'eth0', hash: 1 / cpus.length }]);
    expect(measured()).toBeCloseTo(1 / cpus.length, 10);
  });

  it('behind a macvlan says that the device below receives, and does not call it a veth', async () => {
    ip('-n', NODE, 'link', 'add', 'mac0', 'link', 'node0', 'type', 'macvlan', 'mode', 'bridge');
    ip('-n', NODE, 'link', 'set', 'mac0', 'netns', POD);
    const { nics } = await cliJson<Inspected>('inspect', ...pod, '--iface', 'mac0', '--no-slots');
    expect(nics).toMatchObject([
      {
        driver: 'macvlan',
        notes: [expect.stringMatching(/^a macvlan .* which is in another network namespace/)],
      },
    ]);
  });
});
