/** Queues that ntuple rules and RSS contexts use are theirs. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { NtupleRule } from '../../../src/host/types.ts';
import { ownedQueues } from '../../../src/path/ntuple.ts';
import { planTuning } from '../../../src/tune/plan.ts';
import { group, host, nic, pinned, range } from '../../fixtures/hosts.ts';
import { DEFAULTS, viewOf } from './defaults.ts';

const QUEUES = 8;

const toQueue = (location: number, queue: number): NtupleRule => ({
  location,
  flow: 'udp4',
  source: null,
  destination: null,
  sourcePort: null,
  destinationPort: { value: 9000 + location, mask: 0xffff },
  protocol: null,
  partial: false,
  action: 'queue',
  queue,
  context: null,
});

it('a plan neither moves their IRQs nor puts entries on them, and says whose they are', () => {
  const machines = fc.record({
    irqCpus: fc.array(fc.nat(7), { minLength: QUEUES, maxLength: QUEUES }),
    ruled: fc.array(fc.nat(QUEUES - 1), { maxLength: 2 }),
    inContext: fc.array(fc.nat(QUEUES - 1), { maxLength: 3 }),
    table: fc.array(fc.nat(QUEUES + 1), { minLength: 8, maxLength: 8 }),
    workers: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(machines, ({ irqCpus, ruled, inContext, table, workers }) => {
      const rules = ruled.map((queue, location) => toQueue(location, queue));
      const contextTables =
        inContext.length === 0 ? [] : [{ context: 1, hashFunction: null, key: null, indirection: inContext }];
      const eth0 = nic({
        queues: QUEUES,
        irqCpus,
        rss: table,
        contexts: contextTables.map(({ context }) => context),
        ntupleRules: rules.length,
      });
      const nics = [{ ...eth0, rss: eth0.rss && { ...eth0.rss, rules, contextTables } }];
      const { changes, notes } = planTuning(
        viewOf(host({ nics, groups: [group({ workers: pinned(...range(workers)) })] })),
        DEFAULTS,
      );
      const owned = ownedQueues(nics[0] ?? eth0);
      expect(new Set(owned.keys())).toEqual(new Set([...ruled, ...inContext]));
      for (const { kind, target, to } of changes) {
        if (target.kind === 'irq')
          for (const queue of owned.keys()) expect(target.queues).not.toContain(queue);
        if (kind !== 'rss') continue;
        const entries = to === 'default' ? range(QUEUES) : to.split(' ').map(Number);
        for (const queue of owned.keys()) expect(entries).not.toContain(queue);
      }
      const said = notes.filter((note) => /to (rule|RSS context) .*leaves their IRQs/.test(note));
      expect(said).toHaveLength(owned.size > 0 ? 1 : 0);
    }),
  );
});
