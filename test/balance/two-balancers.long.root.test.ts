/**
 * Two balancers behind a router that spreads flows over both (ECMP), real nginx, in network namespaces of its own. Eight
 * programs are loaded, each once.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seedOf, tableOf } from '../../src/balance/table.ts';
import { formatAddress, parseAddress } from '../../src/system/address.ts';
import { closeDescriptor, openProgram, testRun } from '../../src/system/bpf.ts';
import { ENTRY } from '../integration/cli.ts';
import { ethernet, network, tcp } from '../xdp/packets.ts';
import { rowOf } from './model.ts';
import {
  addressesOf,
  type Connection,
  Network,
  TCP_PORT,
  UDP_PORT,
  UDP_SERVER,
  VIP4,
  VIP6,
} from './network.ts';

const net = new Network(['lb1', 'lb2'], ['n1', 'n2', 'n3', 'n4']);
const SEED = seedOf('0123456789abcdef');
const CLIENT = { 4: '10.8.0.2', 6: 'fd08::2' } as const;
const TX = 3;
let client: Awaited<ReturnType<Network['client']>>;

beforeAll(async () => {
  await net.open();
  client = await net.client();
});
afterAll(() => net.close());

interface Status {
  readonly digest: string;
  readonly program: { readonly id: number };
  readonly counters: Readonly<Record<string, number>>;
  readonly vips: readonly {
    readonly vip: string;
    readonly backends: readonly {
      readonly address: string;
      readonly mac: string;
      readonly packets: number;
    }[];
  }[];
}
const statusOf = (balancer: string): Status => net.json(balancer, 'balance status').balancers[0];
const apply = (path: string) =>
  net.balancers.map((each) => {
    const made = net.json(each, `balance apply ${path} --iface e0 --mode generic --yes`);
    expect(made).toMatchObject({ changed: true });
    return made;
  });
const answers = (connections: readonly Connection[]) => connections.map(({ answer }) => answer);

/** The table of either address, which is made of the file alone. @param family 0 for IPv4, 1 for IPv6 */
const tableFor = (family: number, weights: Readonly<Record<string, number>>) =>
  tableOf(
    {
      backends: Object.entries(weights).map(([name, weight]) => ({
        address: addressesOf(name)[family] ?? '',
        weight,
        mac: null,
        via: 'mac',
      })),
    },
    SEED,
  );

/** Whose rows each connection has, by these weights. */
function predicted(connections: readonly Connection[], weights: Readonly<Record<string, number>>) {
  const names = Object.keys(weights);
  const tables = [0, 1].map((family) => tableFor(family, weights));
  return connections.map(({ family, port }) => {
    const row = rowOf(SEED, {
      source: CLIENT[family],
      destination: family === 4 ? VIP4 : VIP6,
      sourcePort: port,
      destinationPort: TCP_PORT,
      protocol: 'tcp',
    });
    return names[tables[family === 4 ? 0 : 1]?.[row] ?? 0];
  });
}

/** Of a binomial distribution. */
function expectShare(count: number, of: number, share: number): void {
  expect(Math.abs(count - of * share)).toBeLessThanOrEqual(4 * Math.sqrt(of * share * (1 - share)));
}

const THREE = { n1: 1, n2: 1, n3: 2 };
const FOUR = { ...THREE, n4: 1 };
let opened: readonly Connection[] = [];

it('give each backend its share, by either balancer, as predicted from the file', async () => {
  const made = apply(net.save('three.json', THREE));
  expect(made[1].digest).toBe(made[0].digest);
  expect(net.balancers.map((each) => statusOf(each).digest)).toEqual([made[0].digest, made[0].digest]);
  opened = await client.open(300);
  expect(answers(opened)).toEqual(predicted(opened, THREE));
  for (const [name, weight] of Object.entries(THREE))
    expectShare(answers(opened).filter((each) => each === name).length, 300, weight / 4);
  for (const balancer of net.balancers) expect(statusOf(balancer).counters['balanced']).toBeGreaterThan(200);
});

it('count every packet: together exactly what the backends received', async () => {
  const servers = await Promise.all(
    Object.keys(THREE).map(async (name) => {
      const server = net.start(name, 'python3', UDP_SERVER, name, `${UDP_PORT}`);
      expect(await server.line()).toBe('ready');
      return { name, server };
    }),
  );
  const answered = await client.datagrams(200, 10);
  expect(answered.map((each) => [each.length, new Set(each).size])).toEqual(Array(200).fill([10, 1]));
  const counted = net.balancers.flatMap((balancer) =>
    statusOf(balancer).vips.filter(({ vip }) => vip.startsWith('udp')),
  );
  for (const { name, server } of servers) {
    server.say('');
    const received = Number(await server.line());
    const sent = counted
      .flatMap(({ backends }) => backends)
      .filter(({ address }) => addressesOf(name).includes(address))
      .reduce((sum, { packets }) => sum + packets, 0);
    expect([name, received]).toEqual([name, sent]);
  }
  expect(counted.flatMap(({ backends }) => backends).reduce((sum, { packets }) => sum + packets, 0)).toBe(
    2_000,
  );
});

it('are in the live view, with the share of each backend', async () => {
  const { line, child } = net.startWith(
    net.environment('lb1'),
    'lb1',
    process.execPath,
    ENTRY,
    ...'live -j --interval 1 --no-probes'.split(' '),
  );
  // The first sample has no rates.
  for (let at = 0, seen = 0; seen < 2; at++) {
    expect(at).toBeLessThan(20);
    const sent = client.datagrams(50, 20);
    const { xdp } = JSON.parse(await line());
    await sent;
    if (!(xdp?.[0]?.pps > 0)) continue;
    seen++;
    expect(xdp).toEqual([expect.objectContaining({ nic: 'e0', command: 'balance', lost: null })]);
    const parts: readonly { readonly name: string; readonly pps: number }[] = xdp[0].parts;
    expect(parts.map(({ name }) => name).sort()).toEqual(Object.keys(THREE).flatMap(addressesOf).sort());
    // Each is rounded.
    const sum = parts.reduce((total, { pps }) => total + pps, 0);
    expect(Math.abs(sum - xdp[0].pps)).toBeLessThanOrEqual(parts.length);
  }
  child.kill('SIGINT');
});

it('keep all connections when one of them leaves, and when it comes back', async () => {
  net.routeTo(['lb1']);
  net.inside('lb2', 'ip link set e0 down');
  const before = statusOf('lb1').counters['balanced'] ?? 0;
  expect(await client.again()).toEqual(opened);
  expect((statusOf('lb1').counters['balanced'] ?? 0) - before).toBeGreaterThanOrEqual(300);
  net.inside('lb2', 'ip link set e0 up; ip addr add fd09::12/64 dev e0 nodad');
  net.routeTo(['lb1', 'lb2']);
  expect(await client.again()).toEqual(opened);
});

it('pass a smaller MTU on to the backend whose packet was too long', async () => {
  net.inside('router', 'ip link set c0 mtu 1300');
  expect(await client.big(40)).toEqual(Array(40).fill(3960));
  expect(
    net.balancers.reduce((sum, each) => sum + (statusOf(each).counters['errors'] ?? 0), 0),
  ).toBeGreaterThan(0);
  net.inside('router', 'ip link set c0 mtu 1500');
});

it('break the connections of a backend that goes, and no other', async () => {
  apply(net.save('two.json', { n1: 1, n3: 2 }));
  const left = await client.again();
  expect(answers(left)).toEqual(answers(opened).map((each) => (each === 'n2' ? null : each)));
  await client.close();
});

it('break exactly the predicted connections when a backend comes, without a flow cache', async () => {
  apply(net.save('three.json', THREE));
  opened = await client.open(300);
  const four = net.save('four.json', FOUR);
  const { vips } = net.json('lb1', `balance plan ${four}`);
  apply(four);
  const left = answers(await client.again());
  const after = predicted(opened, FOUR);
  expect(left).toEqual(answers(opened).map((was, at) => (after[at] === was ? was : null)));
  // A fifth, as the plan said.
  const share = vips[0].moves.broken / 65_536;
  expectShare(left.filter((each) => each === null).length, 300, share);
  expect(Math.abs(share - 0.2)).toBeLessThan(0.01);
  await client.close();
});

it('agree on 100,000 flows, and with the file', () => {
  const statuses = net.balancers.map(statusOf);
  const programs = statuses.map(({ program }) => openProgram(program.id));
  const own = net.balancers.map((each) =>
    Buffer.from(net.inside(each, 'cat /sys/class/net/e0/address').trim().replaceAll(':', ''), 'hex'),
  );
  const hosts = Object.keys(FOUR);
  const names = new Map(
    (statuses[0]?.vips ?? []).flatMap(({ backends }) =>
      backends.map(({ address, mac }) => {
        const host = hosts.find((each) => addressesOf(each).includes(address));
        return [mac.replaceAll(':', ''), host] as const;
      }),
    ),
  );
  const nameOf = (frame: Uint8Array) => names.get(Buffer.from(frame.subarray(0, 6)).toString('hex'));
  const flows = fc.sample(
    fc.record({
      source: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      sourcePort: fc.nat(0xffff),
      four: fc.boolean(),
    }),
    { numRuns: 100_000, seed: 20_261_130 },
  );
  const rows = [0, 1].map((family) => tableFor(family, FOUR));
  let [agreed, right] = [0, 0];
  for (const { source, sourcePort, four } of flows) {
    const flow = {
      source: four ? source.subarray(0, 4) : source,
      destination: parseAddress(four ? VIP4 : VIP6) ?? source,
      sourcePort,
      destinationPort: TCP_PORT,
    };
    const frame = Buffer.from(ethernet(network(flow, 'tcp', tcp(flow))));
    const chosen = programs.map((program, at) => {
      frame.set(own[at] ?? [], 0);
      const { verdict, output } = testRun(program, frame);
      return verdict === TX ? nameOf(output) : undefined;
    });
    const family = four ? 0 : 1;
    const row = rowOf(SEED, {
      ...flow,
      source: formatAddress(four ? 4 : 6, flow.source),
      destination: four ? VIP4 : VIP6,
      protocol: 'tcp',
    });
    if (chosen[0] === chosen[1]) agreed++;
    if (chosen[0] === hosts[rows[family]?.[row] ?? 0]) right++;
  }
  for (const program of programs) closeDescriptor(program);
  expect({ agreed, right }).toEqual({ agreed: 100_000, right: 100_000 });
}, 300_000);
