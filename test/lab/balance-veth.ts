/**
 * In a guest, as root: a balancer in native mode on veth, with one backend on its link and one behind a router and a tunnel.
 * Prints what it found as JSON.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressesOf, Network, TCP_PORT, VIP4, VIP6 } from '../balance/network.ts';

const net = new Network(['lb1'], ['n1']);
const { inside } = net;
const TUNNEL = ['10.7.0.2', 'fd07::2'];
const FOREIGN = join(import.meta.dirname, '../xdp/attach-foreign.ts');

/** Its backend is reached through the router, in an IP packet. */
async function openTunnel(): Promise<void> {
  execFileSync('ip', ['netns', 'add', net.namespace('t1')]);
  inside(
    'router',
    `ip link add t0 type veth peer name e0 netns ${net.namespace('t1')}
    ip addr add 10.7.0.1/24 dev t0; ip addr add fd07::1/64 dev t0 nodad; ip link set t0 up`,
  );
  inside(
    't1',
    `ip link set lo up; ip addr add ${TUNNEL[0]}/24 dev e0; ip addr add ${TUNNEL[1]}/64 dev e0 nodad; ip link set e0 up
    ip route add default via 10.7.0.1; ip route add default via fd07::1
    ip addr add ${VIP4}/32 dev lo; ip addr add ${VIP6}/128 dev lo nodad
    ip link set tunl0 up; ip link set ip6tnl0 up
    for each in all default tunl0; do echo 0 > /proc/sys/net/ipv4/conf/$each/rp_filter; done`,
  );
  inside('lb1', 'ip route add default via 10.9.0.1; ip route add default via fd09::1');
  await net.startNginx('t1');
}

function file(): string {
  const path = join(net.folder, 'tunnel.json');
  const vips = [VIP4, VIP6].map((address, family) => ({
    address,
    port: TCP_PORT,
    protocol: 'tcp',
    backends: [{ address: addressesOf('n1')[family] }, { address: TUNNEL[family], via: 'ipip' }],
  }));
  writeFileSync(path, JSON.stringify({ seed: '0123456789abcdef', vips }));
  return path;
}

/** Native mode on veth: the sender computes checksums, and the other end of the balancer's veth has a program. */
function prepareVeth(): void {
  inside('client', 'ethtool -K e0 tx off');
  const ifindex = inside('switch', 'cat /sys/class/net/to-lb1/ifindex').trim();
  inside('switch', `${process.execPath} ${FOREIGN} ${ifindex} native`);
}

const counters = () => net.json('lb1', 'balance status').balancers[0].counters;
const namesOf = (answers: readonly (string | null)[]) => [...new Set(answers)].map(String).sort();

try {
  await net.open();
  await openTunnel();
  const path = file();
  const refused = net.json('lb1', `balance apply ${path} --iface e0 --yes`).error?.code;
  prepareVeth();
  const made = net.json('lb1', `balance apply ${path} --iface e0 --force --yes`);
  const client = await net.client();
  const opened = await client.open(100);
  const again = await client.again();
  const names = namesOf(opened.map(({ answer }) => answer));
  const broken = again.filter(({ answer }, at) => answer === null || answer !== opened[at]?.answer).length;

  // Long requests to the tunnel do not fit in the outer packet, until its backend announces a smaller MSS.
  const long = namesOf(await client.upload(16));
  const dropped = counters().tooBig;
  inside(
    't1',
    'ip route change default via 10.7.0.1 advmss 1400; ip -6 route change default via fd07::1 advmss 1400',
  );
  const short = namesOf(await client.upload(16));
  const droppedThen = counters().tooBig - dropped;

  // The way of the answers gets a smaller MTU: the router says so to the address that sent them.
  const errors = counters().errors;
  inside('router', 'ip link set c0 mtu 1300');
  const big = [...new Set(await client.big(16))];
  console.log(
    JSON.stringify({
      refused,
      mode: made.error ?? net.json('lb1', 'balance status').balancers[0].mode,
      names,
      broken,
      long,
      dropped: dropped > 0,
      short,
      droppedThen,
      big,
      errors: counters().errors > errors,
      noBackend: counters().noBackend,
      undo: net.balance('lb1', 'undo --yes').status,
    }),
  );
} finally {
  net.close();
}
process.exit();
