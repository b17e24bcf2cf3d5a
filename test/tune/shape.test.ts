import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planTuning } from '../../src/tune/plan.ts';
import { isInterfaceName, parseChange, parseTarget } from '../../src/tune/shape.ts';
import { subjectOf } from '../../src/tune/subject.ts';
import type { Target } from '../../src/tune/types.ts';
import { DEFAULTS, viewOf } from './plan/defaults.ts';
import { MACHINES } from './plan/machines.ts';

const xps = { kind: 'xps', nic: 'eth0', queue: 3, by: 'cpus' } as const;
const irq = { kind: 'irq', nic: 'eth0', role: 'rx', queues: [1], irq: 59, name: 'eth0-rx-1' } as const;
const pin = { kind: 'pin', pid: 7, tid: 8, comm: 'nginx', startTime: '123' } as const;

const TARGETS: readonly Target[] = [
  { kind: 'irqbalance', irqs: [28, 29] },
  { kind: 'channels', nic: 'eth0', which: 'combined' },
  { kind: 'rss', nic: 'eth0' },
  { kind: 'fields', nic: 'eth0', flow: 'udp4' },
  irq,
  { ...irq, irq: -1, name: '' },
  { ...irq, name: 'eth0-rx-1, eth0-tx-1' },
  xps,
  { kind: 'rps', nic: 'br-0123456789ab', queue: 0 },
  { kind: 'rfs', nic: 'eth0.100', queue: 65_535 },
  pin,
  { ...pin, startTime: null },
  {
    kind: 'program',
    group: 'tcp [::]%eth1:443',
    name: 'cpu',
    instructions: [
      [0x20, 0, 0, 0xfffff024],
      [0x16, 0, 0, 0],
    ],
  },
  { kind: 'program', group: 'udp 0.0.0.0:443', name: null, instructions: null },
];

describe('a target', () => {
  it.each(TARGETS)('is read as it was written: %j', (target) => {
    expect(parseTarget(JSON.parse(JSON.stringify(target)))).toEqual(target);
    expect(parseTarget({ ...target, more: 'of it' })).toEqual(target);
  });

  it.each([
    { ...xps, nic: '../../../tmp/evil' },
    { ...xps, nic: '..' },
    { ...xps, nic: 'eth0/../../x' },
    { ...xps, nic: 'eth0\n' },
    { ...xps, nic: 'a:b' },
    { ...xps, nic: 'sixteen-letters-' },
    { ...xps, nic: '' },
    { ...xps, queue: '0/../../../../../../../../tmp/evil' },
    { ...xps, queue: 1.5 },
    { ...xps, queue: -1 },
    { ...xps, queue: 1e9 },
    { ...xps, by: 'x/../../y' },
    { ...irq, irq: '1/../../2' },
    { ...irq, irq: -2 },
    { ...irq, name: '../../5/eth0' },
    { ...irq, name: 'eth0-rx-1, ..' },
    { ...irq, queues: 'all' },
    { ...irq, role: 'other' },
    { ...pin, pid: 0 },
    { ...pin, tid: 2 ** 32 + 1 },
    { ...pin, startTime: 123 },
    { kind: 'program', group: 'tcp', name: null, instructions: [[1, 2, 3]] },
    { kind: 'program', group: 'tcp', name: null, instructions: [[0x16, 256, 0, 0]] },
    { kind: 'channels', nic: 'eth0', which: 'other' },
    { kind: 'else' },
    [],
    null,
  ])('is none: %j', (target) => {
    expect(parseTarget(target)).toBeNull();
  });

  it('is never a path that leaves its folder', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('..', '.', '/', 'eth0', '../..', '\0', ' '));
    const any = fc.oneof(
      piece,
      fc.integer(),
      fc.double(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 3 }),
    );
    const record = fc.record(
      {
        kind: fc.constantFrom(
          'irqbalance',
          'channels',
          'rss',
          'fields',
          'irq',
          'xps',
          'rps',
          'rfs',
          'pin',
          'program',
        ),
        nic: any,
        queue: any,
        queues: any,
        irq: any,
        name: any,
        role: fc.constantFrom('rx', 'tx', '..'),
        by: fc.constantFrom('cpus', 'rxqs', '..'),
        which: fc.constantFrom('rx', '..'),
        flow: fc.constantFrom('udp4', '..'),
      },
      { requiredKeys: ['kind'] },
    );
    fc.assert(
      fc.property(record, (made) => {
        const target = parseTarget(made);
        if (target === null) return;
        if ('nic' in target) expect(target.nic).not.toMatch(/^\.\.?$|[/\s]/);
        if ('queue' in target) expect(target.queue).toBeGreaterThanOrEqual(0);
        if ('irq' in target) expect(Number.isInteger(target.irq)).toBe(true);
      }),
    );
    fc.assert(fc.property(fc.anything(), (value) => void parseTarget(value)));
  });
});

describe('a change', () => {
  const change = {
    kind: 'xps',
    subject: 'x',
    target: xps,
    from: '00',
    to: 'ff,00000000',
    why: 'w',
    command: ':',
  };

  it('has the subject of its target, not that of the file', () => {
    expect(parseChange(change)).toEqual({ ...change, subject: 'eth0 tx-3 xps_cpus' });
    expect(parseChange({ ...change, kind: 'rps', subject: 'eth0 rx-0 rps_cpus' })).toMatchObject({
      kind: 'xps',
      subject: 'eth0 tx-3 xps_cpus',
    });
  });

  it.each(['evil::0:0::/:/bin/sh', '1\n2', 7, null, 'f'.repeat(300_000)])(
    'does not write %j into a mask',
    (to) => {
      expect(parseChange({ ...change, to })).toBeNull();
    },
  );
});

describe.each(MACHINES)('what is planned for $name', ({ host, options }) => {
  const { changes } = planTuning(viewOf(host), { ...DEFAULTS, ...options });

  it('is named by its target alone, and survives in a journal', () => {
    for (const change of changes) {
      expect(change.subject).toBe(subjectOf(change.target));
      expect(parseChange(JSON.parse(JSON.stringify(change)))).toEqual(change);
    }
  });
});

describe('the names of interfaces', () => {
  it.each(['eth0', 'enp1s0f0np0', 'eth0.100', 'br-0', '-dash', '…', 'é'])('may be %j', (name) => {
    expect(isInterfaceName(name)).toBe(true);
  });
});
