import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/diagnose/types.ts';
import type { Host } from '../../src/host/types.ts';
import { inspectLines } from '../../src/report/inspect-text.ts';
import type { Inspection, Layout } from '../../src/report/inspection.ts';
import { paint } from '../../src/report/style.ts';
import { clean, width } from '../../src/report/text.ts';
import { group, host, nic, owner, range } from '../fixtures/hosts.ts';
import { bad, good, huge, inspectionOf, unknown } from './machines.ts';

const plain: Layout = { color: false, rules: false, unicode: true, columns: 100, all: false };
const screen: Layout = { ...plain, color: true, rules: true };

function report(inspection: Inspection, layout: Layout): string {
  return inspectLines(inspection, layout)
    .map((line) => `${paint(line, layout)}\n`)
    .join('');
}

const MACHINES: readonly (readonly [string, Host, string | null])[] = [
  ['good', good, null],
  ['bad', bad, null],
  ['unknown', unknown, 'Run inspect as root to see the workers of other users, slots and programs.'],
  ['huge', huge, null],
];

describe.each(MACHINES)('the report of the %s machine', (name, machine, remedy) => {
  const inspection = inspectionOf(machine, remedy);

  it('is the one that was reviewed by eye', async () => {
    await expect(report(inspection, plain)).toMatchFileSnapshot(`golden/${name}.txt`);
    await expect(report(inspection, screen)).toMatchFileSnapshot(`golden/${name}.color.txt`);
  });

  it('says the same without colours and rules', () => {
    const words = (text: string) => stripVTControlCharacters(text).replace(/^─+ (.*?)(?: ─+)?$/gm, '$1');
    expect(words(report(inspection, screen))).toBe(report(inspection, plain));
  });

  it('is ASCII where the locale is not UTF-8', () => {
    expect(report(inspection, { ...screen, color: false, unicode: false })).toMatch(/^[\x20-\x7e\n]*$/);
  });
});

it('is two pages at most for 512 CPUs and 1,024 queues, and every row with --all', () => {
  const inspection = inspectionOf(huge);
  expect(inspectLines(inspection, plain).length).toBeLessThan(130);
  expect(inspectLines(inspection, { ...plain, all: true }).length).toBeGreaterThan(3 * 1024);
});

it.each([60, 70, 80, 100])('keeps numbers of channels and names of programs at %i columns', (columns) => {
  const text = report(inspectionOf(bad), { ...screen, columns, tableColumns: columns });
  expect(text).toMatch(/ combined 8\/8 /);
  expect(text).toMatch(/ by program cpu /);
});

it('shows the threads of threaded NAPI with their queues and CPUs', () => {
  const thread = (queue: number, cpus: readonly number[], rx = [queue]) => ({
    pid: 70 + queue,
    comm: `napi/eth\x1b-${queue}`,
    napi: queue,
    rx,
    tx: [],
    cpus,
  });
  const napiThreads = [thread(0, [3]), thread(1, [0, 1]), thread(2, [1], [])];
  const machine = host({ nics: [nic({ queues: 2, threadedNapi: true, more: { napiThreads } })] });
  const text = report(inspectionOf(machine), plain);
  expect(text).toMatch(/^Kernel threads\nkernel thread +receives +on cpu\n/m);
  expect(text).toMatch(/^napi\/eth\\x1b-0 70 +eth0 rx-0 +3$/m);
  expect(text).toMatch(/^napi\/eth\\x1b-1 71 +eth0 rx-1 +0-1$/m);
  expect(text).toMatch(/^napi\/eth\\x1b-2 72 +eth0, queue not known +1$/m);
});

it('shows cpumap threads, and ksoftirqd only where it was busy', () => {
  const kernelThreads = [
    { kind: 'ksoftirqd', pid: 14, comm: 'ksoftirqd/0', cpu: 0, seconds: 59 },
    { kind: 'ksoftirqd', pid: 22, comm: 'ksoftirqd/1', cpu: 1, seconds: 600.4 },
    { kind: 'cpumap', pid: 310, comm: 'cpumap/3/map:7', cpu: 3, seconds: null },
  ] as const;
  const machine = { ...good, machine: { ...good.machine, kernelThreads } };
  const text = report(inspectionOf(machine), plain);
  expect(text).not.toContain('ksoftirqd/0');
  expect(text).toMatch(/^ksoftirqd\/1 22 +in place of softirqs that took too long: 600 s of CPU time +1$/m);
  expect(text).toMatch(/^cpumap\/3\/map:7 310 +what an XDP program sends to this CPU +3$/m);
});

it('shows the exceptions among many similar queues', () => {
  const text = report(inspectionOf(huge), plain);
  expect(text).toMatch(/^ens3f0np0 +rx-70 +430 +256 /m);
  expect(text).toMatch(/^ens3f0np0 +rx-72 … 127 /m);
});

const anyText = fc.string({ unit: 'binary', maxLength: 60 });
const cpus = fc.uniqueArray(fc.nat(511), { maxLength: 60 }).map((set) => set.sort((a, b) => a - b));
const anyNic = fc
  .record({
    name: fc.oneof(fc.constantFrom('eth0', 'eth1', 'lo'), anyText),
    queues: fc.integer({ min: 0, max: 40 }),
    irqCpus: fc.array(fc.oneof(fc.nat(511), cpus, fc.constant(null)), { maxLength: 40 }),
    xps: fc.oneof(fc.boolean(), fc.constant(null), fc.array(cpus, { maxLength: 40 })),
    rps: fc.oneof(cpus, fc.constant(null)),
    notes: fc.array(anyText, { maxLength: 3 }),
    lowerDevices: fc.array(anyText, { maxLength: 2 }),
    rss: fc.oneof(fc.constant(null), fc.array(fc.nat(40), { maxLength: 128 })),
  })
  .map(({ notes, ...facts }) => nic({ ...facts, more: { notes, driver: notes[0] ?? null, rings: null } }));
const anyGroup = fc
  .record({
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    address: fc.constantFrom('0.0.0.0', '2001:db8:1111:2222:3333:4444:5555:6666', '127.0.0.1'),
    port: fc.integer({ min: 1, max: 65_535 }),
    size: fc.integer({ min: 0, max: 40 }),
    program: fc.constantFrom(undefined, 'cpu' as const, 'rand' as const),
    slotSource: fc.constantFrom('kernel' as const, 'guess' as const, null),
    owners: fc.array(fc.record({ comm: anyText, pid: fc.nat(4_194_304), cpus }), { maxLength: 4 }),
    note: anyText,
  })
  .map(({ size, owners, note, program, ...facts }) =>
    group({
      ...facts,
      ...(size > 0 && program !== undefined ? { program } : {}),
      workers: range(size).map((slot) => ({
        cpus: owners[slot % 4]?.cpus ?? null,
        more: { owners: owners.slice(slot % 3).map(({ pid, comm, cpus: on }) => owner(on, { pid, comm })) },
      })),
      more: { notes: [note] },
    }),
  );
const anyFinding: fc.Arbitrary<Finding> = fc.record({
  rule: fc.constantFrom('single-queue', 'hash-selection'),
  severity: fc.constantFrom('error', 'warning', 'info'),
  subject: anyText,
  message: anyText,
  fix: fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { maxLength: 4 }),
});
const anyHost = fc
  .record({
    cpus: cpus,
    nics: fc.uniqueArray(anyNic, { maxLength: 6, selector: ({ name }) => name }),
    groups: fc.uniqueArray(anyGroup, { maxLength: 6, selector: ({ id }) => id }),
    notes: fc.array(anyText, { maxLength: 3 }),
    irqbalance: fc.constant({ running: null, bannedIrqs: null }),
  })
  .map(({ notes, ...facts }) => host({ ...facts, more: { notes } }));

/** What is never cut, at its longest: an interface with driver and bus address, a group, and a worker of it. */
function namesOf({ nics, groups }: Host): number {
  const longest = (texts: readonly (string | null | undefined)[]) =>
    Math.max(8, ...texts.map((text) => clean(text ?? '', true).length));
  const comms = groups.flatMap(({ sockets }) =>
    sockets.flatMap(({ owners }) => owners.map(({ comm }) => comm)),
  );
  return (
    longest(nics.map(({ name }) => name)) +
    longest(nics.map(({ driver }) => driver)) +
    longest(nics.map(({ busInfo }) => busInfo)) +
    longest(groups.map(({ id }) => id)) +
    // Up to four of them in a cell, with their pids.
    4 * (longest(comms) + ', 4194304 '.length)
  );
}

it('exceeds its columns only for names, and sends no control character, for any machine with any names', () => {
  const layout = fc.record({
    columns: fc.integer({ min: 60, max: 100 }),
    unicode: fc.boolean(),
    rules: fc.boolean(),
    all: fc.boolean(),
  });
  fc.assert(
    fc.property(anyHost, fc.array(anyFinding, { maxLength: 8 }), layout, (machine, findings, how) => {
      const view = { ...inspectionOf({ ...machine, nics: machine.nics, groups: machine.groups }), findings };
      for (const line of inspectLines(view, { ...plain, ...how })) {
        expect(width(line)).toBeLessThanOrEqual(how.columns + namesOf(machine));
        expect(paint(line, plain)).toMatch(how.unicode ? /^\P{Cc}*$/u : /^[\x20-\x7e]*$/);
      }
    }),
  );
});

it('shows who uses queues beside the RSS table', () => {
  const eth0 = nic({ queues: 8, rss: range(16).map((entry) => entry % 4), contexts: [1, 2], ntupleRules: 2 });
  const rule = { source: null, destination: null, sourcePort: null, protocol: null, partial: false };
  const rss = eth0.rss && {
    ...eth0.rss,
    rules: [
      {
        ...rule,
        location: 0,
        flow: 'tcp4',
        destinationPort: { value: 443, mask: 0xffff },
        action: 'context' as const,
        queue: 0,
        context: 1,
      },
      {
        ...rule,
        location: 7,
        flow: 'udp6',
        destinationPort: null,
        action: 'queue' as const,
        queue: 7,
        context: null,
      },
    ],
    contextTables: [
      { context: 1, hashFunction: null, key: null, indirection: range(8).map((entry) => 4 + (entry % 3)) },
      { context: 2, hashFunction: null, key: null, indirection: [] },
    ],
  };
  const lines = report(inspectionOf(host({ nics: [{ ...eth0, rss }] })), plain).split('\n');
  const start = lines.indexOf('RSS rules and contexts');
  expect(lines.slice(start + 1, start + 6).map((line) => line.trimEnd())).toEqual([
    'nic   who        takes                         to',
    'eth0  context 1  what rule 0 matches           rx 4-6: 8 entries over 3 queues, even',
    'eth0  context 2  nothing: no rule leads to it  a table that is not known',
    'eth0  rule 0     tcp4 to port 443              by the table of RSS context 1',
    'eth0  rule 7     udp6                          rx-7',
  ]);
});
