import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { readHost } from '../../src/host/host.ts';
import type { Host } from '../../src/host/types.ts';
import { viewOf } from '../../src/path/view.ts';
import { parseSnapshot } from '../../src/snapshot/parse.ts';
import { SCHEMA, type Snapshot } from '../../src/snapshot/types.ts';
import { isFailure } from '../../src/system/errors.ts';
import { openFiles } from '../../src/system/files.ts';
import { group, host, nic, pinned } from '../fixtures/hosts.ts';

const counters = {
  seconds: 1.001,
  readings: [
    {
      interfaces: [{ name: 'eth0', rx: 10, tx: 20 }],
      queues: [{ nic: 'eth0', index: 0, packets: 7 }],
      interrupts: [{ irq: 32, count: 9 }],
    },
    { interfaces: [], queues: [], interrupts: [] },
  ],
} as const;

const machine: Host = host({
  cpus: 4,
  nics: [nic({ queues: 4, xps: true })],
  groups: [
    group({ workers: pinned(0, 1, 2, 3), program: 'cpu' }),
    group({ protocol: 'udp', address: '::1', port: 53, device: 'eth0', workers: [{ cpus: null }, {}] }),
  ],
});

const snapshotOf = (of: Host, more: Partial<Snapshot> = {}): Snapshot => ({
  schema: SCHEMA,
  version: '0.1.0',
  time: '2026-11-21T04:06:29.419Z',
  anonymized: false,
  host: of,
  counters: null,
  ...more,
});

const codeOf = (text: string): unknown => {
  try {
    return parseSnapshot(text);
  } catch (error) {
    return isFailure(error) ? error.code : error;
  }
};

describe('a snapshot', () => {
  it('comes back as it was written', () => {
    const written = snapshotOf(machine, { counters });
    expect(parseSnapshot(JSON.stringify(written))).toEqual(written);
  });

  it.each([
    'ena-arm',
    'mlx5-bond',
    'ixgbe-offline',
    'i40e',
    'bnxt',
    'virtio',
    'e1000e-single',
    'interrupts-only',
  ])('of the tree %s comes back as it was written', async (name) => {
    const files = openFiles(join(import.meta.dirname, '../fixtures/trees', name));
    const options = { ifaces: [], port: null, slots: false, sampleSeconds: 0 };
    const written = snapshotOf(await readHost({ files, kernel: null }, options));
    expect(parseSnapshot(JSON.stringify(written))).toEqual(written);
  });

  it('of an older version: a fact that it did not write is not known', () => {
    const { incomingCpuHonoured: _, sampledSeconds: __, ...older } = group({ workers: pinned(0, 1) });
    const { processor: ___, memoryBytes: ____, kernelThreads: _____, ...before } = machine.machine;
    const { schema, host: of } = snapshotOf(machine);
    const read = parseSnapshot(JSON.stringify({ schema, host: { ...of, machine: before, groups: [older] } }));
    expect(read).toMatchObject({ version: null, time: null, anonymized: false, counters: null });
    expect(read.host.machine).toEqual({ ...before, processor: null, memoryBytes: null, kernelThreads: null });
    expect(read.host.groups).toEqual([{ ...older, incomingCpuHonoured: null, sampledSeconds: null }]);
  });

  it('may be what `inspect --json` of 0.1.0 printed', () => {
    const { machine: of, ...rest } = machine;
    const printed = { schema: 'locality-tune.inspect/1', host: of, ...rest, paths: [], findings: [] };
    expect(parseSnapshot(JSON.stringify(printed))).toEqual(
      snapshotOf(machine, { version: null, time: null }),
    );
  });

  it('drops unknown fields', () => {
    const text = JSON.stringify(snapshotOf(machine)).replace('{', '{"__proto__":{"host":1},"later":[1],');
    expect(parseSnapshot(text)).toEqual(snapshotOf(machine));
  });
});

describe('a file of another kind', () => {
  const text = JSON.stringify(snapshotOf(machine));

  it.each([
    ['', 'not-json'],
    ['root:x:0:0', 'not-json'],
    [text.slice(0, -1), 'not-json'],
    ['[]', 'not-a-snapshot'],
    ['{"schema":"locality-tune.skb/1"}', 'not-a-snapshot'],
    ['{"schema":"locality-tune.snapshot/2"}', 'newer-snapshot'],
    ['{"schema":"locality-tune.snapshot/1"}', 'broken-snapshot'],
  ])('%s', (file, code) => expect(codeOf(file)).toBe(code));

  it.each([
    ['"irq":33', '"irq":"33"', 'host.nics[0].irqs[1].irq: a whole number'],
    ['"online":[0,1,2,3]', '"online":[0,2,1,3]', 'host.machine.cpus.online: CPUs must be in ascending order'],
    [
      '"online":[0,1,2,3]',
      '"online":[0,4294967295]',
      'host.machine.cpus.online[1]: a whole number from 0 to 65535',
    ],
    ['"name":"eth0"', '"name":"eth0;reboot"', 'host.nics[0].name: not the name of an interface'],
    ['"selection":"cbpf"', '"selection":"luck"', 'host.groups[0].selection: one of hash'],
    ['[22,0,0,0]', '[22,0,0]', 'host.groups[0].program.instructions[2]: code, jt, jf and k'],
    [
      '[22,0,0,0]',
      '[21,9,9,0]',
      'host.groups[0].program.instructions: not a program that the kernel accepts',
    ],
  ])('names the place where %s is %s', (found, changed, message) => {
    expect(text).toContain(found);
    expect(() => parseSnapshot(text.replace(found, changed))).toThrow(message);
  });

  it('with an RSS table that no NIC has is refused', () => {
    const [eth0] = machine.nics;
    const sized = (size: number) => {
      const rss = eth0?.rss && { ...eth0.rss, indirection: Array.from({ length: size }, () => 0) };
      return JSON.stringify(snapshotOf({ ...machine, nics: [{ ...eth0, rss } as Host['nics'][number]] }));
    };
    expect(codeOf(sized(65_536))).toMatchObject({ schema: SCHEMA });
    expect(codeOf(sized(200_000))).toBe('broken-snapshot');
  });

  it('any text at all ends in one Failure', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (any) => {
        expect(codeOf(any)).toMatch(/^(not-json|not-a-snapshot)$/);
      }),
    );
  });
});

/** Every place of a JSON value, as the way to it. */
function places(value: unknown, way: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  const below: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : [];
  return [way, ...below.flatMap(([key, each]) => places(each, [...way, key]))];
}

function replaced(value: unknown, [key, ...way]: readonly (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((each, at) => (at === key ? replaced(each, way, by) : each));
  if (typeof value !== 'object' || value === null) return by;
  return { ...value, [key]: replaced(Reflect.get(value, key), way, by) };
}

describe('a snapshot that somebody changed', () => {
  const text = JSON.stringify(snapshotOf(machine, { counters }));
  const ways = places(JSON.parse(text));

  it('is refused, or has a valid shape that the rest of the program can handle', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.integer(),
      fc.constantFrom('hash', 'udp', '::', 65_535, 1e9, []),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...ways), value), { maxLength: 3 }), (changes) => {
        const changed = changes.reduce((all: unknown, [way, by]) => replaced(all, way, by), JSON.parse(text));
        const read = codeOf(JSON.stringify(changed));
        if (typeof read === 'string') return;
        const { host } = parseSnapshot(JSON.stringify(changed));
        const view = viewOf(host);
        expect(diagnose(view)).toEqual(expect.any(Array));
        for (const { localShare } of view.paths) expect(localShare ?? 0).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });
});
