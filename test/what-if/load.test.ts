import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/types.ts';
import { expectedLocality } from '../../src/path/expected.ts';
import { arrivalsOf } from '../../src/path/explain.ts';
import { walker } from '../../src/path/explain-walk.ts';
import { endpoint, type Flow } from '../../src/path/flow.ts';
import { parseHostChange } from '../../src/what-if/change.ts';
import { type Load, loadByFlows, loadsByTable } from '../../src/what-if/load.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { KEY, keyed } from '../path/flows.ts';

const byFlows = (machine: Host, flows: readonly Flow[]) =>
  loadByFlows(
    walker(machine),
    flows.map((flow) => {
      const arrivals = arrivalsOf(machine, flow, null);
      return [flow, 'names' in arrivals ? expect.fail('several') : arrivals];
    }),
  );

/** Microsoft's definition, bit by bit, on numbers that have enough of them. */
function slowHash({ source, destination }: Flow): number {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const port = ({ port }: { readonly port: number }) => port.toString(16).padStart(4, '0');
  const data = BigInt(`0x${hex(source.bytes)}${hex(destination.bytes)}${port(source)}${port(destination)}`);
  const key = BigInt(`0x${KEY}`);
  let hash = 0n;
  for (let bit = 0n; bit < 96n; bit++)
    if ((data >> (95n - bit)) & 1n) hash ^= (key >> (320n - 32n - bit)) & 0xffffffffn;
  return Number(hash);
}

/** 10,000 flows of many clients, the same each time. */
const FLOWS = Array.from({ length: 10_000 }, (_, index): Flow => {
  const mixed = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  const client = Uint8Array.of(198, 51, 100 + (mixed & 3), (mixed >>> 2) & 255);
  return {
    protocol: 'tcp',
    source: endpoint(client, 1024 + ((mixed >>> 10) % 60_000)),
    destination: endpoint(Uint8Array.of(192, 0, 2, 10), 443),
  };
});

const shares = (counts: readonly number[]) => counts.map((count) => count / FLOWS.length);

describe('the load by 10,000 flows', () => {
  const irqCpus = [0, 1, 2, 3, 0, 1, 2, 3];
  const workerCpus = [3, 1, 0, 2, 5];
  const table = range(128).map((entry) => [0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 3][entry % 11] ?? 0);
  const machine = host({
    nics: [keyed({ queues: 8, irqCpus, rss: table })],
    groups: [group({ port: 443, workers: pinned(...workerCpus), program: 'cpu' })],
  });
  const queues = FLOWS.map((flow) => table[slowHash(flow) % 128] ?? -1);

  it('is what counting them one by one gives', () => {
    const load = byFlows(machine, FLOWS);
    const count = <T>(of: readonly T[], wanted: readonly T[]) =>
      shares(wanted.map((each) => of.filter((one) => one === each).length));
    const cpus = queues.map((queue) => irqCpus[queue] ?? -1);
    const slots = cpus.map((cpu) => cpu % workerCpus.length);
    expect(load.queues.map(({ share }) => share)).toEqual(count(queues, range(8)));
    expect(load.cpus).toEqual(count(cpus, range(4)).map((share, cpu) => ({ cpu, share })));
    expect(load.workers.map(({ share }) => share)).toEqual(count(slots, range(5)));
    expect(load.local).toBeCloseTo(
      cpus.filter((cpu, at) => workerCpus[slots[at] ?? -1] === cpu).length / FLOWS.length,
      12,
    );
    expect(load).toMatchObject({
      counted: FLOWS.length,
      unknown: { queues: 0, cpus: 0, workers: 0 },
      notes: [],
    });
  });

  it('under a change is what counting gives with that change', () => {
    const change = parseHostChange('rss=weight 1 1 0 0 0 0 0 0');
    if (typeof change === 'string') return expect.fail(change);
    const load = byFlows(change(machine), FLOWS);
    const zero = FLOWS.filter((flow) => slowHash(flow) % 128 < 64).length;
    expect(load.queues.slice(0, 3).map(({ share }) => share)).toEqual(shares([zero, FLOWS.length - zero, 0]));
  });

  it('comes close to that of the table, whose entries it fills', () => {
    const [byTable] = loadsByTable(machine);
    const byList = byFlows(machine, FLOWS);
    for (const [index, { share }] of (byTable?.queues ?? []).entries())
      expect(Math.abs(share - (byList.queues[index]?.share ?? 0))).toBeLessThan(
        4 * Math.sqrt((share * (1 - share)) / FLOWS.length) + 0.01,
      );
  });

  it('is spread over the members that the hash, or SO_INCOMING_CPU, may take', () => {
    const hashed = byFlows(
      { ...machine, groups: [group({ port: 443, workers: pinned(0, 1, 2, 3) })] },
      FLOWS,
    );
    expect(hashed.workers.map(({ share }) => share)).toEqual([0.25, 0.25, 0.25, 0.25]);
    const incoming = group({
      port: 443,
      workers: range(4).map((cpu) => ({ cpu, incomingCpu: cpu })),
      more: { selection: 'incoming_cpu' },
    });
    const byCpu = byFlows({ ...machine, groups: [incoming] }, FLOWS);
    expect(byCpu.workers.map(({ share }) => share)).toEqual(byCpu.cpus.map(({ share }) => share));
    expect(byCpu.local).toBe(1);
  });

  it('has a socket without a group as one worker, in no slot', () => {
    const owners = [owner([2])];
    const lone = {
      id: 'tcp 0.0.0.0:443',
      protocol: 'tcp',
      address: '0.0.0.0',
      port: 443,
      device: null,
      inode: 7,
      owners,
      processes: 1,
      recvQueue: 0,
      drops: 0,
    } as const;
    const load = byFlows({ ...machine, groups: [], lone: [lone] }, FLOWS.slice(0, 10));
    expect(load.workers).toEqual([{ group: lone.id, slot: null, pid: 1000, cpu: 2, share: 1 }]);
  });

  it('counts the unknown as unknown', () => {
    const blind = byFlows({ ...machine, nics: [nic({ queues: 8 })] }, FLOWS.slice(0, 10));
    expect(blind).toMatchObject({
      local: null,
      unknown: { queues: 1, cpus: 1, workers: 1 },
      notes: ['the rx queue is not known'],
    });
  });
});

describe('the load by the table', () => {
  it('has the locality that is expected, and shares that add up', () => {
    const facts = fc.record({
      irqCpus: fc.array(fc.oneof(fc.nat(5), fc.constant(null)), { minLength: 1, maxLength: 6 }),
      workerCpus: fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }),
      program: fc.constantFrom('cpu', 'rand', 'hash', undefined),
    });
    fc.assert(
      fc.property(facts, ({ irqCpus, workerCpus, program }) => {
        const machine = host({
          nics: [nic({ queues: irqCpus.length, irqCpus })],
          groups: [group({ workers: pinned(...workerCpus), ...(program && { program }) })],
        });
        const loads = loadsByTable(machine);
        expect(loads.map(({ local }) => local)).toEqual(expectedLocality(machine).map(({ now }) => now));
        const sum = (of: readonly { readonly share: number }[]) =>
          of.reduce((all, { share }) => all + share, 0);
        for (const { queues, cpus, workers, unknown } of loads satisfies Load[]) {
          expect(sum(queues) + unknown.queues).toBeCloseTo(1, 9);
          expect(sum(cpus) + unknown.cpus).toBeCloseTo(1, 9);
          expect(sum(workers) + unknown.workers).toBeCloseTo(1, 9);
        }
      }),
    );
  });
});
