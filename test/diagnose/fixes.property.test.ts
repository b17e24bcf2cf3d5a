import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/diagnose/types.ts';
import type { Host } from '../../src/host/types.ts';
import { expectedLocality } from '../../src/path/expected.ts';
import { applied } from '../../src/tune/applied.ts';
import { STAYS } from '../../src/tune/plan/irq.ts';
import { planTuning } from '../../src/tune/plan.ts';
import { group, host, nic, pinned, range } from '../fixtures/hosts.ts';
import { machines } from './random-machines.ts';
import { runFixes } from './run-fixes.ts';
import { findings, viewOf } from './view.ts';

const CHANNELS = /^ethtool -L (\S+) /;

const commands = (found: readonly Finding[]) => found.flatMap(({ fix }) => fix);

/**
 * The same machines each time, so that a red test is a change's own. SEED=N looks at others. They are as many as a machine
 * with twenty other jobs looks at within the time limit.
 */
const SEED = Number(process.env['SEED'] ?? 1);

describe('all commands of one output, run in order', () => {
  it('leave nothing to run', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const first = findings(machine);
        if (commands(first).some((command) => CHANNELS.test(command))) return;
        const after = runFixes(machine, first);
        expect(findings(after).filter(({ fix }) => fix.some((command) => !CHANNELS.test(command)))).toEqual(
          [],
        );
      }),
      { numRuns: 150, seed: SEED },
    );
  });

  it('change the channels of a NIC on their own', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const all = commands(findings(machine));
        for (const command of all) {
          const name = CHANNELS.exec(command)?.[1];
          const changed = machine.nics.find((each) => each.name === name);
          if (changed === undefined) continue;
          const own = changed.irqs.map(({ irq }) => `/proc/irq/${irq}/`);
          const others = all.filter((other) => other !== command);
          expect(others.filter((other) => own.some((file) => other.includes(file)))).toEqual([]);
          expect(
            others.filter(
              (other) => other.includes(`/${name}/queues/`) || CHANNELS.exec(other)?.[1] === name,
            ),
          ).toEqual([]);
        }
      }),
      { numRuns: 100, seed: SEED },
    );
  });

  it('never point to an isolated CPU without a worker', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const first = findings(machine);
        if (commands(first).some((command) => CHANNELS.test(command))) return;
        const after = runFixes(machine, first);
        const workers = new Set(after.groups.flatMap(({ sockets }) => sockets.flatMap(({ cpus }) => cpus)));
        const { isolated, online } = machine.machine.cpus;
        if (isolated.length === online.length) return;
        const set = new Set(isolated.filter((cpu) => !workers.has(cpu)));
        for (const [at, each] of after.nics.entries()) {
          for (const [queue, { xpsCpus }] of each.txQueues.entries())
            if (xpsCpus?.some((cpu) => set.has(cpu)))
              expect(xpsCpus).toEqual(machine.nics[at]?.txQueues[queue]?.xpsCpus);
          if (
            machine.machine.cpus.isolated.length < machine.machine.cpus.online.length &&
            each.rxQueues.length > 0
          )
            for (const irq of each.irqs)
              if (irq.queues.length > 0) expect(set.has(irq.effective?.[0] ?? -1) ? irq.name : '').toBe('');
        }
      }),
      { numRuns: 100, seed: SEED },
    );
  });
});

/** One NIC, and workers that are each pinned to a CPU of their own. */
const staffed = fc.record({
  queues: fc.integer({ min: 2, max: 12 }),
  irqCpus: fc.array(fc.nat(7), { minLength: 1, maxLength: 12 }),
  workers: fc.shuffledSubarray(range(8), { minLength: 2 }),
  online: fc.constantFrom(8, 8, 12),
});

describe('with pinned workers, all commands of one output', () => {
  const share = (machine: Host) => expectedLocality(machine)[0];

  it('leave crowded queues as local as before at least, and as a plan does', () => {
    let crowded = 0;
    fc.assert(
      fc.property(staffed, ({ queues, irqCpus, workers, online }) => {
        const spread = range(queues).map((at) => irqCpus[at % irqCpus.length] ?? 0);
        const machine = host({
          cpus: online,
          nics: [nic({ queues, irqCpus: spread, xps: true })],
          groups: [group({ workers: pinned(...workers) })],
        });
        const first = findings(machine);
        const moved = first.some(({ rule, fix }) => rule === 'irqs-share-cpu' && fix.length > 0);
        const after = runFixes(machine, first);
        if (!moved) return;
        crowded++;
        const planned = share(applied(machine, planTuning(viewOf(machine), { ...OPTIONS, ports: [8080] })));
        expect(share(after)?.now).toBeGreaterThanOrEqual(share(machine)?.now ?? 1);
        expect(share(after)?.now).toBeCloseTo(planned?.now ?? -1);
        // A table of 128 entries is not divisible by all numbers of queues.
        if (queues % workers.length === 0)
          expect(share(after)?.busiest).toBeLessThan(1 / workers.length + 0.03);
      }),
      { numRuns: 100, seed: SEED },
    );
    expect(crowded).toBeGreaterThan(20);
  });
});

const OPTIONS = {
  ifaces: ['eth0'],
  ports: [],
  protocol: 'tcp',
  only: [],
  cpus: null,
  irqCpus: null,
  avoidCpus: [],
  smt: 'one',
  program: null,
} as const;

/** Of threads a plan says what to do, and leaves them. It does not set keys, and serves only workers of ports that are named. */
const LEFT_TO_PEOPLE = ['threaded-napi', 'rss-key-weak', 'more-workers-than-queues'];

describe('a plan for all interfaces, and all commands of one output', () => {
  const planFor = (machine: Host) =>
    planTuning(viewOf(machine), { ...OPTIONS, ifaces: machine.nics.map(({ name }) => name) });
  const before = machines.filter(({ nics }) =>
    // A write that has not taken effect yet is one that a plan does not repeat.
    nics.every(({ irqs }) =>
      irqs.every(({ affinity, effective }) => affinity?.includes(effective?.[0] ?? -1)),
    ),
  );

  it('the plan leaves no command about a NIC', () => {
    fc.assert(
      fc.property(before, (machine) => {
        const left = findings(applied(machine, planFor(machine))).filter(
          ({ rule, fix }) => !LEFT_TO_PEOPLE.includes(rule) && fix.some((command) => ABOUT_NIC.test(command)),
        );
        expect(left).toEqual([]);
      }),
      { numRuns: 150, seed: SEED },
    );
  });

  it('the commands leave nothing to plan but what keeps an interrupt where it is', () => {
    fc.assert(
      fc.property(before, (machine) => {
        const first = findings(machine);
        if (commands(first).some((command) => CHANNELS.test(command))) return;
        const after = runFixes(machine, first);
        const { changes } = planFor(after);
        // Channels are changed on their own.
        const more = commands(findings(after)).some((command) => CHANNELS.test(command));
        if (more && changes.some(({ kind }) => kind === 'channels')) return;
        expect(changes.filter(({ why }) => why !== STAYS)).toEqual([]);
      }),
      { numRuns: 150, seed: SEED },
    );
  });
});

/** A command that changes a NIC, and no group. */
const ABOUT_NIC = /^ethtool|\/proc\/irq|\/sys\/class\/net|irqbalance/;
