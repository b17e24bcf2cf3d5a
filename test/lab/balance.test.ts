/**
 * A balancer in the guest, and its client and backends at the other end of the NIC, where every frame is counted: by MAC
 * address, and by flow. Then one whose backends are behind tunnels, on veth in native mode, all in the guest.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, inject, it } from 'vitest';
import type { Guest } from './machine/guest.ts';
import { useGuest } from './machine/lab.ts';
import { INSIDE, OUTSIDE } from './machine/qemu.ts';

const { hardware, kernel } = inject('lab');
const [VIP4, VIP6, FAR4] = ['198.51.100.1', 'fd51::1', '198.51.100.2'];
const PORT = 4_000;
const WEIGHTS = [1, 1, 2];
const SETTINGS =
  'ethtool -k eth0; ethtool -l eth0; for irq in $(grep -E "eth0|put" /proc/interrupts | cut -d: -f1); do cat /proc/irq/$irq/smp_affinity_list; done';

const mac = (tag: number) => `02:00:00:00:01:0${tag}`;
/** Their MAC addresses are in the file, so nobody has to have them. */
const backends = (prefix: string, first: number, via: 'mac' | 'ipip') =>
  WEIGHTS.map((weight, at) => ({ address: `${prefix}${first + at}`, weight, via, mac: mac(first + at) }));
const FILE = {
  seed: '0123456789abcdef',
  vips: [
    { address: VIP4, port: PORT, protocol: 'udp', backends: backends('198.18.0.', 1, 'mac') },
    { address: VIP6, port: PORT, protocol: 'udp', backends: backends('fd18::1', 4, 'mac') },
    { address: FAR4, port: PORT, protocol: 'udp', backends: backends('10.77.0.', 7, 'ipip') },
  ],
};

const prepare = async (each: Guest) => {
  await each.run(
    `ip addr add fd18::2/64 dev eth0 nodad; ip route add 10.77.0.0/24 via ${OUTSIDE}; cat > /tmp/web.json <<'end'\n${JSON.stringify(FILE)}\nend`,
  );
  await each.outside(
    `ip addr add fd18::1/64 dev lab0 nodad; ip route add ${VIP4} via ${INSIDE}; ip route add ${FAR4} via ${INSIDE}
    ip -6 route add ${VIP6} via fd18::2`,
  );
};
// Without an indirection table: QEMU stalls with one.
const guest = useGuest(prepare, { rss: false });
// Of a test that failed.
afterEach(() => guest().run('locality-tune balance detach --yes || true', 400));

const json = async (args: string) => JSON.parse(await guest().run(`locality-tune ${args} -j || true`, 400));

interface Backend {
  readonly mac: string;
  readonly rows: number;
  readonly packets: number;
  readonly out: boolean;
}
const statusNow = async (): Promise<{
  readonly counters: Readonly<Record<string, number>>;
  readonly vips: readonly { readonly vip: string; readonly backends: readonly Backend[] }[];
}> => (await json('balance status')).balancers[0];

/** Frames of each flow by MAC address. */
type Came = Readonly<Record<string, readonly (readonly [port: number, count: number])[]>>;
const send = async (sockets: number, each: number, vips: readonly string[], length = 40): Promise<Came> =>
  JSON.parse(
    await guest().outside(
      `python3 test/lab/balance-source.py ${sockets} ${each} ${length} 1500 ${vips.map((vip) => `${vip}:${PORT}`).join(' ')}`,
    ),
  );
const total = (came: Came, address: string) =>
  (came[address] ?? []).reduce((sum, [, count]) => sum + count, 0);

/** The NIC may be without a link for seconds after an attach. */
async function settled(): Promise<void> {
  for (let tries = 0; tries < 30; tries++) {
    if (Object.keys(await send(4, 1, [VIP4, VIP6])).length > 0) return sleep(1_000);
  }
  throw new Error('nothing is balanced');
}

async function balancesAll(vips: readonly string[]): Promise<void> {
  await settled();
  const before = await statusNow();
  const [sockets, each] = [400 * vips.length, 5];
  const came = await send(sockets, each, vips);
  const after = await statusNow();
  const sent = sockets * each;
  const seen = new Map<number, string>();
  expect((after.counters['balanced'] ?? 0) - (before.counters['balanced'] ?? 0)).toBe(sent);
  for (const [at, vip] of after.vips.entries()) {
    if (!vips.some((address) => vip.vip.includes(address))) continue;
    for (const [which, { mac: address, packets, rows }] of vip.backends.entries()) {
      // Counted by the program, and by who received it.
      expect(total(came, address)).toBe(packets - (before.vips[at]?.backends[which]?.packets ?? 0));
      const flows = came[address] ?? [];
      const share = rows / 65_536;
      const error = Math.sqrt(400 * share * (1 - share));
      expect(Math.abs(flows.length - 400 * share), `${vip.vip} ${address}`).toBeLessThanOrEqual(4 * error);
      for (const [port, count] of flows) {
        // A flow has one backend, which gets all of it. Sockets of different addresses may share a port.
        expect(count).toBe(each);
        expect(seen.get(port + 65_536 * at)).toBeUndefined();
        seen.set(port + 65_536 * at, address);
      }
    }
  }
  expect(seen.size).toBe(sockets);
}

it('sends every packet of a flow to one backend in native mode, each backend its share, and counts exactly', async () => {
  const before = await guest().run(SETTINGS);
  const made = await json('balance apply /tmp/web.json --iface eth0 --yes');
  expect(made).toMatchObject({ changed: true });
  await balancesAll([VIP4, VIP6, FAR4]);

  // 1,480 bytes and the outer header fit, one more does not.
  const fits = await statusNow();
  const came = await send(8, 5, [FAR4], 1480 - 28);
  expect([7, 8, 9].reduce((sum, tag) => sum + total(came, mac(tag)), 0)).toBe(40);
  expect(await send(8, 5, [FAR4], 1481 - 28)).toEqual({});
  const { counters } = await statusNow();
  expect((counters['tooBig'] ?? 0) - (fits.counters['tooBig'] ?? 0)).toBe(40);

  expect((await json('undo --yes')).skipped ?? []).toEqual([]);
  expect((await json('balance status')).balancers).toEqual([]);
  expect(await guest().run(SETTINGS)).toBe(before);
});

/** Bytes that wait in a TX queue of the NIC, at least and at most. */
const limitBytes = (least: number, most: number) =>
  guest().run(
    `for each in /sys/class/net/eth0/queues/tx-*/byte_queue_limits; do echo ${least} > $each/limit_min; echo ${most} > $each/limit_max; done`,
  );

/** Until Linux 5.19 generic mode loses what a byte queue limit has no room for, all of which is counted. */
async function countsWhatLimitsLose(): Promise<void> {
  await settled();
  await limitBytes(0, 300);
  const drops = guest().start('locality-tune xdp drops --iface eth0 -j');
  await drops.line();
  const before = await statusNow();
  const came = await send(1_200, 5, [VIP4, VIP6, FAR4]);
  await sleep(3_000);
  const { stdout } = await drops.end('SIGINT');
  const after = await statusNow();
  const arrived = Object.keys(came).reduce((sum, address) => sum + total(came, address), 0);
  const lost = stdout
    .trimEnd()
    .split('\n')
    .reduce((sum, line) => sum + JSON.parse(line).interfaces[0].sendFailed, 0);
  console.log(`${hardware.nic}, Linux ${kernel.name}, generic, 300 bytes: ${lost} of 6000 lost`);
  expect(lost).toBeGreaterThan(0);
  expect((after.counters['balanced'] ?? 0) - (before.counters['balanced'] ?? 0)).toBe(6_000);
  expect(arrived + lost).toBe(6_000);
}

it('does the same in generic mode', async () => {
  const before = await guest().run(SETTINGS);
  const made = await json('balance apply /tmp/web.json --iface eth0 --mode generic --yes');
  expect(made).toMatchObject({ changed: true });
  const loses = kernel.name === '5.10' && hardware.nic === 'igb';
  expect(made.warnings.join().includes('BQL')).toBe(loses);
  if (loses) {
    await countsWhatLimitsLose();
    // As the warning says.
    await limitBytes(1_000_000, 2_000_000);
  }
  await balancesAll([VIP4, VIP6, FAR4]);
  expect(await json('balance detach --yes')).toMatchObject({ detached: true });
  expect(await guest().run(SETTINGS)).toBe(before);
});

it('reaches backends on native veth, behind tunl0 and ip6tnl0, and tells them of a smaller MTU', async () => {
  await guest().run('modprobe veth; modprobe bridge; modprobe ipip; modprobe ip6_tunnel', 300);
  const found = JSON.parse(await guest().run('node test/lab/balance-veth.ts', 600));
  console.log(`${hardware.nic}, Linux ${kernel.name}: ${JSON.stringify(found)}`);
  expect(found).toEqual({
    refused: 'peer-unseen',
    mode: 'native',
    names: ['n1', 't1'],
    broken: 0,
    // Too long for the outer packet: dropped and counted. Not any more once the backend announces a smaller MSS.
    long: ['n1', 'null'],
    dropped: true,
    short: ['n1', 't1'],
    droppedThen: 0,
    // The router's "fragmentation needed" and "packet too big" reach the backend that sent the packet.
    big: [3960],
    errors: true,
    noBackend: 0,
    undo: 0,
  });
});

it('works on a kernel in lockdown, which keeps BPF only from reading kernel memory', async () => {
  await guest().run(
    'mount -t securityfs none /sys/kernel/security 2> /dev/null || true; echo confidentiality > /sys/kernel/security/lockdown',
  );
  expect(await guest().run('cat /sys/kernel/security/lockdown')).toContain('[confidentiality]');
  const made = await json('balance apply /tmp/web.json --iface eth0 --mode generic --yes');
  expect(made).toMatchObject({ changed: true });
  expect(await json('balance detach --yes')).toMatchObject({ detached: true });
});
