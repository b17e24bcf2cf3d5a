/** `xdp drops` against the counters of a spread whose queues are too short: both count every packet. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { toXdpDrops } from '../../src/measure/xdp-drops.ts';
import { useVethPair } from './veth-pair.ts';

const { json, words, statusOf, send } = useVethPair('lt-drops');

interface Line {
  readonly interfaces: readonly {
    readonly iface: string;
    readonly queues: readonly { readonly cpu: number; readonly dropped: number }[];
  }[];
}

it('counts what the queue of each CPU drops, to the packet', async () => {
  const spread = json(
    'xdp spread --iface v0 --mode generic --port 4000 --by round --cpus 0-1 --queue 1 --yes',
  );
  expect(spread.changed).toBe(true);
  const child = spawn('ip', words('xdp drops --iface v0 -i 1 -j'), { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<Line> => JSON.parse((await lines.next()).value ?? 'null');
  // It counts from now on.
  await next();
  const before = statusOf().lost;
  send(6_000, 1);
  const { lost, counters } = statusOf();
  expect(lost - before).toBeGreaterThan(0);
  expect(counters.spread).toBe(6_000);
  const dropped = new Map<number, number>();
  const sum = () => [...dropped.values()].reduce((total, each) => total + each, 0);
  for (let line = 0; line < 40 && sum() < lost - before; line++)
    for (const { cpu, dropped: more } of (await next()).interfaces[0]?.queues ?? [])
      dropped.set(cpu, (dropped.get(cpu) ?? 0) + more);
  child.kill('SIGINT');
  await ended;
  expect(Object.fromEntries(dropped)).toEqual(
    Object.fromEntries(
      counters.perCpu
        .map((each: { cpu: number; spread: number; arrived: number }) => [
          each.cpu,
          each.spread - each.arrived,
        ])
        .filter(([, count]: readonly [number, number]) => count > 0),
    ),
  );
  json('xdp detach --iface v0 --yes');
});

it('adds up over the CPUs that count', () => {
  const counts = new Map([
    [
      'exceptions',
      new Map([
        ['7,0,0', 3],
        ['7,0,1', 4],
        ['7,3,0', 1],
      ]),
    ],
    ['errors', new Map([['7,-28,1', 2]])],
    [
      'queue',
      new Map([
        ['9,1,0', 5],
        ['9,1,1', 6],
        ['9,2,0', 0],
      ]),
    ],
    ['memory', new Map<string, number>()],
  ]);
  expect(toXdpDrops(counts)).toEqual({
    programs: [
      { programId: 7, action: 0, errno: null, count: 7 },
      { programId: 7, action: 3, errno: null, count: 1 },
      { programId: 7, action: null, errno: 28, count: 2 },
    ],
    ways: [{ mapId: 9, cpu: 1, why: 'queue', count: 11 }],
  });
});
