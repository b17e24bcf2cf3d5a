/** What goes wrong with a balancer, in network namespaces of its own: the right words, and nothing left behind. Few programs are loaded. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENTRY } from '../integration/cli.ts';
import { addressesOf, Network } from './network.ts';

const net = new Network(['lb1'], ['n1', 'n2']);
const FOREIGN = join(import.meta.dirname, '../xdp/attach-foreign.ts');
let file = '';

beforeAll(async () => {
  await net.open();
  file = net.save('two.json', { n1: 1, n2: 1 });
});
afterAll(() => net.close());

const APPLY = () => `balance apply ${file} --iface e0 --mode generic --yes`;
const json = (args: string) => net.json('lb1', args);
const warnings = (): readonly string[] => json('balance status').balancers[0].warnings;
const attached = () => / name (\S+) tag /.exec(net.inside('lb1', 'ip -d link show e0'))?.[1] ?? null;

it('needs no bpffs: a namespace of `ip netns` has none', () => {
  expect(net.inside('lb1', 'ls /sys/fs/bpf 2>&1 || true; grep -c bpf /proc/mounts || true').trim()).toMatch(
    /^0?$|No such|0$/,
  );
  expect(json(APPLY())).toMatchObject({ changed: true });
});

it('says that somebody without privileges cannot see it, with exit status 77', () => {
  const words = [
    'netns',
    'exec',
    net.namespace('lb1'),
    'setpriv',
    '--reuid',
    '65534',
    '--clear-groups',
    '--bounding-set=-all',
  ];
  const env = net.environment('lb1');
  chmodSync(net.folder, 0o755);
  for (const args of [
    'balance status',
    APPLY(),
    'balance health',
    'balance remove 10.9.0.21 --yes',
    'balance detach --yes',
  ]) {
    const { status, stdout } = spawnSync(
      'ip',
      [...words, process.execPath, ENTRY, ...args.split(' '), '-j'],
      {
        encoding: 'utf8',
        env,
      },
    );
    expect([args, status, JSON.parse(stdout).error.code]).toEqual([args, 77, 'EPERM']);
  }
});

it('warns of a link that is down, another MTU, and a backend with another MAC address', () => {
  expect(warnings()).toEqual([]);
  net.inside('lb1', 'ip link set e0 mtu 1400');
  expect(warnings()).toEqual([expect.stringContaining('the MTU of e0 is 1400 now, not 1500')]);
  // Nothing is loaded, and nothing is to be undone, for that.
  const { program } = json('balance status').balancers[0];
  expect(json(APPLY())).toMatchObject({ changed: true, journal: null });
  expect(json('balance status').balancers[0]).toMatchObject({ program, warnings: [] });
  expect(json(APPLY())).toMatchObject({ changed: false });
  net.inside('lb1', 'ip link set e0 mtu 1500; ip link set e0 address 02:00:00:00:00:55');
  expect(warnings()).toHaveLength(2);
  expect(json(APPLY())).toMatchObject({ changed: true });
  net.inside('lb1', `ip neigh replace ${addressesOf('n1')[0]} lladdr 02:00:00:00:00:77 dev e0`);
  expect(warnings()).toEqual([
    expect.stringMatching(
      /^packets for 10\.9\.0\.21 go to .* and its MAC address on e0 is 02:00:00:00:00:77 now/,
    ),
  ]);
  net.inside('lb1', 'ip link set e0 down');
  expect(warnings()).toEqual([
    expect.stringContaining('e0 is down, so no packet is balanced: `ip link set e0 up`'),
  ]);
  net.inside('lb1', 'ip link set e0 up; ip addr add fd09::11/64 dev e0 nodad');
  expect(warnings()).toEqual([]);
});

it('is drift if somebody detaches it, which status says, and watch at once', async () => {
  const once = () => net.balance('lb1', 'watch --once');
  expect(once()).toMatchObject({ status: 0, stdout: expect.stringContaining('OK') });
  const { line, child } = net.startWith(
    net.environment('lb1'),
    'lb1',
    process.execPath,
    ENTRY,
    ...'watch -j'.split(' '),
  );
  expect(JSON.parse(await line())).toMatchObject({ watching: 1 });
  net.inside('lb1', 'ip link set e0 xdpgeneric off');
  const event = JSON.parse(await line());
  expect(event).toMatchObject({ kind: 'xdp', subject: 'e0 XDP program', to: 'none', action: 'none' });
  child.kill('SIGTERM');
  expect(once()).toMatchObject({ status: 1, stdout: expect.stringContaining('e0 XDP program') });
  expect(json('balance status').balancers).toEqual([]);
  const { drift } = json('status');
  expect(drift).toEqual([expect.objectContaining({ subject: expect.stringContaining('e0'), is: 'none' })]);
  // Nothing is left to undo, so the journal goes.
  expect(net.balance('lb1', 'undo --yes').status).toBe(0);
  expect(json('status').verdict).toBe('nothing');
});

it('is never put in the place of a program of others, the dispatcher of libxdp among them', () => {
  for (const name of ['somebody_elses', 'xdp_dispatcher']) {
    net.inside('lb1', `${process.execPath} ${FOREIGN} $(cat /sys/class/net/e0/ifindex) generic ${name}`);
    for (const args of [APPLY(), 'balance detach --yes', 'balance remove 10.9.0.21 --yes']) {
      const { error } = json(args);
      expect([args, ['foreign-program', 'no-balancer']]).toEqual([
        args,
        expect.arrayContaining([error.code]),
      ]);
    }
    const { error } = json(APPLY());
    expect(error.message).toContain(name);
    if (name === 'xdp_dispatcher') expect(error.hint).toContain('xdp-loader status');
    expect(attached()).toBe(name);
    net.inside('lb1', 'ip link set e0 xdpgeneric off');
  }
  expect(json('status').verdict).toBe('nothing');
});

it('is whole or not there if it is killed at any step, and undo restores it', { timeout: 240_000 }, () => {
  for (let writes = 1; ; writes++) {
    expect(writes).toBeLessThan(10);
    const env = { ...net.environment('lb1'), LOCALITY_TUNE_DEBUG_KILL_AFTER: String(writes) };
    const { signal, status } = spawnSync(
      'ip',
      ['netns', 'exec', net.namespace('lb1'), process.execPath, ENTRY, ...APPLY().split(' ')],
      { encoding: 'utf8', env },
    );
    if (attached() !== null) expect(warnings()).toEqual([]);
    if (signal === null && status === 0) break;
    expect(json('undo --yes').error).toBeUndefined();
    expect([attached(), json('status').verdict]).toEqual([null, 'nothing']);
  }
});

it('goes with its interface: a check ends and says so, and undo has nothing to do', () => {
  expect(attached()).toBe('lt_balance_rows');
  net.inside('switch', 'ip link del to-lb1');
  expect(json('balance health --count 1').error.code).toBe('no-balancer');
  expect(json('balance status --iface e0').error.code).toBe('no-such-interface');
  expect(json('status').drift).toEqual([expect.objectContaining({ is: null })]);
  const undone = json('undo --yes');
  expect(undone.skipped).toEqual([expect.objectContaining({ why: expect.stringContaining('e0') })]);
  expect(json('status').verdict).toBe('nothing');
});
