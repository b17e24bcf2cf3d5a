/**
 * A balancer in native mode on a veth: XDP_TX needs an XDP program at the other end. Both ends are in one network namespace;
 * what is sent out of w1 reaches the balancer on w0, which sends it back. It attaches twice, because each time loads programs.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENTRY } from '../integration/cli.ts';

const NETNS = `lt-native-veth-${process.pid}`;
const [W0, W1] = ['02:00:5e:10:00:01', '02:00:5e:10:00:02'];
const VIP = '198.51.100.1';
const SENT = 200;
let folder = '';

const inside = (...words: readonly string[]): string =>
  execFileSync('ip', ['netns', 'exec', NETNS, ...words], { encoding: 'utf8' });
const shell = (script: string): string => inside('sh', '-ec', script);
function run(args: string) {
  const env = { ...process.env, LOCALITY_TUNE_STATE: join(folder, 'state') };
  const words = ['netns', 'exec', NETNS, process.execPath, ENTRY, ...args.split(' '), '-j'];
  const { stdout, stderr } = spawnSync('ip', words, { encoding: 'utf8', env });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Frames for the address, sent out of w1, that come back there. */
const back = (): number =>
  Number(
    inside(
      'python3',
      '-c',
      `
import socket, struct, time
one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
one.bind(('w1', 0x0800))
one.settimeout(1)
udp = struct.pack('!HHHH', 4000, 5300, 8 + 4, 0) + bytes(4)
head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton('198.51.100.9'), socket.inet_aton('${VIP}'))
words = struct.unpack('!10H', head)
total = sum(words)
total = (total & 0xffff) + (total >> 16)
head = head[:10] + struct.pack('!H', ~((total & 0xffff) + (total >> 16)) & 0xffff) + head[12:]
frame = bytes.fromhex('${[W0, W1].join('').replaceAll(':', '')}') + struct.pack('!H', 0x0800) + head + udp
came = 0
for number in range(${SENT}):
    one.send(frame)
    # A veth holds 256.
    time.sleep(0.002)
try:
    while came < ${SENT}:
        data, where = one.recvfrom(2048)
        came += where[2] != 4 and data[30:34] == socket.inet_aton('${VIP}')
except TimeoutError:
    pass
print(came)
`,
    ),
  );

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lt-native-veth-'));
  const vips = [
    { address: VIP, port: 5300, protocol: 'udp', backends: [{ address: '10.9.0.2', mac: W1, weight: 1 }] },
  ];
  writeFileSync(join(folder, 'balancer.json'), JSON.stringify({ seed: '0123456789abcdef', vips }));
  execFileSync('ip', ['netns', 'add', NETNS]);
  shell(`ip link add w0 address ${W0} type veth peer name w1 address ${W1}
    ip addr add 10.9.0.1/24 dev w0; ip link set w0 up; ip link set w1 up
    ethtool -K w0 tx off; ethtool -K w1 tx off`);
});
afterAll(() => {
  spawnSync('ip', ['netns', 'del', NETNS]);
  rmSync(folder, { recursive: true, force: true });
});

it('is refused without a program at the other end, and says when that has gone and every packet is lost', () => {
  const apply = `balance apply ${join(folder, 'balancer.json')} --iface w0 --mode native --yes`;
  expect(run(apply).error.code).toBe('peer-without-xdp');
  expect(run('xdp spread --iface w1 --mode native --port 9 --by flow --cpus 0 --yes').changed).toBe(true);
  expect(run(apply).changed).toBe(true);
  expect(run('balance status').balancers[0].warnings).toEqual([]);
  expect(back()).toBe(SENT);

  expect(run('xdp detach --iface w1 --yes').detached).toBe(true);
  const [warning] = run('balance status').balancers[0].warnings;
  expect(warning).toContain('w1, the other end of w0, has no XDP program');
  expect(back()).toBe(0);
  expect(run('balance detach --iface w0 --yes').detached).toBe(true);
});
