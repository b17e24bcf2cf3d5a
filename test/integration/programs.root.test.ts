import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/cbpf/simulate.ts';
import type { Group } from '../../src/host/types.ts';
import { packetOf } from '../../src/pcap/packet.ts';
import type { Attached } from '../../src/steer/attach.ts';
import { ethernet, udp4 } from '../pcap/files.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson } from './cli.ts';

const SIZE = 6;

/** A group of UDP sockets; for each line of `address port` on stdin, the slot that got a datagram from there. */
const MEMBERS = `
import select, socket, sys
def member(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', port))
    return s
first = member(0)
port = first.getsockname()[1]
group = [first] + [member(port) for _ in range(${SIZE - 1})]
print(port, flush=True)
for line in sys.stdin:
    address, sport = line.split()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
        source.bind((address, int(sport)))
        source.sendto(b'datagram', ('127.0.0.1', port))
    [ready] = select.select(group, [], [], 5)[0]
    ready.recv(64)
    print(group.index(ready), flush=True)
`;

interface Source {
  readonly address: number;
  readonly port: number;
}

const dotted = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
const sources = Array.from({ length: 300 }, (_, index): Source => {
  return { address: 0x7f000002 + index * 77, port: 20_000 + 3 * index };
});

describe('built-in programs, and one from a file, on a real group', () => {
  const python: ChildProcess = spawn('python3', ['-c', MEMBERS], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = python.stdout ? createInterface(python.stdout)[Symbol.asyncIterator]() : null;
  const folder = mkdtempSync(join(tmpdir(), 'lt-programs-'));
  let port = '';

  const nextLine = async () => (await lines?.next())?.value ?? '';
  const attach = (...args: string[]) =>
    cliJson<Attached>('attach', '--yes', '--port', port, '--udp', '--program', ...args);

  beforeAll(async () => {
    await assertBpfAnswers();
    port = await nextLine();
  });
  afterAll(async () => {
    const exit = once(python, 'exit');
    python.stdin?.end();
    await exit;
    rmSync(folder, { recursive: true });
  });

  /** Where the kernel puts a datagram from each source. */
  async function slots(): Promise<number[]> {
    const found: number[] = [];
    for (const { address, port } of sources) {
      python.stdin?.write(`${dotted(address)} ${port}\n`);
      found.push(Number(await nextLine()));
    }
    return found;
  }

  /** Where the simulator does. */
  function simulated({ program }: Attached): number[] {
    const run = compile(program.instructions);
    return sources.map(({ address, port: sport }) => {
      const payload = Buffer.from('datagram');
      const bytes = ethernet(
        udp4({ source: address, sport, destination: 0x7f000001, dport: Number(port), payload }),
      );
      const seen = packetOf({ linkType: 1, bytes, length: bytes.length });
      if (typeof seen === 'string') throw new Error(seen);
      return run(seen.environment).result;
    });
  }

  const inspectProgram = async () => {
    const { groups } = await cliJson<{ groups: Group[] }>('inspect', '--port', port, '--sample', '0');
    return groups[0]?.program?.name;
  };

  it.each([
    ['source-rendezvous', []],
    ['weighted', ['--weights', '5,1,0,1,1,1']],
    ['drain', ['--drain', '0,4']],
  ] as const)('%s sends every source where the simulator does', async (name, options) => {
    const attached = await attach(name, ...options);
    expect(attached).toMatchObject({ changed: true, program: { name, file: null } });
    const got = await slots();
    expect(got).toEqual(simulated(attached));
    expect(await inspectProgram()).toBe(name);
    if (name === 'drain') expect(got.filter((slot) => slot === 0 || slot === 4)).toEqual([]);
    if (name === 'weighted') expect(got).not.toContain(2);
  });

  it('attaches a program from a file, after a trial of what it would do', async () => {
    const file = join(folder, 'port.bpf');
    writeFileSync(file, 'ldh [-1048556] ; the source port\nmod #5\nret a\n');
    const dry = await attach(file, '--dry-run');
    expect(dry).toMatchObject({ attached: false, changed: false, program: { name: null, file } });
    expect(dry.warnings.join()).toMatch(/not the group's size.*slot 5 gets nothing/);
    expect(dry.trial.slots.map((runs) => runs > 0)).toEqual([true, true, true, true, true, false]);
    expect(dry.trial.decides).toEqual(['packet']);

    const attached = await attach(file);
    expect(attached).toMatchObject({ attached: true, changed: true, previous: { name: 'drain' } });
    expect(await slots()).toEqual(sources.map((source) => source.port % 5));
    expect(await attach(file)).toMatchObject({ attached: true, changed: false });
  });

  it('takes that program for a foreign one from then on', async () => {
    const { code, stderr } = await cli('attach', '--yes', '--port', port, '--udp', '--program', 'rand');
    expect(code).toBe(1);
    expect(stderr).toMatch(/already has a foreign cBPF program/);
    expect(await inspectProgram()).toBeNull();
    expect(await attach('rand', '--force')).toMatchObject({ changed: true, previous: { name: null } });
  });

  it('refuses a file that the kernel would refuse, and one that is not a program, before anything else', async () => {
    const file = join(folder, 'bad.bpf');
    writeFileSync(file, 'ld cpu\nmod #0\nret a\n');
    const refuse = async (program: string) =>
      (await cli('attach', '--yes', '--port', port, '--udp', '--program', program)).stderr;
    expect(await refuse(file)).toMatch(/the kernel would refuse this: instruction 1/);
    expect(await refuse('nope')).toMatch(/'nope': no such program, and no such file; there are: cpu/);
    expect(await inspectProgram()).toBe('rand');
  });
});
