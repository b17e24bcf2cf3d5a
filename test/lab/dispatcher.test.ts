/**
 * The real dispatcher of libxdp, loaded by xdp-loader of Debian 12 on a veth in the guest: nothing of ours replaces or
 * removes it, and it does not replace ours.
 */
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { unpacked } from '../../scripts/debian/apt.ts';
import { BALANCER } from '../balance/one-backend.ts';
import { foreign } from './machine/foreign.ts';
import type { Guest } from './machine/guest.ts';
import { useGuest } from './machine/lab.ts';

const { kernel } = inject('lab');
/** Its programs, of any kind: xdp-filter's. */
const objects = (root: string) => join(root, 'usr/lib/x86_64-linux-gnu/bpf');

async function prepare(guest: Guest): Promise<void> {
  const root = await unpacked({ suite: 'bookworm', packages: ['xdp-tools'] }, (line) =>
    console.error(`lab: ${line}`),
  );
  const loader = (await foreign(root, 'xdp-loader')).join(' ');
  await guest.run(
    `modprobe veth; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
    mkdir -p /sys/fs/bpf; mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
    printf '#!/bin/sh\\nLIBXDP_OBJECT_PATH=${objects(root)} exec ${loader} "$@"\\n' > /run/lab/xdp-loader
    chmod +x /run/lab/xdp-loader; ln -s ${objects(root)} /run/lab/objects
    cat > /tmp/balancer.json <<'end'\n${JSON.stringify(BALANCER)}\nend`,
  );
}

const guest = useGuest(prepare, { rss: false });
const json = async (args: string) => JSON.parse(await guest().run(`locality-tune ${args} -j || true`, 400));
const load = (object: string) =>
  guest().run(`xdp-loader load -m skb v0 /run/lab/objects/${object} 2>&1 || true`);
const loaded = () => guest().run('xdp-loader status v0');
const SPREAD = 'xdp spread --iface v0 --mode generic --port 4000 --by flow --cpus 0 --yes';
const BALANCE = 'balance apply /tmp/balancer.json --iface v0 --mode generic --yes';

it('is named, and neither replaced nor removed', async () => {
  await load('xdpfilt_alw_all.o');
  const before = await loaded();
  expect(before).toMatch(/xdp_dispatcher.*\n.*=>.*xdpfilt_alw_all/);
  const { interfaces } = await json('xdp status --iface v0');
  expect(interfaces).toEqual([
    expect.objectContaining({
      mode: 'generic',
      program: expect.objectContaining({ name: 'xdp_dispatcher', ours: false }),
    }),
  ]);
  for (const args of [SPREAD, BALANCE, 'xdp detach --iface v0 --yes'])
    expect([args, (await json(args)).error]).toEqual([
      args,
      expect.objectContaining({
        code: 'foreign-program',
        message: expect.stringContaining('xdp_dispatcher'),
        hint: expect.stringContaining('xdp-loader status'),
      }),
    ]);
  expect((await json('balance detach --yes')).error.code).toBe('no-balancer');
  expect(await loaded()).toBe(before);
  expect((await json('status')).verdict).toBe('nothing');
});

it('does not come into the place of ours', async () => {
  await guest().run('xdp-loader unload -a v0');
  for (const [apply, detach] of [
    [SPREAD, 'xdp detach --iface v0 --yes'],
    [BALANCE, 'balance detach --yes'],
  ] as const) {
    expect((await json(apply)).changed).toBe(true);
    const [{ program }] = (await json('xdp status')).interfaces;
    console.log(`Linux ${kernel.name}: ${await load('xdpfilt_alw_all.o')}`);
    expect((await json('xdp status')).interfaces).toEqual([expect.objectContaining({ program })]);
    expect((await json(detach)).detached).toBe(true);
  }
});
