import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertBpfAnswers } from '../integration/bpf.ts';
import { type RunningExporter, seriesValue, startExporter, valuesOf } from './running.ts';

const NETNS = `lt-sampling-${process.pid}`;
const INSIDE = ['ip', 'netns', 'exec', NETNS];
const SECONDS = 6;
const PERIOD = 12;

/** A UDP group and a TCP group of two workers each; a line \`udp N\` or \`tcp N\` sends that many, one after another. */
const SERVERS = `
import socket, sys, threading
def member(kind, port):
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', port))
    if kind == socket.SOCK_STREAM: s.listen(64)
    return s
udp = [member(socket.SOCK_DGRAM, 5353) for _ in range(2)]
tcp = [member(socket.SOCK_STREAM, 8080) for _ in range(2)]
done = threading.Semaphore(0)
def read(s):
    while True:
        s.recv(64)
        done.release()
def accept(s):
    while True:
        s.accept()[0].close()
        done.release()
for s in udp: threading.Thread(target=read, args=(s,), daemon=True).start()
for s in tcp: threading.Thread(target=accept, args=(s,), daemon=True).start()
print('ready', flush=True)
for line in sys.stdin:
    kind, n = line.split()
    for _ in range(int(n)):
        if kind == 'tcp':
            with socket.create_connection(('127.0.0.1', 8080)): done.acquire()
        else:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                c.sendto(b'x', ('127.0.0.1', 5353))
                done.acquire()
    print('done', flush=True)
`;

const python = { child: null as ReturnType<typeof spawn> | null, ask: async (_: string) => {} };
let exporter: RunningExporter;

beforeAll(async () => {
  await assertBpfAnswers();
  execFileSync('ip', ['netns', 'add', NETNS]);
  execFileSync('ip', ['-n', NETNS, 'link', 'set', 'lo', 'up']);
  const child = spawn('ip', ['netns', 'exec', NETNS, 'python3', '-c', SERVERS], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  python.child = child;
  python.ask = async (line) => {
    child.stdin.write(`${line}\n`);
    await lines.next();
  };
  const sample = ['--sample', `${SECONDS}/${PERIOD}`, '--probes', 'accept,udp'];
  exporter = await startExporter(['--netns', NETNS, ...sample], INSIDE);
});
afterAll(async () => {
  await exporter.stop();
  if (python.child !== null) {
    const exit = once(python.child, 'exit');
    python.child.kill('SIGKILL');
    await exit;
  }
  execFileSync('ip', ['netns', 'del', NETNS]);
});

const sum = (values: ReadonlyMap<string, number>, part: string): number =>
  [...values].reduce((all, [labels, value]) => all + (labels.includes(part) ? value : 0), 0);

/** Scrapes until both probes have had so many samples of this result. */
async function untilSamples(result: 'ok' | 'failed', count: number): Promise<string> {
  for (;;) {
    const text = await exporter.scrape();
    const had = ['accept', 'udp'].map((probe) =>
      seriesValue(text, `probe_samples_total{probe="${probe}",result="${result}"}`),
    );
    if (had.every((each) => (each ?? 0) >= count)) return text;
    await sleep(200);
  }
}

async function untilBothCount(): Promise<void> {
  while (!(await bothCount())) await sleep(100);
}

async function bothCount(): Promise<boolean> {
  const active = valuesOf(await exporter.scrape(), 'probe_active');
  return ['accept', 'udp'].every((probe) => active.get(`{probe="${probe}"}`) === 1);
}

/** The bpftrace processes of the exporter. */
const probesOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return stat.includes('(bpftrace)') && Number(stat.split(') ')[1]?.split(' ')[1]) === pid;
      } catch {
        return false;
      }
    })
    .map(Number);

describe('samples of the probes', { timeout: 240_000 }, () => {
  it('count exactly what happens during them, by port and by slot', async () => {
    const before = await untilSamples('ok', 1);
    await untilBothCount();
    await python.ask('udp 997');
    await python.ask('tcp 499');
    // Else the machine was too busy for this test.
    expect(await bothCount()).toBe(true);
    const after = await untilSamples('ok', 2);
    const grown = (metric: string, part: string) =>
      sum(valuesOf(after, metric), part) - sum(valuesOf(before, metric), part);
    expect(grown('udp_datagrams_total', 'port="5353"')).toBe(997);
    expect(grown('accepts_total', 'port="8080"')).toBe(499);
    expect(grown('slot_packets_total', 'group="udp 127.0.0.1:5353"')).toBe(997);
    // Each of the two threads was in an accept already, and one process serves both slots.
    expect([497, 498, 499]).toContain(grown('slot_packets_total', 'group="tcp 127.0.0.1:8080"'));
    const seconds = seriesValue(after, 'probe_seconds_total{probe="udp"}') ?? 0;
    expect(Math.round(seconds / SECONDS)).toBe(2);
  });

  it('that are killed leave the counters as they are, and the next one counts on', async () => {
    const before = await exporter.scrape();
    await untilBothCount();
    for (const pid of probesOf(exporter.pid)) process.kill(pid, 'SIGKILL');
    const after = await untilSamples('failed', 1);
    for (const probe of ['accept', 'udp']) {
      expect(seriesValue(after, `probe_up{probe="${probe}"}`)).toBe(0);
      expect(seriesValue(after, `missing{what="${probe}",reason="failed"}`)).toBe(1);
    }
    expect(valuesOf(after, 'udp_datagrams_total')).toEqual(valuesOf(before, 'udp_datagrams_total'));
    expect(valuesOf(after, 'accepts_total')).toEqual(valuesOf(before, 'accepts_total'));
    const again = await untilSamples('ok', 3);
    expect(seriesValue(again, 'probe_up{probe="udp"}')).toBe(1);
  });
});
