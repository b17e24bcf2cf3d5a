import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ethernet, hex, pcap, tcp4, udp4 } from '../../pcap/files.ts';
import { BUILT, run } from '../run.ts';

let folder = '';
const file = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'locality-tune-sim-'));
  writeFileSync(file('word.bpf'), 'ld [0] ; the first word\nmod #4\nret a\n');
  writeFileSync(file('bad.bpf'), 'ld cpu\ndiv #0\nret a\n');
  writeFileSync(file('wrong.bpf'), 'ld cpu\nmdo #4\nret a\n');
  const datagrams = Array.from({ length: 400 }, (_, index) => ethernet(udp4({ source: 0x0a000000 + index })));
  const others = [ethernet(tcp4(2)), ethernet(tcp4(16)), ethernet(udp4({ dport: 123 }))];
  writeFileSync(file('mixed.pcap'), pcap([...datagrams, ...others]));
  writeFileSync(file('torn.pcap'), pcap(datagrams).subarray(0, -3));
});
afterAll(() => rmSync(folder, { recursive: true }));

const json = async (...args: string[]) => JSON.parse((await run(['sim', ...args, '-j'])).stdout);
const text = async (...args: string[]) => (await run(['sim', ...args])).stdout;

describe('sim of one packet', () => {
  it('shows result and slot', async () => {
    expect(await text('cpu', '--group-size', '8', '--cpu', '13')).toBe('result 5: slot 5\n');
    expect(await text('cpu', '--cpu', '13', '--trace')).toBe(
      [
        '   instruction   A  X  read',
        '0  ld cpu       13  0  cpu',
        '1  mod #8        5  0',
        '2  ret a         5  0',
        '',
        'result 5: slot 5',
        '',
      ].join('\n'),
    );
    expect(await text(file('word.bpf'), '--packet', 'c0 ff:ee07')).toBe('result 3\n');
    expect(await text('hash', '--group-size', '4')).toBe(
      "result 4294967295 (0xffffffff): beyond the group's 4: the kernel's hash chooses\n",
    );
  });

  it('shows why a program ended early', async () => {
    expect(await text(file('word.bpf'), '--group-size', '4')).toBe(
      'result 0: instruction 0 loads outside of the packet, which ends the program; so slot 0\n',
    );
  });

  it('prints one document with the names of the contract', async () => {
    expect(await json('cpu', '--group-size', '2', '--cpu', '3')).toEqual({
      schema: 'locality-tune.sim/1',
      program: 'cpu',
      result: 1,
      earlyExit: null,
      slot: 1,
      fallsBack: false,
      steps: [
        { index: 0, text: 'ld cpu', a: 3, x: 0, memory: null, read: 'cpu' },
        { index: 1, text: 'mod #2', a: 1, x: 0, memory: null, read: null },
        { index: 2, text: 'ret a', a: 1, x: 0, memory: null, read: null },
      ],
      groupSize: 2,
      notes: [],
      distribution: [0, 1],
    });
    expect(await json(file('word.bpf'))).toMatchObject({
      result: 0,
      earlyExit: 'instruction 0 loads outside of the packet',
      slot: null,
      fallsBack: null,
    });
  });

  it('takes the kernel’s facts about a packet from options, and names those that are not set', async () => {
    const values = { rand: 4_000_000_000, queue: 5, rxhash: 77 };
    const results = await Promise.all(
      Object.entries(values).map(async ([name, value]) => {
        writeFileSync(file(`${name}.bpf`), `ld ${name}\nret a\n`);
        return (await json(file(`${name}.bpf`), `--${name}`, name === 'rxhash' ? '0x4d' : String(value)))
          .result;
      }),
    );
    expect(results).toEqual(Object.values(values));
    expect((await json('cpu')).notes).toEqual([
      'the program reads the CPU, which is taken as 0; set it with --cpu',
    ]);
    const draw = async (seed: string) => (await json(file('rand.bpf'), '--seed', seed)).result;
    expect(await draw('5')).toBe(await draw('5'));
    expect(await draw('5')).not.toBe(await draw('6'));
  });

  it('shows headers from a frame', async () => {
    const frame = Buffer.from(ethernet(udp4({ source: 0x0a000001 }))).toString('hex');
    const { result, earlyExit } = await json('source-rendezvous', '--group-size', '16', '--frame', frame);
    expect(earlyExit).toBeNull();
    expect(result).toBeLessThan(16);
    const arp = Buffer.from(hex('ffffffffffff 020000000001 0806 0000')).toString('hex');
    expect((await run(['sim', 'cpu', '--frame', arp])).stderr).toMatch(
      /the kernel chooses no socket for it: not IP/,
    );
  });
});

describe('sim of a capture', () => {
  it('draws the distribution over the sockets', async () => {
    const stdout = await text('source-rendezvous', '--group-size', '4', '--pcap', file('mixed.pcap'));
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(`${file('mixed.pcap')}: 402 packets choose a socket, 1 do not`);
    expect(lines[1]).toBe('  skipped: 1 TCP, but no SYN');
    expect(lines.filter((line) => /^ +[0-3] +\d+ +\d+(\.\d)? % +█+$/.test(line))).toHaveLength(4);
    expect(stdout).toContain('note: packets to udp 53, tcp 80 … count as if one group served them all');
    for (const line of lines.slice(1)) expect(line.length).toBeLessThanOrEqual(100);
    expect(await text('rand', '--pcap', file('mixed.pcap'), '--color', 'never')).toMatch(/█/);
    const ascii = await run(['sim', 'rand', '--pcap', file('mixed.pcap')], {
      env: { LANG: 'C', LC_ALL: 'C' },
    });
    expect(ascii.stdout).toMatch(/ #+\n/);
  });

  it('counts them as JSON, only those of one port if requested', async () => {
    const weights = ['--weights', '3,1', '--by', 'flow'];
    const document = await json(
      'weighted',
      ...weights,
      '--pcap',
      file('mixed.pcap'),
      '--port',
      '53',
      '--udp',
    );
    const { distribution, ...rest } = document;
    expect(rest).toEqual({
      schema: 'locality-tune.sim/1',
      program: 'weighted',
      result: null,
      earlyExit: null,
      steps: [],
      groupSize: 2,
      packets: 400,
      passedOver: [
        { why: 'to another port, or by another protocol', packets: 2 },
        { why: 'TCP, but no SYN', packets: 1 },
      ],
      ports: [{ port: 'udp 53', packets: 400 }],
      earlyExits: [],
      hashed: 0,
      notes: [],
    });
    expect(distribution[0] + distribution[1]).toBe(400);
    expect(Math.abs(distribution[0] - 300)).toBeLessThan(50);
  });

  it('reads stdin', () => {
    const input = readFileSync(file('mixed.pcap'));
    const sim = spawnSync(process.execPath, [BUILT, 'sim', 'rand', '--pcap', '-', '-j'], {
      input,
      encoding: 'utf8',
    });
    expect(JSON.parse(sim.stdout)).toMatchObject({ packets: 402 });
  });

  it('is the same every time, and another with another seed', async () => {
    const distribution = async (...seed: string[]) =>
      (await json('rand', '--pcap', file('mixed.pcap'), ...seed)).distribution;
    expect(await distribution()).toEqual(await distribution());
    expect(await distribution()).not.toEqual(await distribution('--seed', '2'));
  });

  it('uses the complete part of a truncated file, and says so', async () => {
    const { packets, notes } = await json('rand', '--pcap', file('torn.pcap'));
    expect(packets).toBe(399);
    expect(notes).toEqual([
      `${file('torn.pcap')}: it ends in the middle of a packet; only the packets before that are counted`,
    ]);
  });
});

describe('an impossible sim', () => {
  it.each([
    [['none-such'], 2, /'none-such': no such program, and no such file; there are: cpu, map, /],
    [['./cpu'], 1, /read \.\/cpu: no such file or directory \(ENOENT\)/],
    [['FOLDER/bad.bpf'], 1, /bad\.bpf: the kernel would refuse this: instruction 1: .*0/],
    [['FOLDER/wrong.bpf'], 1, /wrong\.bpf:2:1: .*mdo/],
    [
      ['cpu', '--pcap', 'FOLDER/word.bpf'],
      1,
      /word\.bpf: it is neither a pcap nor a pcapng file; tcpdump -w/,
    ],
    [['cpu', '--pcap', '/none/such'], 1, /read \/none\/such: no such file or directory \(ENOENT\)/],
    [['cpu', '--packet', 'c0f'], 2, /--packet 'c0f': must be bytes in hex; for example c0ffee/],
    [['cpu', '--cpu', '8192'], 2, /--cpu '8192': must be a whole number from 0 to 8191/],
    [['cpu', '--rand', '-1'], 2, /--rand '-1': must be a whole number/],
    [['cpu', '--packet', '00', '--pcap', 'x'], 2, /--packet, --pcap: only one is possible; omit the others/],
    [['cpu', '--port', '53'], 2, /--port, --tcp, --udp: need a capture; add --pcap FILE/],
    [['cpu', '--pcap', 'x', '--trace'], 2, /--trace: needs one packet/],
    [['-', '--pcap', '-'], 2, /the program is read from stdin already/],
    [['cpu', '--weights', '1,2'], 2, /--weights: cpu does not use it; use it with weighted/],
    [['weighted', '--weights', '1,2', '--group-size', '1'], 2, /--weights: 2 for a group of 1/],
    [['weighted', '--weights', '0,0'], 2, /weighted: no slot has a weight of 1 or more/],
    [['numa', '--by', 'cpu'], 2, /--by cpu: numa spreads by rand or flow/],
    [['map', '--cpus', '1,9999'], 2, /map: CPU 9999 is not between 0 and 8191/],
  ])('%j: exit %d', async (args, status, words) => {
    const given = args.map((word) => word.replace('FOLDER', folder));
    const { stdout, stderr, ...rest } = await run(['sim', ...given]);
    expect({ stdout, status: rest.status }).toEqual({ stdout: '', status });
    expect(stderr).toMatch(words);
    const document = JSON.parse((await run(['sim', ...given, '-j'])).stdout);
    expect(document).toMatchObject({ schema: 'locality-tune.sim/1', error: { code: expect.any(String) } });
  });
});
