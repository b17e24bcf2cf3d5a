/** `balance health` with real servers that end and come back, in network namespaces of its own. One program is loaded. */
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENTRY } from '../integration/cli.ts';
import { checkOutput } from '../schemas.ts';
import { addressesOf, Network, UDP_PORT, UDP_SERVER } from './network.ts';

const net = new Network(['lb1'], ['n1', 'n2', 'n3']);
let client: Awaited<ReturnType<Network['client']>>;
const udp = new Map<string, ReturnType<Network['start']>>();

async function startUdp(name: string): Promise<void> {
  const server = net.start(name, 'python3', UDP_SERVER, name, `${UDP_PORT}`);
  expect(await server.line()).toBe('ready');
  udp.set(name, server);
}

beforeAll(async () => {
  await net.open();
  for (const name of net.backends) await startUdp(name);
  client = await net.client();
});
afterAll(() => net.close());

interface Event {
  readonly event: string;
  readonly vip: string;
  readonly backend: string | null;
  readonly why: string;
  readonly moved: number;
  readonly digest: string;
}

function health(...args: readonly string[]) {
  const { child } = net.startWith(
    net.environment('lb1'),
    'lb1',
    process.execPath,
    ENTRY,
    'balance',
    'health',
    '-j',
    ...args,
  );
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<Event> => {
    const line: string = (await lines.next()).value;
    checkOutput(line);
    return JSON.parse(line);
  };
  return {
    take: async (count: number): Promise<readonly Event[]> => {
      const events: Event[] = [];
      while (events.length < count) events.push(await next());
      return events;
    },
    stop: (signal: NodeJS.Signals) =>
      new Promise<number | null>((resolve) => {
        child.once('exit', resolve);
        child.kill(signal);
      }),
  };
}

const statusNow = () => net.json('lb1', 'balance status').balancers[0];
const short = (events: readonly Event[]) => events.map(({ event, backend }) => `${event} ${backend}`).sort();

it('takes away a server that ends, keeps enough, and brings it back, while what is attached stays the same', {
  timeout: 240_000,
}, async () => {
  const file = net.save(
    'three.json',
    { n1: 1, n2: 1, n3: 1 },
    { flowCache: 16_384 },
    { health: { protocol: 'udp', request: Buffer.from('health').toString('hex') } },
  );
  const made = net.json('lb1', `balance apply ${file} --iface e0 --mode generic --yes`);
  expect(made).toMatchObject({ changed: true });
  const before = statusNow();
  const opened = await client.open(60);
  expect(new Set(opened.map(({ answer }) => answer))).toEqual(new Set(['n1', 'n2', 'n3']));
  const sockets = await client.datagrams(60, 1);
  // A flow is remembered from its second packet of UDP on.
  expect(await client.datagramsAgain(1)).toEqual(sockets);

  const checks = health(file, '--interval', '0.3', '--timeout', '5', '--fall', '2', '--rise', '2');
  const began = await checks.take(4);
  expect(began.map(({ event }) => event)).toEqual(Array(4).fill('watching'));
  expect(began[0]?.digest).toBe(made.digest);

  // n2 dies: its nginx and its UDP server.
  await net.killNginx('n2');
  udp.get('n2')?.child.kill('SIGKILL');
  const down = await checks.take(4);
  const [four, six] = addressesOf('n2');
  expect(short(down)).toEqual([`down ${four}`, `down ${four}`, `down ${six}`, `down ${six}`]);
  expect(down[0]?.why).toMatch(/refused/);
  const status = net.balance('lb1', 'balance status -j');
  expect(status.status).toBe(1);
  const [without] = JSON.parse(status.stdout).balancers;
  expect(without.digest).not.toBe(made.digest);
  expect(without.warnings).toHaveLength(4);
  for (const { backends } of without.vips)
    for (const each of backends) {
      const isDown = [four, six].includes(each.address);
      expect([each.out, each.rows === 0, each.weight]).toEqual([isDown, isDown, 1]);
    }
  // Nothing was loaded, and what is attached is still what the journal says.
  expect(without.program).toEqual(before.program);
  expect(net.json('lb1', 'status')).toMatchObject({ drift: [] });

  // Only its own connections are broken; new ones and known flows of UDP go elsewhere.
  const left = await client.again();
  for (const [at, { answer }] of opened.entries())
    expect(left[at]?.answer ?? null).toBe(answer === 'n2' ? null : answer);
  const moved = await client.datagramsAgain(1);
  for (const [at, [was]] of sockets.entries())
    if (was === 'n2') expect(['n1', 'n3']).toContain(moved[at]?.[0]);
    else expect(moved[at]).toEqual([was]);
  await client.close();
  const fresh = await client.open(60);
  expect(new Set(fresh.map(({ answer }) => answer))).toEqual(new Set(['n1', 'n3']));
  await client.close();

  // n1 dies too: half of the weight would not be left, so it keeps its rows.
  await net.killNginx('n1');
  expect(short(await checks.take(2))).toEqual(
    addressesOf('n1')
      .map((each) => `kept ${each}`)
      .sort(),
  );
  await net.startNginx('n1');

  // A restart of the checks forgets nothing, even after SIGKILL.
  await checks.stop('SIGKILL');
  const again = health(file, '--interval', '0.3', '--timeout', '5', '--fall', '2', '--rise', '2');
  expect((await again.take(4)).map(({ event }) => event)).toEqual(Array(4).fill('watching'));
  expect(statusNow().digest).toBe(without.digest);

  await Promise.all([net.startNginx('n2'), startUdp('n2')]);
  const up = await again.take(4);
  expect(short(up)).toEqual([`up ${four}`, `up ${four}`, `up ${six}`, `up ${six}`]);
  expect(statusNow()).toMatchObject({ digest: made.digest, warnings: [], program: before.program });

  expect(await again.stop('SIGTERM')).toBe(0);
  expect(net.balance('lb1', 'undo --yes').status).toBe(0);
  expect(net.json('lb1', 'xdp status').interfaces).toEqual([]);
  expect(net.json('lb1', 'balance health --count 1').error.code).toBe('no-balancer');
});
