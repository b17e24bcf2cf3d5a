/** A pod's veth, and loopback: what can be expected where the sender's CPU receives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host, Nic } from '../../src/host/types.ts';
import { expectedLocality } from '../../src/path/expected.ts';
import { arrivalsOf, explain } from '../../src/path/explain.ts';
import { AS_IT_IS, walker } from '../../src/path/explain-walk.ts';
import { parseFlow } from '../../src/path/flow.ts';
import { joinPaths } from '../../src/path/join.ts';
import { loadsByTable } from '../../src/what-if/load.ts';
import { type GroupFacts, group, host, nic, pinned, range, veth } from '../fixtures/hosts.ts';

const SENDER = 'a veth has no IRQ and no RSS: packets are received on the CPU that sends them';

const pod = (facts: GroupFacts, more: { readonly cpus?: number; readonly eth0?: Nic } = {}) =>
  host({ cpus: more.cpus ?? 4, nics: [more.eth0 ?? veth()], groups: [group(facts)] });

const expected = (of: Host) => expectedLocality(of)[0] ?? expect.fail('nothing was joined');

function explained(of: Host, cpu: number | null = null, text = 'tcp 192.0.2.1:4000 192.0.2.2:8080') {
  const [protocol = '', source = '', destination = ''] = text.split(' ');
  const flow = parseFlow(protocol, source, destination);
  if (typeof flow === 'string') return expect.fail(flow);
  const arrivals = arrivalsOf(of, flow, null);
  if ('names' in arrivals) return expect.fail(`which of ${arrivals.names}?`);
  return explain(walker(of, { ...AS_IT_IS, cpu }), flow, arrivals)[0] ?? expect.fail('nothing was explained');
}

const steps = (of: Host, cpu: number | null = null) =>
  Object.fromEntries(
    explained(of, cpu).steps.map(({ what, value, chance, why }) => [what, { value, chance, why }]),
  );

describe('WireGuard', () => {
  const tunnel = veth({ more: { name: 'wg0', driver: 'wireguard' } });

  it('receives on each online CPU as often as on any other', () => {
    const of = pod({ workers: pinned(0, 1, 2, 3), program: 'cpu' }, { eth0: tunnel });
    expect(expected(of)).toMatchObject({ nic: 'wg0', now: 1, hash: 0.25, cpu: 1 });
    expect(expected(pod({ workers: pinned(0, 1), program: 'cpu' }, { eth0: tunnel }))).toMatchObject({
      now: 0.5,
    });
    expect(steps(of)['CPU']).toMatchObject({
      value: null,
      why: expect.stringMatching(/^WireGuard has no IRQ .* decrypts/),
    });
  });
});

describe('expected locality', () => {
  it('by hash is one in N, and 100 % with `cpu`, whoever sends', () => {
    for (const eth0 of [veth(), veth({ queues: 4 }), veth({ rps: [0, 1, 2, 3] })])
      expect(expected(pod({ workers: pinned(0, 1, 2, 3) }, { eth0 }))).toEqual({
        group: 'tcp 0.0.0.0:8080',
        nic: 'eth0',
        now: 0.25,
        hash: 0.25,
        cpu: 1,
        busiest: 0.25,
        notes: [],
      });
  });

  it('is the mean over the CPUs, by counting, with a note where it matters who sends', () => {
    const machine = fc.record({
      cpus: fc.integer({ min: 1, max: 8 }),
      workerCpus: fc.array(fc.nat(9), { minLength: 1, maxLength: 8 }),
      program: fc.constantFrom('cpu', undefined),
    });
    fc.assert(
      fc.property(machine, ({ cpus, workerCpus, program }) => {
        const found = expected(
          pod({ workers: pinned(...workerCpus), ...(program && { program }) }, { cpus }),
        );
        const on = (share: (cpu: number) => number) => range(cpus).map(share);
        const byHash = on(
          (cpu) => workerCpus.filter((workerCpu) => workerCpu === cpu).length / workerCpus.length,
        );
        const byCpu = on((cpu) => (workerCpus[cpu % workerCpus.length] === cpu ? 1 : 0));
        const mean = (shares: readonly number[]) => shares.reduce((sum, each) => sum + each, 0) / cpus;
        const now = program === 'cpu' ? byCpu : byHash;
        expect(found.now).toBeCloseTo(mean(now), 10);
        expect(found.hash).toBeCloseTo(mean(byHash), 10);
        expect(found.cpu).toBeCloseTo(mean(byCpu), 10);
        const uneven = [now, byHash, byCpu].some((shares) => new Set(shares).size > 1);
        expect(found.notes.some((note) => note.endsWith('all CPUs are taken to send alike'))).toBe(uneven);
      }),
    );
  });

  it('goes by the one CPU of RPS, and is not known behind a macvlan', () => {
    const workers = pinned(0, 1, 2, 2);
    expect(expected(pod({ workers }, { eth0: veth({ rps: [2] }) }))).toMatchObject({
      now: 0.5,
      cpu: 1,
      notes: [],
    });
    expect(expected(pod({ workers }, { eth0: veth({ more: { driver: 'macvlan' } }) }))).toMatchObject({
      now: null,
      cpu: null,
      notes: [expect.stringMatching(/the device below it receives them/)],
    });
  });

  it('is known of loopback, for a server on it alone', () => {
    const groups = [
      group({ address: '127.0.0.1', workers: pinned(0, 1) }),
      group({ port: 1, workers: pinned(0, 1) }),
    ];
    expect(expectedLocality(host({ cpus: 2, nics: [nic({ queues: 2 })], groups }))).toMatchObject([
      { group: 'tcp 0.0.0.0:1', nic: 'eth0' },
      { group: 'tcp 127.0.0.1:8080', nic: 'lo', now: 0.5, hash: 0.5, cpu: 1, notes: [] },
    ]);
  });

  it('of a single-queue veth is asked for only where nothing else receives', () => {
    const groups = [group({ workers: pinned(0) })];
    const nics = [nic({ name: 'eth0' }), veth({ name: 'veth1' }), veth({ name: 'veth2', queues: 2 })];
    const names = (of: readonly Nic[]) =>
      expectedLocality(host({ nics: of, groups })).map((each) => each.nic);
    expect(names(nics)).toEqual(['eth0', 'veth2']);
    expect(names(nics.slice(1, 2))).toEqual(['veth1']);
    expect(names([veth({ more: { state: 'down' } })])).toEqual([]);
    expect(names([veth({ name: 'lo' })])).toEqual(['lo']);
  });
});

describe('paths', () => {
  it('say who receives, in the same words', () => {
    const [byHash] = joinPaths(pod({ workers: pinned(0, 1, 2, 3) }));
    expect(byHash).toMatchObject({ cpu: null, slot: null, localShare: 0.25 });
    expect(byHash?.why).toBe(`${SENDER}; hash: 1 of 4 workers on that CPU, whichever it is`);
    const why = (facts: GroupFacts, cpus = 4) => joinPaths(pod(facts, { cpus }))[0]?.why;
    const program = 'cpu';
    expect(why({ workers: pinned(0, 1, 2, 3), program })).toBe(
      `${SENDER}; the worker is on that CPU, whichever it is`,
    );
    expect(why({ workers: pinned(1, 0), program }, 2)).toBe(
      `${SENDER}; no worker is on that CPU, whichever it is`,
    );
    expect(why({ workers: pinned(0, 1) })).toBe(`${SENDER}; mean of CPUs 0-3, if all of them send alike`);
    expect(joinPaths(pod({ workers: pinned(0), program }))[0]).toMatchObject({
      slot: 0,
      worker: { pid: 1000 },
    });
  });

  it('do not say that the RSS table is not known', () => {
    const { notes } = expected(pod({ workers: pinned(0, 1) }, { eth0: veth({ queues: 4 }), cpus: 2 }));
    expect(notes).toEqual([]);
  });
});

describe('explain', () => {
  const web = { workers: pinned(0, 1, 2, 3) };

  it('has no steps for what a veth does not have, and says how to go on', () => {
    const found = steps(pod(web, { eth0: veth({ queues: 4 }) }));
    expect(Object.keys(found)).toEqual([
      'interface',
      'CPU',
      'group',
      'selection',
      'slot',
      'worker',
      'tx queue',
      'locality',
    ]);
    expect(found['CPU']).toMatchObject({ value: null, why: `${SENDER} (--cpu N: as if sent on CPU N)` });
    expect(found['slot']).toMatchObject({ value: null, chance: 0.25 });
    expect(found['locality']).toMatchObject({ value: null, chance: 0.25 });
  });

  it('knows that `cpu` is local before it knows who sends', () => {
    const steered = pod({ ...web, program: 'cpu' });
    expect(explained(steered)).toMatchObject({ cpu: null, slot: null, localShare: 1 });
    expect(steps(steered)['slot']?.why).toMatch(/^it depends on the receiving CPU .*--cpu/);
    expect(explained(steered, 2)).toMatchObject({ cpu: 2, slot: 2, localShare: 1 });
  });

  it('runs a program that reads the packet for each CPU that may send', () => {
    // The low bit of the destination port is 0, so the result is the CPU's.
    const program = [
      [0x28, 0, 0, 0xfff00016],
      [0x54, 0, 0, 1],
      [0x07, 0, 0, 0],
      [0x20, 0, 0, 0xfffff024],
      [0x0c, 0, 0, 0],
      [0x94, 0, 0, 4],
      [0x16, 0, 0, 0],
    ] as const;
    const found = explained(pod({ ...web, program }));
    expect(found).toMatchObject({ slot: null, localShare: 1 });
    const fixed = [
      [0x28, 0, 0, 0xfff00016],
      [0x54, 0, 0, 3],
      [0x16, 0, 0, 0],
    ] as const;
    expect(explained(pod({ ...web, program: fixed }))).toMatchObject({
      slot: 0,
      worker: { pid: 1000 },
      localShare: 0.25,
    });
  });

  it('shows where RPS moves the packets', () => {
    const moved = steps(pod(web, { eth0: veth({ rps: [3] }) }));
    expect(moved['CPU']).toMatchObject({ value: null });
    expect(moved['RPS']).toMatchObject({ value: 3, why: 'RPS moves packets to CPU 3' });
    const spread = steps(pod(web, { eth0: veth({ rps: [1, 3] }) }));
    expect(spread['RPS']).toMatchObject({
      value: null,
      chance: 0.5,
      why: expect.stringMatching(/1,3, by the kernel/),
    });
  });
});

it('what-if: who gets how much by hash, and nothing of what the senders decide', () => {
  const [load] = loadsByTable(pod({ workers: pinned(0, 1, 2, 3) }));
  expect(load).toMatchObject({ nic: 'eth0', local: 0.25, queues: [], cpus: [], notes: [] });
  expect(load?.workers.map(({ share }) => share)).toEqual([0.25, 0.25, 0.25, 0.25]);
  const [steered] = loadsByTable(pod({ workers: pinned(0, 1, 2, 3), program: 'cpu' }));
  expect(steered).toMatchObject({ local: 1, unknown: { queues: 0, cpus: 1, workers: 1 } });
});
