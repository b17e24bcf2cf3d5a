/**
 * `balance` in network namespaces of its own: a client, a balancer and backends on one bridge, real TCP connections,
 * generic mode. It attaches few times, because each time loads a program.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENTRY } from '../integration/cli.ts';

const prefix = `lt-bal-${process.pid}`;
const namespace = (name: string) => `${prefix}-${name}`;
const HOSTS = ['client', 'balancer', 'b1', 'b2', 'b3', 'b4'];
const [VIP4, VIP6] = ['198.51.100.1', 'fd51::1'];
let folder = '';
const children: ChildProcessWithoutNullStreams[] = [];

const inside = (name: string, script: string): string =>
  execFileSync('ip', ['netns', 'exec', namespace(name), 'sh', '-ec', script], { encoding: 'utf8' });

function balance(args: string) {
  const words = ['netns', 'exec', namespace('balancer'), process.execPath, ENTRY, ...args.split(' ')];
  const env = { ...process.env, LOCALITY_TUNE_STATE: join(folder, 'state') };
  const { status, stdout, stderr } = spawnSync('ip', words, { encoding: 'utf8', env });
  return { status, stdout, stderr };
}
const json = (args: string) => JSON.parse(balance(`${args} -j`).stdout);

const addresses = (host: number) => [`10.9.0.${host}`, `fd09::${host}`];

/** A file with backends b1 to b3 or others, by number; two addresses, one for each family. */
function save(name: string, weights: Readonly<Record<number, number>>, more: object = {}): string {
  const path = join(folder, name);
  const vips = [VIP4, VIP6].map((address, family) => ({
    address,
    port: 8080,
    protocol: 'tcp',
    backends: Object.entries(weights).map(([host, weight]) => ({
      address: addresses(Number(host) + 2)[family],
      weight,
    })),
  }));
  writeFileSync(path, JSON.stringify({ seed: '0123456789abcdef', ...more, vips }));
  return path;
}

/** Answers each line with its name. */
const SERVER = `
import socket, socketserver, sys
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile: self.wfile.write((sys.argv[1] + '\\n').encode())
class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    request_queue_size = 1024
    daemon_threads = True
server = Server(('::', 8080), Handler)
print('ready', flush=True)
server.serve_forever()
`;

/** `open N`: N connections more, alternately to both addresses. `ask`: one line on each that is open. */
const CLIENT = `
import json, socket, sys
connections = []
def ask(connection):
    try:
        connection.sendall(b'who\\n')
        answer = connection.recv(100).decode().strip()
        return answer or None
    except OSError:
        return None
print('ready', flush=True)
for line in sys.stdin:
    command, _, count = line.strip().partition(' ')
    if command == 'open':
        for number in range(int(count)):
            connection = socket.create_connection(('${VIP4}' if number % 2 else '${VIP6}', 8080), 5)
            connection.settimeout(10)
            connections.append(connection)
    if command == 'close':
        for each in connections: each.close()
        connections = []
    print(json.dumps([ask(each) for each in connections]), flush=True)
`;

async function start(name: string, script: string, ...args: readonly string[]) {
  const child = spawn('ip', ['netns', 'exec', namespace(name), 'python3', '-c', script, ...args]);
  children.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  return {
    say: async (line: string): Promise<readonly (string | null)[]> => {
      child.stdin.write(`${line}\n`);
      return JSON.parse((await lines.next()).value);
    },
  };
}
let client: Awaited<ReturnType<typeof start>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), `${prefix}-`));
  execFileSync('ip', ['netns', 'add', namespace('switch')]);
  inside('switch', 'ip link add br0 type bridge; ip link set br0 up');
  for (const [index, name] of HOSTS.entries()) {
    execFileSync('ip', ['netns', 'add', namespace(name)]);
    inside('switch', `ip link add to-${name} type veth peer name e0 netns ${namespace(name)}`);
    inside('switch', `ip link set to-${name} master br0 up`);
    const [four, six] = addresses(index + 1);
    inside(
      name,
      `ip addr add ${four}/24 dev e0; ip addr add ${six}/64 dev e0 nodad; ip link set e0 up; ip link set lo up`,
    );
    if (!name.startsWith('b') || name === 'balancer') continue;
    inside(name, 'cd /proc/sys/net/ipv4/conf/all; echo 1 > arp_ignore; echo 2 > arp_announce');
    inside(name, `ip addr add ${VIP4}/32 dev lo; ip addr add ${VIP6}/128 dev lo nodad`);
    await start(name, SERVER, name);
  }
  inside('client', `ip route add ${VIP4} via 10.9.0.2; ip route add ${VIP6} via fd09::2`);
  client = await start('client', CLIENT);
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const name of [...HOSTS, 'switch']) spawnSync('ip', ['netns', 'del', namespace(name)]);
  rmSync(folder, { recursive: true, force: true });
});

const APPLY = '--iface e0 --mode generic --yes';
const statusOf = () => json('balance status').balancers[0];

describe('what it refuses, before anything is loaded', () => {
  it('native mode on a veth whose other end cannot be seen, and backends without a MAC address', () => {
    // Nobody has the address of the ninth.
    const file = save('three.json', { 1: 1, 9: 1 });
    expect(json(`balance apply ${file} --iface e0 --yes`).error.code).toBe('peer-unseen');
    const { error } = json(`balance apply ${file} ${APPLY}`);
    expect([error.code, error.hint]).toEqual(['mac-unknown', expect.stringContaining('ping -c 1 -I e0')]);
    expect(json(`balance apply ${file} --iface nosuch --yes`).error.code).toBe('no-such-interface');
    expect(balance('balance status')).toMatchObject({
      status: 3,
      stdout: 'no interface here has a balancer\n',
    });
    expect(json('balance live -c 1').error.code).toBe('no-balancer');
    expect(readdirSync(folder)).toEqual(['three.json']);
  });
});

describe('three backends, one of twice the weight', () => {
  it('share the connections by weight; one that goes breaks its own; one that comes breaks none with a flow cache', {
    timeout: 240_000,
  }, async () => {
    const three = save('three.json', { 1: 1, 2: 1, 3: 2 }, { flowCache: 16_384 });
    const made = json(`balance apply ${three} ${APPLY}`);
    expect(made).toMatchObject({ changed: true, iface: 'e0' });
    expect(statusOf()).toMatchObject({
      digest: made.digest,
      mode: 'generic',
      flowCache: 16_384,
      warnings: [],
    });
    expect(json('xdp status').interfaces[0].program).toMatchObject({ name: 'lt_balance_cach', ours: true });

    const opened = await client.say('open 400');
    expect(opened).not.toContain(null);
    for (const [name, share] of [
      ['b1', 0.25],
      ['b2', 0.25],
      ['b3', 0.5],
    ] as const) {
      const error = Math.sqrt(400 * share * (1 - share));
      const had = opened.filter((each) => each === name).length;
      expect(Math.abs(had - 400 * share), `${name}: ${had}`).toBeLessThan(4 * error);
    }
    // Every packet that arrived for the VIPs is counted once, whoever got it.
    const counted = statusOf();
    const packets = counted.vips
      .flatMap((vip: { backends: readonly { packets: number }[] }) => vip.backends)
      .reduce((sum: number, each: { packets: number }) => sum + each.packets, 0);
    expect(packets).toBe(counted.counters.balanced);
    expect(packets).toBeGreaterThanOrEqual(3 * 400);

    // b2 goes.
    expect(balance('balance remove 10.9.0.4 --yes').status).toBe(0);
    const removed = json('balance remove fd09::4 --yes');
    expect(removed.changed).toBe(true);
    expect(removed.vips.every((vip: { moves: { broken: number } }) => vip.moves.broken === 0)).toBe(true);
    const left = await client.say('ask');
    for (const [index, was] of opened.entries()) expect(left[index]).toBe(was === 'b2' ? null : was);
    expect(statusOf().counters.balanced).toBeGreaterThan(packets);
    expect(balance(`balance status --file ${three}`)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('backend 10.9.0.4 is in the file and gets no packets'),
    });

    // b4 comes: rows move to it, open connections do not.
    const four = save('four.json', { 1: 1, 3: 2, 4: 3 }, { flowCache: 16_384 });
    const planned = json(`balance plan ${four}`);
    expect(planned.vips[0].moves.broken).toBeGreaterThan(0.4 * 65_536);
    expect(json(`balance apply ${four} ${APPLY}`).changed).toBe(true);
    expect(json(`balance apply ${four} ${APPLY}`).changed).toBe(false);
    const still = await client.say('ask');
    expect(still).toEqual(left);
    await client.say('close');
    expect(new Set(await client.say('open 100'))).toEqual(new Set(['b1', 'b3', 'b4']));

    // And back, step by step.
    for (const step of [1, 2, 3]) expect([step, balance('undo --yes').status]).toEqual([step, 0]);
    expect(statusOf().digest).toBe(made.digest);
    expect(json('balance detach --yes')).toMatchObject({ detached: true });
    expect(json('xdp status').interfaces).toEqual([]);
    expect(json('status').verdict).toBe('nothing');
  });
});
