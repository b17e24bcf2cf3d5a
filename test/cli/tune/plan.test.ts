import { describe, expect, it } from 'vitest';
import { run } from '../run.ts';

const tree = (name: string) => ['--root', `${import.meta.dirname}/../../fixtures/trees/${name}`];

describe('locality-tune plan', () => {
  it('prints a script for a captured tree', async () => {
    const { status, stdout, stderr } = await run(['plan', ...tree('igb-bad'), '--iface', 'eth0']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^#!\/bin\/sh\n# Made by: locality-tune plan --iface eth0 --root \S+igb-bad\n/);
    expect(stdout).toContain(
      "echo 2 > /sys/class/net/eth0/queues/tx-0/xps_cpus || refused 'eth0 tx-0 xps_cpus'\n",
    );
  });

  it('prints a document with each change, what is refused, and what is expected', async () => {
    const { stdout } = await run(['plan', ...tree('e1000e-single'), '--iface', 'eth0', '--port', '80', '-j']);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'locality-tune.plan/1',
      changes: [
        { kind: 'irq', subject: 'irq 24 (eth0-rx-0)', from: '0-1', to: '0' },
        { kind: 'irq', subject: 'irq 25 (eth0-tx-0)', from: '0-1', to: '1' },
        {
          kind: 'rps',
          subject: 'eth0 rx-0 rps_cpus',
          target: { kind: 'rps', nic: 'eth0', queue: 0 },
          from: '0',
          to: '3',
          why: expect.any(String),
          command: 'echo 3 > /sys/class/net/eth0/queues/rx-0/rps_cpus',
        },
      ],
      refused: [{ subject: 'tcp port 80', why: expect.any(String) }],
      notes: [expect.stringContaining('one queue')],
      expected: { before: [], after: [] },
    });
  });

  it('plans only what --only names', async () => {
    const { stdout } = await run(['plan', ...tree('mlx5-bond'), '--iface', 'bond0', '--only', 'irq', '-j']);
    const { changes } = JSON.parse(stdout) as { changes: { kind: string }[] };
    expect(new Set(changes.map(({ kind }) => kind))).toEqual(new Set(['irq']));
  });

  it('says what is wrong with a command line', async () => {
    const without = await run(['plan']);
    expect([without.status, without.stdout]).toEqual([2, '']);
    expect(without.stderr).toContain('--iface');
    const unknown = await run(['plan', ...tree('virtio'), '--iface', 'eth9']);
    expect(unknown).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--iface eth9: no such interface'),
    });
  });
});
