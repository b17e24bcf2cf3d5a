/**
 * `xdp spread` on a veth in network namespaces of its own: every packet is counted at both ends. It attaches few times,
 * because each time loads two programs.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ENTRY } from '../integration/cli.ts';

const here = `lt-xdp-${process.pid}`;
const there = `${here}-peer`;
const MAC = '02:00:5e:10:00:01';
let state = '';

const inside = (namespace: string, script: string): string =>
  execFileSync('ip', ['netns', 'exec', namespace, 'sh', '-ec', script], { encoding: 'utf8' });

interface Ran {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function xdp(args: string, environment: Readonly<Record<string, string>> = {}): Ran {
  const words = ['netns', 'exec', here, process.execPath, ENTRY, ...args.split(' ')];
  const env = { ...process.env, LOCALITY_TUNE_STATE: state, ...environment };
  const { status, signal, stdout, stderr } = spawnSync('ip', words, { encoding: 'utf8', env });
  return { code: status, signal, stdout, stderr };
}
const json = (args: string) => JSON.parse(xdp(`${args} -j`).stdout);
const statusOf = (iface = 'v0') => json(`xdp status --iface ${iface}`).interfaces[0];

/** Datagrams of `flows` source ports, one after the other. */
function send(count: number, flows: number): void {
  const script = `
import socket, time
sockets = []
for flow in range(${flows}):
    each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    each.bind(('', 20000 + flow))
    sockets.append(each)
for number in range(${count}):
    sockets[number % ${flows}].sendto(number.to_bytes(4, 'big') + bytes(20), ('198.51.100.1', 4000))
    if number % 100 == 99: time.sleep(0.02)
`;
  execFileSync('ip', ['netns', 'exec', there, 'python3', '-c', script]);
}

/** UDP datagrams that reached IP in the receiver, and those that failed for their checksum. */
function received(): { readonly datagrams: number; readonly checksums: number } {
  const [names = '', values = ''] = inside(here, 'grep ^Udp: /proc/net/snmp').trim().split('\n');
  const of = (name: string) => Number(values.split(' ')[names.split(' ').indexOf(name)]);
  return { datagrams: of('InDatagrams') + of('NoPorts'), checksums: of('InCsumErrors') };
}

beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), `${here}-`));
  for (const name of [here, there]) execFileSync('ip', ['netns', 'add', name]);
  execFileSync(
    'ip',
    `-n ${here} link add v0 address ${MAC} type veth peer name v1 netns ${there}`.split(' '),
  );
  inside(here, 'ip addr add 198.51.100.1/24 dev v0; ip link set v0 up; ip link set lo up');
  inside(here, 'ip link add w0 type veth peer name w1; ip link set w0 up; ip link set w1 up');
  inside(
    there,
    `ip addr add 198.51.100.2/24 dev v1; ip link set v1 up; until grep -q up /sys/class/net/v1/operstate; do sleep 0.05; done; ip neigh replace 198.51.100.1 lladdr ${MAC} dev v1`,
  );
});
afterAll(() => {
  for (const name of [here, there]) spawnSync('ip', ['netns', 'del', name]);
  rmSync(state, { recursive: true, force: true });
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
    expect(readdirSync(state)).toEqual([]);
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

  it('sends every packet of 64 flows to one of two CPUs, and is taken back by undo, with RPS', () => {
    inside(here, 'echo 1 > /sys/class/net/v0/queues/rx-0/rps_cpus');
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
    expect(inside(here, 'cat /sys/class/net/v0/queues/rx-0/rps_cpus').trim()).toMatch(/^0+$/);
    const before = received();
    send(3_200, 64);
    const found = statusOf();
    expect(found).toMatchObject({ arrived: 3_200, lost: 0, warnings: [] });
    expect(found.counters.spread).toBe(3_200);
    const after = received();
    expect(after.datagrams - before.datagrams).toBe(3_200);
    expect(after.checksums).toBe(before.checksums);
    // Each flow stays together: both CPUs have a whole number of flows.
    for (const { spread } of found.counters.perCpu) {
      expect(spread).toBeGreaterThan(0);
      expect(spread % 50).toBe(0);
    }
    expect(json('status').settings.map(({ kind }: { kind: string }) => kind)).toEqual(['rps', 'xdp']);

    // Its text is the same, so nothing is loaded.
    expect(json(`xdp spread --iface v0 --mode generic ${BY_FLOW} --yes`)).toMatchObject({ changed: false });
    // Somebody switches RPS on again.
    inside(here, 'echo 1 > /sys/class/net/v0/queues/rx-0/rps_cpus');
    expect(xdp('xdp status').code).toBe(1);
    expect(statusOf().warnings[0]).toContain('RPS is on for rx-0');
    inside(here, 'echo 0 > /sys/class/net/v0/queues/rx-0/rps_cpus');

    // Another way replaces it without a gap; then both journals are undone.
    expect(json('xdp spread --iface v0 --mode generic --port 4000 --by round --cpus 0-1 --yes').by).toBe(
      'round',
    );
    send(2_000, 1);
    expect(statusOf().counters.perCpu.map(({ arrived }: { arrived: number }) => arrived)).toEqual([
      1_000, 1_000,
    ]);
    const detached = json('xdp detach --iface v0 --yes');
    expect(detached.journals).toHaveLength(2);
    expect(json('xdp status').interfaces).toEqual([]);
    expect(inside(here, 'cat /sys/class/net/v0/queues/rx-0/rps_cpus').trim()).toMatch(/^0*1$/);
    inside(here, 'echo 0 > /sys/class/net/v0/queues/rx-0/rps_cpus');
    expect(json('status').verdict).toBe('nothing');
  });

  it('that somebody detached is drift; undo then has nothing to do', () => {
    json(`xdp spread --iface v0 --mode generic ${BY_FLOW} --yes`);
    inside(here, 'ip link set dev v0 xdpgeneric off');
    const { verdict, drift } = json('status');
    expect(verdict).toBe('drift');
    expect(drift[0]).toMatchObject({ subject: 'v0 XDP program', is: 'none' });
    expect(xdp('undo --yes').code).toBe(0);
    expect(json('status').verdict).toBe('nothing');
  });

  it('goes with its interface, and the journal says so', () => {
    inside(here, 'ip link add gone0 type veth peer name gone1; ip link set gone0 up');
    expect(json(`xdp spread --iface gone0 --mode generic ${BY_FLOW} --yes`).changed).toBe(true);
    inside(here, 'ip link del gone0');
    expect(json('xdp detach --iface gone0 --yes').error.code).toBe('no-such-interface');
    const { stdout } = xdp('status');
    expect(stdout).toContain('gone0');
    expect(json('undo --yes').skipped[0]).toMatchObject({
      settled: true,
      why: expect.stringContaining('gone0'),
    });
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
  it('loses every packet of a sender that leaves checksums to the hardware, which is why it is refused', () => {
    json(`xdp spread --iface v0 --mode native --force ${BY_FLOW} --yes`);
    const before = received();
    send(500, 8);
    const after = received();
    // Not on the way: all have arrived.
    expect(statusOf()).toMatchObject({ arrived: 500, lost: 0 });
    expect(after.datagrams - before.datagrams).toBe(0);
    expect(after.checksums - before.checksums).toBe(500);

    inside(there, 'ethtool -K v1 tx off');
    send(2_000, 64);
    const last = received();
    expect(last.datagrams - after.datagrams).toBe(2_000);
    expect(statusOf()).toMatchObject({ mode: 'native', arrived: 2_500, lost: 0 });
    const { error } = json(`xdp spread --iface v0 --mode generic ${BY_FLOW} --yes`);
    expect(error.code).toBe('mode-differs');
    expect(json('xdp detach --iface v0 --yes').detached).toBe(true);
    expect(json('xdp status').interfaces).toEqual([]);
  });
});

describe('a random source port', () => {
  it('is refused without --one-way, and where a socket is connected', () => {
    expect(json('xdp sport --iface v0 --port 4000 --mode generic --yes').error.code).toBe('usage');
  });

  it('reaches sockets as many flows, is counted, and is undone', () => {
    const made = json('xdp sport --iface v0 --port 4000 --mode generic --one-way --range 2000-2999 --yes');
    expect(made).toMatchObject({ changed: true, program: { name: 'lt_sport', ours: true } });
    const reader = `
import socket, subprocess, sys
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(('', 4000))
receiver.settimeout(5)
print('ready', flush=True)
ports = [receiver.recvfrom(64)[1][1] for _ in range(400)]
print(min(ports), max(ports), len(set(ports)))
`;
    const started = `python3 -c '${reader.replaceAll("'", '"')}' > ${state}/ports 2>&1 < /dev/null & sleep 1`;
    inside(here, started);
    send(400, 1);
    inside(here, `until [ $(wc -l < ${state}/ports) = 2 ]; do sleep 0.1; done`);
    const [least, most, distinct] = inside(here, `tail -n 1 ${state}/ports`).trim().split(' ').map(Number);
    expect(least).toBeGreaterThanOrEqual(2000);
    expect(most).toBeLessThanOrEqual(2999);
    expect(distinct).toBeGreaterThan(250);
    expect(statusOf().sport).toMatchObject({ first: 2000, last: 2999, rewritten: 400 });
    expect(xdp('xdp status --iface v0').stdout).toContain('400 packets were rewritten');
    expect(xdp('undo --yes').code).toBe(0);
    expect(json('xdp status').interfaces).toEqual([]);
  });
});

describe('a program of others', () => {
  it('is shown, and neither replaced nor detached', () => {
    const attach = join(import.meta.dirname, 'attach-foreign.ts');
    inside(here, `${process.execPath} ${attach} $(cat /sys/class/net/w0/ifindex)`);
    expect(statusOf('w0')).toMatchObject({
      mode: 'generic',
      program: { name: 'somebody_elses', ours: false },
    });
    expect(xdp('xdp status --iface w0').stdout).toContain('left alone');
    for (const args of [
      `xdp spread --iface w0 --mode generic ${BY_FLOW} --yes`,
      'xdp detach --iface w0 --yes',
    ])
      expect(json(args).error).toMatchObject({
        code: 'foreign-program',
        message: expect.stringContaining('somebody_elses'),
      });
    expect(statusOf('w0').program.name).toBe('somebody_elses');
  });
});
