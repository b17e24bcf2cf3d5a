/**
 * `xdp spread` on a veth in network namespaces of its own: every packet is counted at both ends. It attaches few times,
 * because each time loads two programs.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { useVethPair } from './veth-pair.ts';

const { inside, atPeer, run: xdp, words, json, state, statusOf, arrived, send } = useVethPair('lt-xdp');

/** UDP datagrams that reached IP in the receiver, and those that failed for their checksum. */
function received(): { readonly datagrams: number; readonly checksums: number } {
  const [names = '', values = ''] = inside('grep ^Udp: /proc/net/snmp').trim().split('\n');
  const of = (name: string) => Number(values.split(' ')[names.split(' ').indexOf(name)]);
  return { datagrams: of('InDatagrams') + of('NoPorts'), checksums: of('InCsumErrors') };
}
/** So many more than before, as soon as the CPUs have handed them over. */
const receives = (before: ReturnType<typeof received>, datagrams: number, checksums: number) =>
  expect
    .poll(received, { timeout: 30_000 })
    .toEqual({ datagrams: before.datagrams + datagrams, checksums: before.checksums + checksums });

beforeAll(() => {
  inside('ip link add w0 type veth peer name w1; ip link set w0 up; ip link set w1 up');
});

const BY_FLOW = '--port 4000 --by flow --cpus 0-1';

describe('what it refuses, before anything is loaded', () => {
  it.each([
    ['--iface v0', 'peer-unseen'],
    ['--iface w0', 'peer-checksums'],
    ['--iface w0 --mode generic --cpus 0,4095', 'cpu-offline'],
    ['--iface nosuch', 'no-such-interface'],
  ])('%s: %s', (args, code) => {
    const { error } = json(`xdp spread ${BY_FLOW} ${args} --yes`);
    expect(error.code).toBe(code);
    expect(json('xdp status').interfaces).toEqual([]);
    expect(readdirSync(state())).toEqual([]);
  });

  it('nothing is attached, which `xdp status` says by its exit status', () => {
    expect(xdp('xdp status').code).toBe(3);
  });

  it.each([
    ['--by sideways --port 4000', '--by'],
    ['--by flow --port 0', '--port'],
    ['--by flow', 'needs the port'],
    ['--by flow --port 4000', 'no worker that serves 4000 is pinned'],
  ])('%s', (args, words) => {
    const { code, stderr } = xdp(`xdp spread --iface w0 --mode generic ${args} --yes`);
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
  });

  it('asks, and so needs a terminal or --yes', () => {
    const { code, stderr } = xdp(`xdp spread --iface w0 --mode generic ${BY_FLOW}`);
    expect([code, stderr]).toEqual([2, expect.stringContaining('use --yes')]);
  });
});

describe('a spread in generic mode', () => {
  afterEach(() => xdp('xdp detach --iface v0 --yes'));

  it('sends every packet of 64 flows to one of two CPUs, and is taken back by undo, with RPS', async () => {
    inside('echo 1 > /sys/class/net/v0/queues/rx-0/rps_cpus');
    const made = json(`xdp spread --iface v0 --mode generic ${BY_FLOW} --yes`);
    expect(made).toMatchObject({
      changed: true,
      iface: 'v0',
      mode: 'generic',
      by: 'flow',
      cpus: [0, 1],
      lost: 0,
    });
    expect(made.program).toMatchObject({ name: 'lt_spread_flow', ours: true });
    expect(inside('cat /sys/class/net/v0/queues/rx-0/rps_cpus').trim()).toMatch(/^0+$/);
    const before = received();
    send(3_200, 64);
    const found = arrived(3_200);
    expect(found).toMatchObject({ arrived: 3_200, lost: 0, warnings: [] });
    expect(found.counters.spread).toBe(3_200);
    await receives(before, 3_200, 0);
    // Each flow stays together: both CPUs have a whole number of the flows, half of them within four standard errors.
    for (const { spread } of found.counters.perCpu) {
      expect(spread % 50).toBe(0);
      expect(Math.abs(spread / 50 - 32)).toBeLessThanOrEqual(4 * Math.sqrt(64 / 4));
    }
    // One flow, to the CPU that `explain` names.
    const named = json('explain udp 198.51.100.2:20000 198.51.100.1:4000 --iface v0');
    expect(named.steps.find(({ what }: { what: string }) => what === 'XDP').why).toContain(
      'by addresses and ports',
    );
    send(7, 1);
    const counted = statusOf().counters.perCpu.map(
      ({ cpu, spread }: { cpu: number; spread: number }, at: number) =>
        [cpu, spread - found.counters.perCpu[at].spread] as const,
    );
    expect(counted.find(([, more]: readonly [number, number]) => more === 7)?.[0]).toBe(named.cpu);

    expect(json('status').settings.map(({ kind }: { kind: string }) => kind)).toEqual(['rps', 'xdp']);

    // Its text is the same, so nothing is loaded.
    expect(json(`xdp spread --iface v0 --mode generic ${BY_FLOW} --yes`)).toMatchObject({ changed: false });
    expect(xdp('xdp status').code).toBe(0);
    // Somebody switches RPS on again.
    inside('echo 1 > /sys/class/net/v0/queues/rx-0/rps_cpus');
    expect(xdp('xdp status').code).toBe(1);
    expect(statusOf().warnings[0]).toContain('RPS is on for rx-0');
    inside('echo 0 > /sys/class/net/v0/queues/rx-0/rps_cpus');

    // Another way replaces it without a gap; then both journals are undone.
    expect(json('xdp spread --iface v0 --mode generic --port 4000 --by round --cpus 0-1 --yes').by).toBe(
      'round',
    );
    send(2_000, 1);
    expect(arrived(2_000).counters.perCpu.map((each: { readonly arrived: number }) => each.arrived)).toEqual([
      1_000, 1_000,
    ]);
    const detached = json('xdp detach --iface v0 --yes');
    expect(detached.journals).toHaveLength(2);
    expect(json('xdp status').interfaces).toEqual([]);
    expect(inside('cat /sys/class/net/v0/queues/rx-0/rps_cpus').trim()).toMatch(/^0*1$/);
    inside('echo 0 > /sys/class/net/v0/queues/rx-0/rps_cpus');
    expect(json('status').verdict).toBe('nothing');
  });

  it('that somebody detached is drift; a detach then undoes the rest', () => {
    json(`xdp spread --iface v0 --mode generic ${BY_FLOW} --yes`);
    inside('ip link set dev v0 xdpgeneric off');
    const { verdict, drift } = json('status');
    expect(verdict).toBe('drift');
    expect(drift[0]).toMatchObject({ subject: 'v0 XDP program', is: 'none' });
    expect(json('xdp detach --iface v0 --yes')).toMatchObject({ was: null, detached: false });
    expect(json('status').verdict).toBe('nothing');
    expect(xdp('xdp detach --iface v0 --yes').stderr).toContain('nothing was changed');
  });

  it('goes with its interface, and the journal says so', () => {
    inside('ip link add gone0 type veth peer name gone1; ip link set gone0 up');
    expect(json(`xdp spread --iface gone0 --mode generic ${BY_FLOW} --yes`).changed).toBe(true);
    inside('ip link del gone0');
    expect(json('xdp detach --iface gone0 --yes').error.code).toBe('no-such-interface');
    const { stdout } = xdp('status');
    expect(stdout).toContain('gone0');
    expect(json('undo --yes').skipped[0]).toMatchObject({
      settled: true,
      why: expect.stringContaining('gone0'),
    });
    expect(json('status').verdict).toBe('nothing');
  });

  it.each([1, 2])('a detach that is killed after write %i is finished by the next one', (writes) => {
    inside('echo 1 > /sys/class/net/v0/queues/rx-0/rps_cpus');
    json(`xdp spread --iface v0 --mode generic ${BY_FLOW} --yes`);
    xdp('xdp detach --iface v0 --yes', { LOCALITY_TUNE_DEBUG_KILL_AFTER: String(writes) });
    xdp('xdp detach --iface v0 --yes');
    xdp('undo --yes');
    expect(json('xdp status').interfaces).toEqual([]);
    expect(inside('cat /sys/class/net/v0/queues/rx-0/rps_cpus').trim()).toMatch(/^0*1$/);
    inside('echo 0 > /sys/class/net/v0/queues/rx-0/rps_cpus');
    expect(json('status').verdict).toBe('nothing');
  });

  it.each([1, 2, 3])('killed after write %i leaves what undo can take back', (writes) => {
    const killed = xdp(`xdp spread --iface v0 --mode generic ${BY_FLOW} --yes`, {
      LOCALITY_TUNE_DEBUG_KILL_AFTER: String(writes),
    });
    expect(killed.signal ?? killed.code).not.toBe(0);
    expect(json('xdp status').interfaces).toHaveLength(writes === 1 ? 0 : 1);
    expect(xdp('undo --yes').code).toBe(0);
    expect(json('xdp status').interfaces).toEqual([]);
    expect(json('status').verdict).toBe('nothing');
  });
});

describe('a spread in native mode', () => {
  it('loses every packet of a sender that leaves checksums to the hardware, which is why it is refused', async () => {
    json(`xdp spread --iface v0 --mode native --force ${BY_FLOW} --yes`);
    const before = received();
    send(500, 8);
    // Not on the way: all have arrived.
    expect(arrived(500)).toMatchObject({ arrived: 500, lost: 0 });
    await receives(before, 0, 500);

    atPeer('ethtool -K v1 tx off');
    send(2_000, 64);
    expect(arrived(2_500)).toMatchObject({ mode: 'native', arrived: 2_500, lost: 0 });
    await receives(before, 2_000, 500);
    const { error } = json(`xdp spread --iface v0 --mode generic ${BY_FLOW} --yes`);
    expect(error.code).toBe('mode-differs');
    expect(json('xdp detach --iface v0 --yes').detached).toBe(true);
    expect(json('xdp status').interfaces).toEqual([]);
  });
});

describe('a program of others', () => {
  it('is shown, and neither replaced nor detached', () => {
    const attach = join(import.meta.dirname, 'attach-foreign.ts');
    inside(`${process.execPath} ${attach} $(cat /sys/class/net/w0/ifindex)`);
    expect(statusOf('w0')).toMatchObject({
      mode: 'generic',
      program: { name: 'somebody_elses', ours: false },
    });
    expect(xdp('xdp status --iface w0')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('left alone'),
    });
    for (const args of [
      `xdp spread --iface w0 --mode generic ${BY_FLOW} --yes`,
      'xdp detach --iface w0 --yes',
    ])
      expect(json(args).error).toMatchObject({
        code: 'foreign-program',
        message: expect.stringContaining('somebody_elses'),
      });
    expect(statusOf('w0').program.name).toBe('somebody_elses');
    inside('ip link set dev w0 xdpgeneric off');
  });

  it('is named as the dispatcher of libxdp, with the command that shows what is in it', () => {
    const attach = join(import.meta.dirname, 'attach-foreign.ts');
    inside(`${process.execPath} ${attach} $(cat /sys/class/net/w0/ifindex) generic xdp_dispatcher`);
    expect(json(`xdp spread --iface w0 --mode generic ${BY_FLOW} --yes`).error).toMatchObject({
      code: 'foreign-program',
      hint: expect.stringContaining('xdp-loader status'),
    });
    inside('ip link set dev w0 xdpgeneric off');
  });
});

describe('a machine that is not as it should be', () => {
  it('without bpffs, as here, spreads and detaches', () => {
    expect(inside('cat /proc/self/mounts')).not.toMatch(/ bpf /);
    expect(json(`xdp spread --iface w0 --mode generic ${BY_FLOW} --yes`).changed).toBe(true);
    // Down since.
    inside('ip link set w0 down');
    expect(statusOf('w0').warnings).toEqual([expect.stringContaining('w0 is down')]);
    expect(xdp('xdp status --iface w0').code).toBe(1);
    inside('ip link set w0 up');
    expect(json('xdp detach --iface w0 --yes').detached).toBe(true);
    expect(json('status').verdict).toBe('nothing');
  });

  it.each([
    ['sys_admin,-bpf', 'CAP_BPF'],
    ['net_admin', 'CAP_NET_ADMIN'],
  ])('root without %s: the error names the capability, and nothing is left', (capabilities, name) => {
    const [, , , node, ...rest] = words(`xdp spread --iface w0 --mode generic ${BY_FLOW} --yes -j`);
    const environment = `LOCALITY_TUNE_STATE=${state()}`;
    const { error } = JSON.parse(
      inside(`${environment} setpriv --bounding-set -${capabilities} ${node} ${rest.join(' ')} || true`),
    );
    expect(error).toMatchObject({ code: 'EPERM', hint: expect.any(String) });
    expect(`${error.message} ${error.hint}`).toContain(name);
    expect(json('xdp status').interfaces).toEqual([]);
    expect(json('status').verdict).toBe('nothing');
  });
});
