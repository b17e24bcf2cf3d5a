/** Threads of threaded NAPI: each goes to the CPU of the worker that its queue feeds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host, NapiThread } from '../../../src/host/types.ts';
import { applied } from '../../../src/tune/applied.ts';
import { expectedFor, planTuning } from '../../../src/tune/plan.ts';
import { fromSaved, toSaved } from '../../../src/tune/saved.ts';
import { parseChange } from '../../../src/tune/shape.ts';
import type { PlanOptions } from '../../../src/tune/types.ts';
import { group, host, nic, pinned, range } from '../../fixtures/hosts.ts';
import { DEFAULTS, viewOf } from './defaults.ts';

const OPTIONS: PlanOptions = { ...DEFAULTS, ifaces: ['eth0'], ports: [8080] };

const thread = (queue: number, cpus: readonly number[] | null, pid = 70 + queue): NapiThread => ({
  pid,
  comm: `napi/eth0-${8193 + queue}`,
  napi: 8193 + queue,
  rx: [queue],
  tx: [queue],
  cpus,
});

/** Queue i interrupts CPU i, where worker i is; the threads run anywhere unless they are given. */
const machine = (threads: readonly NapiThread[] | null, driver = 'ixgbe'): Host =>
  host({
    cpus: 4,
    nics: [nic({ queues: 4, xps: true, threadedNapi: true, more: { napiThreads: threads, driver } })],
    groups: [group({ workers: pinned(0, 1, 2, 3), program: 'cpu' })],
  });
const loose = machine(range(4).map((queue) => thread(queue, range(4))));

describe('a NIC with threaded NAPI', () => {
  it('has each thread pinned to the CPU of its worker, and is local then', () => {
    const plan = planTuning(viewOf(loose), OPTIONS);
    expect(plan.refused).toEqual([]);
    expect(
      plan.changes.map(({ kind, subject, from, to, command }) => [kind, subject, from, to, command]),
    ).toEqual(
      range(4).map((n) => [
        'napi',
        `napi/eth0-${8193 + n} ${70 + n} (eth0 rx-${n})`,
        '0-3',
        `${n}`,
        `taskset -cp ${n} ${70 + n}`,
      ]),
    );
    const after = applied(loose, plan);
    expect(expectedFor(loose, OPTIONS)[0]?.now).toBeNull();
    expect(expectedFor(after, OPTIONS)[0]?.now).toBe(1);
    expect(planTuning(viewOf(after), OPTIONS).changes).toEqual([]);
  });

  it('is left alone where its threads are where they belong, or --only says so', () => {
    const placed = machine(range(4).map((queue) => thread(queue, [queue])));
    expect(planTuning(viewOf(placed), OPTIONS)).toMatchObject({ changes: [], refused: [] });
    const irqs = planTuning(viewOf(loose), { ...OPTIONS, only: ['irq'] });
    expect(irqs.changes).toEqual([]);
    expect(irqs.refused[0]?.why).toMatch(/^With threaded NAPI the CPU is that of kernel threads/);
  });

  it('keeps its threads where it is not known which receives for which queue', () => {
    for (const threads of [null, [], range(4).map((n) => ({ ...thread(n, range(4)), rx: [] }))]) {
      const { changes, refused } = planTuning(viewOf(machine(threads)), OPTIONS);
      expect(changes).toEqual([]);
      expect(refused.map(({ why }) => why)).toContainEqual(
        expect.stringMatching(/^rx-0 … rx-3: which NAPI thread /),
      );
    }
    // Without threads the NAPI of a veth is off.
    expect(planTuning(viewOf(machine([], 'veth')), { ...OPTIONS, only: ['napi'] }).refused).toEqual([]);
  });

  it('has its threads found again by their queues in a saved plan', () => {
    const { saved, left } = toSaved(planTuning(viewOf(loose), OPTIONS), loose);
    expect(left).toEqual([]);
    const reborn = machine(range(4).map((queue) => thread(queue, range(4), 900 + queue)));
    const plan = fromSaved(JSON.parse(JSON.stringify(saved)), reborn);
    expect(plan.changes.map(({ target }) => target)).toEqual(
      range(4).map((n) =>
        expect.objectContaining({ kind: 'napi', pid: 900 + n, startTime: null, queues: [n] }),
      ),
    );
    expect(fromSaved(saved, machine([])).refused).toHaveLength(4);
  });

  it('has changes that a journal takes back as they were', () => {
    const { changes } = planTuning(viewOf(loose), OPTIONS);
    for (const change of changes) expect(parseChange(JSON.parse(JSON.stringify(change)))).toEqual(change);
    const [change] = changes;
    const bad = fc.record({
      nic: fc.constantFrom('eth0', '../x', 7),
      queues: fc.constantFrom([0], 'all', [-1]),
      pid: fc.constantFrom(70, 0, -1, '70'),
      startTime: fc.constantFrom(null, '12', 'x', 12),
      napi: fc.constantFrom(8193, -1, null),
      comm: fc.constantFrom('napi/eth0-8193', 7),
    });
    fc.assert(
      fc.property(bad, (parts) => {
        const { nic, queues, pid, startTime, napi, comm } = parts;
        const fine =
          nic === 'eth0' &&
          Array.isArray(queues) &&
          queues[0] === 0 &&
          pid === 70 &&
          (startTime === null || startTime === '12') &&
          napi === 8193 &&
          comm === 'napi/eth0-8193';
        expect(parseChange({ ...change, target: { kind: 'napi', ...parts } }) !== null).toBe(fine);
      }),
    );
  });
});
