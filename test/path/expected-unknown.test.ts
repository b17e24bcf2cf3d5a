import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Group, Nic } from '../../src/host/types.ts';
import { expectedLocality } from '../../src/path/expected.ts';
import { joinPaths } from '../../src/path/join.ts';
import { likelyInstruction } from '../cbpf/arbitrary.ts';
import { type GroupFacts, group, host, nic, owner, pinned } from '../fixtures/hosts.ts';

const expected = (port: Nic, of: Group) => expectedLocality(host({ nics: [port], groups: [of] }))[0];

const cpuNumber = fc.nat(12);

describe('what is not known is null, with the reason', () => {
  const workers = pinned(0, 1);
  const all = { now: null, hash: null, cpu: null };

  it.each([
    ['RPS spreads', nic({ queues: 2, rps: [0, 1] })],
    ['threaded NAPI', nic({ queues: 2, threadedNapi: true })],
    [
      'IRQ may run on several CPUs',
      nic({
        queues: 2,
        irqCpus: [
          [0, 1],
          [0, 1],
        ],
      }),
    ],
    ['IRQ is not known', nic({ queues: 2, irqCpus: [null, null] })],
    ['a queue that does not exist', nic({ queues: 2, rss: [7] })],
  ])('%s', (reason, port) => {
    expect(expected(port, group({ workers }))).toMatchObject({
      ...all,
      notes: [expect.stringContaining(reason)],
    });
  });

  it('of one queue among many', () => {
    const port = nic({ queues: 4, irqCpus: [0, null, 0, 0] });
    expect(expected(port, group({ workers }))).toMatchObject({
      ...all,
      notes: ["the CPU of the queue's IRQ is not known (1 of 4 queues)"],
    });
  });

  it('of the workers', () => {
    const of = (facts: GroupFacts) => expected(nic({ queues: 2 }), group(facts));
    const [unpinned, unread] = [{ cpus: [0, 1] }, { cpus: null }];
    expect(of({ workers: [unpinned, unpinned] })).toMatchObject({
      ...all,
      notes: ['a worker is not pinned to one CPU'],
    });
    expect(of({ workers: [unread] })).toMatchObject({ ...all, notes: ["a worker's CPUs are not readable"] });
    expect(of({ workers: [{ more: { owners: [] } }] })).toMatchObject({
      ...all,
      notes: ['a worker is not known'],
    });
    const two = { owners: [owner([0]), owner([0], { pid: 9, tid: 9 })] };
    expect(of({ workers: [{ more: two }] })).toMatchObject({
      ...all,
      notes: ['several workers serve one socket'],
    });
    expect(of({ workers, more: { size: 3 } })).toMatchObject({ now: null, hash: null, cpu: 1 });
  });

  it('of the slots, which the hash does not need', () => {
    const notes = ['now, cpu: which socket has which slot is not known'];
    const guessed = group({ workers, slotSource: 'guess', program: 'cpu' });
    expect(expected(nic({ queues: 2 }), guessed)).toMatchObject({ now: null, hash: 0.5, cpu: null, notes });
  });

  it('of the selection now', () => {
    const of = (more: Partial<Group>) => expected(nic({ queues: 2 }), group({ workers, more }));
    expect(of({ selection: 'ebpf' })).toMatchObject({
      now: null,
      hash: 0.5,
      cpu: 1,
      notes: ['now: an eBPF program picks the member'],
    });
    expect(of({ selection: null })).toMatchObject({ now: null, hash: 0.5, cpu: 1 });
    expect(of({ selection: null })?.notes).toHaveLength(1);
  });
});

it('never throws, stays between 0 and 1, and has a reason for every null', () => {
  const cpus = fc.oneof(cpuNumber, fc.array(cpuNumber, { maxLength: 3 }), fc.constant(null));
  const ports = fc.record({
    queues: fc.nat(3),
    irqCpus: fc.array(cpus),
    rps: fc.option(fc.array(cpuNumber, { maxLength: 2 })),
    rfsFlows: fc.option(fc.nat(1)),
    threadedNapi: fc.option(fc.boolean()),
    rss: fc.option(fc.array(fc.nat(4))),
  });
  const worker = fc.record({
    cpus: fc.option(fc.array(cpuNumber, { maxLength: 2 })),
    slot: fc.option(fc.nat(5)),
    incomingCpu: fc.option(cpuNumber),
  });
  const groups = fc
    .record({
      workers: fc.array(worker, { maxLength: 4 }),
      program: fc.oneof(
        fc.constantFrom('rand', 'hash'),
        fc.array(likelyInstruction, { minLength: 1, maxLength: 6 }),
      ),
      slotSource: fc.constantFrom('kernel', 'guess', null),
      selection: fc.constantFrom('hash', 'cbpf', 'ebpf', 'incoming_cpu', null),
      size: fc.nat(5),
    })
    .map(({ workers, program, slotSource, selection, size }) =>
      group({
        workers: program === 'rand' ? [...workers, { cpu: 0 }] : workers,
        program,
        slotSource,
        more: { selection, size },
      } as GroupFacts),
    );
  fc.assert(
    fc.property(ports, groups, fc.option(fc.nat(1)), (port, of, rpsSockFlowEntries) => {
      const made = host({ nics: [nic(port)], groups: [of], rpsSockFlowEntries });
      const shares = [
        ...joinPaths(made).map(({ localShare, why }) => [localShare, why]),
        ...expectedLocality(made).flatMap(({ now, hash, cpu, notes }) =>
          [now, hash, cpu].map((share) => [share, notes.join()]),
        ),
      ];
      for (const [share, why] of shares) {
        if (share === null) expect(why).not.toBe('');
        else expect(share).toSatisfy((each: number) => each >= 0 && each <= 1);
      }
    }),
    { numRuns: 1000 },
  );
});
