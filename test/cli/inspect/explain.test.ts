import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../../src/host/types.ts';
import { formatFlow } from '../../../src/path/flow.ts';
import { group, host, nic, pinned, range } from '../../fixtures/hosts.ts';
import { flowsTo, KEY, keyed } from '../../path/flows.ts';
import { ethernet, pcap, tcp4 } from '../../pcap/files.ts';
import { run } from '../run.ts';

let folder = '';
const file = (name: string) => join(folder, name);

const groups = [group({ port: 1766, workers: pinned(0, 1, 2, 3) })];
const FLOW = ['tcp', '66.9.149.187:2794', '161.142.100.80:1766'];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'locality-tune-explain-'));
  const write = (name: string, machine: Host) =>
    writeFileSync(
      file(name),
      JSON.stringify({
        schema: 'locality-tune.snapshot/1',
        version: null,
        time: null,
        anonymized: false,
        host: machine,
        counters: null,
      }),
    );
  write('web', host({ nics: [keyed({ queues: 4, xps: true })], groups }));
  write(
    'two',
    host({ nics: [keyed({ name: 'eth0', queues: 2 }), keyed({ name: 'eth1', queues: 4 })], groups }),
  );
  write(
    'large',
    host({
      cpus: 64,
      nics: [keyed({ queues: 64 })],
      groups: [group({ port: 1766, workers: pinned(...range(64)) })],
    }),
  );
  write('blind', host({ nics: [nic({ queues: 4, rss: null })], groups }));
  writeFileSync(file('flows'), flowsTo('161.142.100.80:1766', 400).map(formatFlow).join('\n'));
  writeFileSync(file('bad'), 'tcp 1.2.3.4:5 1.2.3.4\n');
  writeFileSync(file('empty'), '# nothing\n');
  writeFileSync(file('pcap'), pcap(range(50).map((sport) => ethernet(tcp4(2, { sport, dport: 1766 })))));
});
afterAll(() => rmSync(folder, { recursive: true }));

const from = (name: string, ...args: string[]) => run(['explain', ...args, '--from', file(name)]);
const json = async (name: string, ...args: string[]) => JSON.parse((await from(name, ...args, '-j')).stdout);

describe('explain', () => {
  it('reads top down, and says how local it is last', async () => {
    const { status, stdout, stderr } = await from('web', ...FLOW, '--with', 'program=cpu');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'tcp 66.9.149.187:2794 161.142.100.80:1766',
        'step         now                                    with         why',
        'interface    eth0                                                the only interface with queues',
        'RSS input    66.9.149.187:2794 161.142.100.80:1766               tcp4 is hashed by addresses and',
        '                                                                 ports (sdfn)',
        'hash         0x51ccc178                                          toeplitz',
        'table entry  120                                                 of 128',
        'rx queue     rx-0                                                of entry 120',
        'IRQ          32                                                  eth0-TxRx-0',
        'CPU          0                                                   effective affinity of the IRQ',
        'group        tcp 0.0.0.0:1766                                    any address',
        'selection    hash                                   program cpu  the program returns 0',
        'slot         25 % each                              0            of 4',
        'worker       25 % each                              server 1000  pinned to CPU 0',
        'tx queue     -                                      tx-0         XPS of CPU 0',
        'tx CPU                                              0            of IRQ 32; it frees what was sent',
        'locality     25 %                                   local        slot 0: worker on CPU 0',
        '',
      ].join('\n'),
    );
  });

  it('has a help of 100 columns', async () => {
    const { stdout } = await run(['explain', '--help']);
    expect(stdout).toContain('--indirection <list>');
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  it('keeps its names', async () => {
    const told = await json('web', ...FLOW);
    expect(told).toMatchObject({
      schema: 'locality-tune.explain/1',
      hash: 0x51ccc178,
      table: { entry: 120, size: 128 },
      queue: 0,
      irq: 32,
      cpu: 0,
      slot: null,
      worker: null,
      localShare: 0.25,
    });
    expect(Object.keys(told)).toEqual([
      'schema',
      'flow',
      'nic',
      'hash',
      'hashInput',
      'table',
      'queue',
      'irq',
      'cpu',
      'group',
      'slot',
      'worker',
      'txQueue',
      'localShare',
      'steps',
    ]);
    for (const step of told.steps) expect(Object.keys(step)).toEqual(['what', 'value', 'why', 'chance']);
    expect(await json('web', ...FLOW, '--with-plan')).toMatchObject({ localShare: 1, with: ['plan'] });
    const changed = await json('web', ...FLOW, '--with', 'program=cpu', '--with', 'irq=3');
    expect(changed).toMatchObject({
      cpu: 3,
      slot: 3,
      localShare: 1,
      with: ['program=cpu', 'irq=3'],
      before: { cpu: 0, slot: null },
    });
  });

  it('needs no machine for a key', async () => {
    const { status, stdout } = await run([
      'explain',
      ...FLOW,
      '--rss-key',
      KEY,
      '--indirection',
      '4,5,6,7,4,5,6,7',
      '-j',
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      hash: 0x51ccc178,
      table: { entry: 0, size: 8 },
      queue: 4,
      nic: null,
      irq: null,
    });
    const addresses = await run(['explain', ...FLOW, '--rss-key', KEY, '--fields', 'sd', '-j']);
    expect(JSON.parse(addresses.stdout)).toMatchObject({ hash: 0x323e8fc2, table: null, queue: null });
  });

  it('lists client ports for each queue', async () => {
    const { queues } = await json('web', 'tcp', '66.9.149.187', '161.142.100.80:1766', '--ports', '3');
    expect(queues.map(({ ports }: { ports: number[] }) => ports.length)).toEqual([3, 3, 3, 3]);
    const { stdout } = await from('web', 'tcp', '66.9.149.187', '161.142.100.80:1766', '--ports', '1');
    expect(stdout.split('\n')[2]).toBe(`rx-0   ${queues[0].ports[0]}`);
    expect(await from('blind', 'tcp', '66.9.149.187', '161.142.100.80:1766', '--ports', '1')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('the RSS table is not known'),
    });
  });

  it.each([
    [['tcp', '1.2.3.4:5'], 2, 'DESTINATION is missing'],
    [['sctp', '1.2.3.4:5', '1.2.3.4:6'], 2, "'sctp': neither tcp nor udp"],
    [['tcp', '1.2.3.4', '1.2.3.4:6'], 2, "'1.2.3.4': not an address and a port"],
    [[...FLOW, '--rss-key', 'beef'], 2, "--rss-key 'beef': must be a key of at least 12 bytes in hex"],
    [[...FLOW, '--rss-key', KEY, '--iface', 'eth0'], 2, 'omit --iface'],
    [[...FLOW, '--indirection', '0,1'], 2, '--indirection: needs --rss-key'],
    [[...FLOW, '--hash', 'xor'], 2, "--hash 'xor': must be one of toeplitz, "],
    [[...FLOW, '--with', 'speed=9'], 2, "--with 'speed=9': must be one of channels=, "],
    [
      [...FLOW, '--with', 'rss=equal 9'],
      1,
      'eth0: rss: there is no queue 8: it has 4; put "channels=9" before it',
    ],
    [[...FLOW, '--iface', 'eth7'], 1, '--iface eth7: no such interface; there are: eth0'],
    [[...FLOW, '--flows', 'x'], 2, 'cannot be combined with a flow'],
  ])('says what is wrong with %j', async (args, status, message) => {
    expect(await from('web', ...args)).toMatchObject({ status, stderr: expect.stringContaining(message) });
  });

  it('asks for the interface if several are possible', async () => {
    expect(await from('two', ...FLOW)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('give --iface; there are: eth0, eth1'),
    });
    expect(await json('two', ...FLOW, '--iface', 'eth1')).toMatchObject({ nic: 'eth1', queue: 0 });
  });

  it('reads a captured tree', async () => {
    const tree = join(import.meta.dirname, '../../fixtures/trees/e1000e-single');
    const { status, stdout } = await run(['explain', ...FLOW, '--root', tree, '-j']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      nic: 'eth0',
      hash: null,
      queue: 0,
      irq: 24,
      cpu: 0,
      slot: null,
    });
  });
});

describe('what if', () => {
  const inspect = (name: string, ...args: string[]) => run(['inspect', ...args, '--from', file(name)]);

  it('shows loads before and after as bars', async () => {
    const { status, stdout, stderr } = await inspect(
      'web',
      '--with',
      'rss=weight 3 1 0 0',
      '--with',
      'program=cpu',
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('local  25 %  ->  100 %');
    const bars = [...stdout.matchAll(/^(.+?) {2,}25 % {2}(█+) +(\d+) %(?: {2}(█+))?$/gm)].map(
      ([, name, before = '', share, after = '']) => [name, before.length, share, after.length],
    );
    const [[, width = 0] = []] = bars;
    expect(bars.slice(0, 4)).toEqual([
      ['rx-0', width, '75', expect.closeTo(3 * Number(width), -1)],
      ['rx-1', width, '25', width],
      ['rx-2', width, '0', 0],
      ['rx-3', width, '0', 0],
    ]);
    expect(bars.slice(4).map(([name, , share]) => `${name}: ${share}`)).toEqual([
      '0: 75',
      '1: 25',
      '2: 0',
      '3: 0',
      'slot 0 CPU 0: 75',
      'slot 1 CPU 1: 25',
      'slot 2 CPU 2: 0',
      'slot 3 CPU 3: 0',
    ]);
  });

  it('is in the document beside the machine as it is', async () => {
    const { stdout } = await inspect('web', '--with', 'program=cpu', '-j');
    const { nics, groups: as, whatIf } = JSON.parse(stdout);
    expect([nics.length, as[0].selection]).toEqual([1, 'hash']);
    expect(whatIf).toMatchObject({
      with: ['program=cpu'],
      before: [{ local: 0.25, from: 'table' }],
      after: [{ local: 1 }],
    });
  });

  it('uses listed flows, or those of a capture', async () => {
    const listed = await json('web', '--flows', file('flows'), '--with', 'rss=equal 2');
    expect(listed.whatIf).toMatchObject({
      before: [{ from: 'flows', counted: 400 }],
      after: [{ counted: 400 }],
    });
    expect(listed.whatIf.after[0].queues.map(({ share }: { share: number }) => share > 0)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const captured = await json('web', '--pcap', file('pcap'));
    expect(captured.whatIf).toMatchObject({ with: [], before: [{ counted: 50 }], after: null });
    const [load] = JSON.parse((await inspect('web', '--pcap', file('pcap'), '-j')).stdout).whatIf.before;
    expect(load).toEqual(captured.whatIf.before[0]);
  });

  it('folds long lists', async () => {
    const { stdout } = await inspect('large', '--with', 'program=cpu');
    expect(stdout).toContain('\nrx-0 … rx-63, each  1.6 %  ██████');
    expect((await inspect('large', '--with', 'program=cpu', '--all')).stdout).toContain('\nrx-63 ');
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  it.each([
    [['--flows', 'bad'], 1, 'line 1: '],
    [['--flows', 'empty'], 1, 'the file has no flow'],
    [['--flows', 'none'], 1, 'ENOENT'],
    [['--pcap', 'flows'], 1, 'it is neither a pcap nor a pcapng file'],
    [['--flows', 'flows', '--pcap', 'pcap'], 2, 'only one is possible'],
  ])('says what is wrong with %j', async ([option = '', name = '', ...more], status, message) => {
    const rest = more.map((word) => (word.startsWith('-') ? word : file(word)));
    expect(await from('web', option, file(name), ...rest)).toMatchObject({
      status,
      stderr: expect.stringContaining(message),
    });
  });
});
