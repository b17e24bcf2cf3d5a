import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../../src/host/types.ts';
import { applied } from '../../../src/tune/applied.ts';
import { expectedFor, planTuning } from '../../../src/tune/plan.ts';
import { KINDS, type PlanOptions } from '../../../src/tune/types.ts';
import { group, host, nic, owner, range, type Worker } from '../../fixtures/hosts.ts';
import { DEFAULTS, viewOf } from './defaults.ts';

/** The same machines each time, so that a red test is a change's own. SEED=N looks at others. */
const SEED = { seed: Number(process.env['SEED'] ?? 1) };

const cpu = fc.nat(11);
const port = (name: string, firstIrq: number) =>
  fc
    .record({
      queues: fc.integer({ min: 1, max: 6 }),
      max: fc.nat(8),
      cpus: fc.array(fc.oneof(cpu, fc.constant(null), fc.constant([0, 1, 2])), {
        minLength: 6,
        maxLength: 6,
      }),
      xps: fc.oneof(fc.boolean(), fc.constant(null)),
      rps: fc.oneof(fc.constant([]), fc.constant([3, 5]), fc.constant(null)),
      rfsFlows: fc.constantFrom(0, 2048),
      table: fc.option(fc.array(fc.nat(5), { minLength: 1, maxLength: 24 })),
      ntupleRules: fc.constantFrom(0, 0, 0, 2),
      numaNode: fc.constantFrom(-1, 0, 1),
    })
    .map(({ queues, max, cpus, xps, rps, rfsFlows, table, ntupleRules, numaNode }) =>
      nic({
        name,
        firstIrq,
        queues,
        irqCpus: cpus,
        xps,
        rps,
        rfsFlows,
        ntupleRules,
        rss: queues === 1 || table === null ? null : table.map((queue) => queue % queues),
        more: {
          numaNode,
          channels:
            max === 0
              ? null
              : {
                  rx: null,
                  tx: null,
                  combined: { current: queues, max: Math.max(queues, max) },
                  other: null,
                },
        },
      }),
    );

const apart = (worker: Worker, at: number): Worker => ({
  ...worker,
  more: {
    owners: [
      owner(worker.cpu === undefined ? (worker.cpus ?? null) : [worker.cpu], {
        pid: 2000 + at,
        tid: 2000 + at,
      }),
    ],
  },
});

const workers: fc.Arbitrary<Worker[]> = fc.array(
  fc.oneof(
    cpu.map((each) => ({ cpu: each })),
    fc.constant({ cpus: range(12) }),
    fc.constant({ cpus: [2, 3, 4] }),
    fc.constant({ cpus: null }),
  ),
  { minLength: 1, maxLength: 8 },
);

const machine: fc.Arbitrary<Host> = fc
  .record({
    online: fc.subarray(range(12), { minLength: 1 }),
    isolated: fc.subarray([3, 7]),
    eth0: port('eth0', 32),
    eth1: port('eth1', 64),
    workers,
    others: workers,
    program: fc.constantFrom('cpu' as const, 'rand' as const, undefined),
    slots: fc.constantFrom('kernel' as const, 'guess' as const, null),
    /** One server on two ports, or two servers. */
    same: fc.boolean(),
    siblings: fc.boolean(),
    running: fc.constantFrom(true, false, null),
    rfs: fc.constantFrom(0, 1024, null),
  })
  .map(({ online, isolated, eth0, eth1, workers, others, program, slots, same, siblings, running, rfs }) => {
    const made = host({
      cpus: online,
      numa: [online.filter((each) => each < 6), online.filter((each) => each > 5)],
      nics: [eth0, eth1],
      rpsSockFlowEntries: rfs,
      irqbalance: { running, bannedIrqs: running === null ? null : [33] },
      groups: [
        group({ workers, slotSource: slots, ...(program && { program }) }),
        group({ port: 8081, workers: same ? workers : others.map(apart) }),
      ],
    });
    const smtSiblings = siblings ? range(6).map((core) => [core, core + 6]) : [];
    return { ...made, machine: { ...made.machine, cpus: { ...made.machine.cpus, isolated, smtSiblings } } };
  });

const options: fc.Arbitrary<PlanOptions> = fc.record({
  ifaces: fc.constantFrom(['eth0'], ['eth0', 'eth1'], []),
  ports: fc.constantFrom([8080], [8080, 8081], []),
  protocol: fc.constant('tcp' as const),
  only: fc.oneof(fc.constant([]), fc.subarray([...KINDS])),
  cpus: fc.option(fc.subarray(range(12), { minLength: 1 })),
  irqCpus: fc.option(fc.subarray(range(12), { minLength: 1 }), { freq: 1 }),
  avoidCpus: fc.oneof(fc.constant([]), fc.constant([]), fc.subarray(range(12))),
  smt: fc.constantFrom('one' as const, 'both' as const),
  program: fc.constantFrom(null, null, null, 'map', 'cpu', 'nonsense'),
});

describe('planTuning', () => {
  it('needs nothing more once it was applied', () => {
    fc.assert(
      fc.property(machine, options, (before, asked) => {
        const plan = planTuning(viewOf(before), asked);
        const after = applied(before, plan);
        expect(planTuning(viewOf(after), asked).changes).toEqual([]);
      }),
      { ...SEED, numRuns: 500 },
    );
  });

  it('changes nothing that was not named, and only the requested kinds', () => {
    fc.assert(
      fc.property(machine, options, (before, asked) => {
        const threads = new Set(
          before.groups
            .filter(({ port }) => asked.ports.includes(port))
            .flatMap(({ sockets }) => sockets.flatMap(({ owners }) => owners.map(({ tid }) => tid))),
        );
        for (const { kind, target } of planTuning(viewOf(before), asked).changes) {
          if ('nic' in target) expect(asked.ifaces).toContain(target.nic);
          if (target.kind === 'pin') expect(threads).toContain(target.tid);
          if (asked.only.length > 0) expect(asked.only).toContain(kind);
        }
      }),
      SEED,
    );
  });

  it('sends nothing to a CPU that is offline, isolated or not in --cpus', () => {
    fc.assert(
      fc.property(machine, options, (before, asked) => {
        const { online, isolated } = before.machine.cpus;
        const rest = online.filter((each) => !isolated.includes(each));
        // If all CPUs are isolated, there is no other one to use.
        const usable = asked.cpus ?? (rest.length > 0 ? rest : online);
        const pinned = before.groups.flatMap(({ sockets }) => sockets.flatMap(({ cpus }) => cpus));
        const allowed = new Set([...usable, ...(asked.cpus === null ? pinned : [])]);
        for (const { kind, to } of planTuning(viewOf(before), asked).changes) {
          if (kind !== 'irq' && kind !== 'pin') continue;
          expect(online).toContain(Number(to));
          expect(asked.avoidCpus).not.toContain(Number(to));
          if (asked.irqCpus === null) expect(allowed).toContain(Number(to));
          else if (kind === 'irq') expect(asked.irqCpus).toContain(Number(to));
          else expect(asked.irqCpus).not.toContain(Number(to));
        }
      }),
      SEED,
    );
  });

  it('never makes a group that was known less local', () => {
    fc.assert(
      fc.property(machine, (before) => {
        const asked = { ...DEFAULTS, ifaces: ['eth0', 'eth1'], ports: [8080] };
        const after = expectedFor(applied(before, planTuning(viewOf(before), asked)), asked);
        for (const [index, { now }] of expectedFor(before, asked).entries()) {
          const then = after[index]?.now ?? null;
          if (now !== null && then !== null) expect(then).toBeGreaterThanOrEqual(now - 1e-9);
        }
      }),
      SEED,
    );
  });

  it('makes all packets local wherever each worker can have a CPU and a queue', () => {
    const workerCpus = fc.oneof(
      fc
        .shuffledSubarray(range(12), { minLength: 2, maxLength: 8 })
        .map((cpus) => cpus.map((each) => ({ cpu: each }))),
      fc.integer({ min: 2, max: 8 }).map((count) => range(count).map(() => ({ cpus: range(12) }))),
    );
    fc.assert(
      fc.property(port('eth0', 32), workerCpus, fc.integer({ min: 8, max: 16 }), (eth0, workers, max) => {
        const queues = eth0.rxQueues.length;
        const plain = {
          ...eth0,
          rss: nic({ queues: Math.max(2, queues) }).rss,
          rxQueues: eth0.rxQueues.map((queue) => ({ ...queue, rps: [5] })),
          channels: { rx: null, tx: null, combined: { current: queues, max }, other: null },
        };
        const before = host({ cpus: 12, nics: [plain], groups: [group({ workers })] });
        const after = applied(before, planTuning(viewOf(before), DEFAULTS));
        expect(expectedFor(after, DEFAULTS).map(({ now }) => now)).toEqual([1]);
      }),
      SEED,
    );
  });
});
