/** Every way of counting that the kernel has, against exact numbers of packets, accepts and datagrams. */
import { expect, inject, it } from 'vitest';
import type { Waiting } from '../../probes/wait.ts';
import type { Accepts } from '../../src/measure/accept.ts';
import type { UdpSocket } from '../../src/measure/udp.ts';
import { bucketOf, quantileOf, type Waits } from '../../src/measure/wait.ts';
import type { KernelName } from './machine/kernels.ts';
import { useGuest } from './machine/lab.ts';
import { startMeasure } from './measure.ts';
import { startWorkload } from './workload.ts';

const WAITS = {
  connection: ['fentry', 'tracepoint'],
  datagram: ['fentry', 'tracepoint'],
  data: ['fentry', 'tracepoint'],
} as const;
/** Which of them a kernel with its bpftrace has, the best first. */
const VARIANTS: Readonly<
  Record<KernelName, Readonly<Record<'skb' | 'accept' | 'udp' | Waiting, readonly string[]>>>
> = {
  '5.10': {
    skb: ['incoming-cpu'],
    accept: ['tracepoint'],
    udp: ['kprobe'],
    connection: ['tracepoint'],
    datagram: [],
    data: [],
  },
  '6.1': {
    skb: ['fentry', 'kprobe'],
    accept: ['fentry', 'tracepoint'],
    udp: ['fentry', 'kprobe'],
    connection: ['fentry', 'tracepoint'],
    datagram: ['fentry'],
    data: ['fentry'],
  },
  '6.12': {
    skb: ['fentry', 'kprobe', 'rawtracepoint', 'tracepoint'],
    accept: ['fentry', 'tracepoint'],
    udp: ['fentry', 'kprobe', 'tracepoint'],
    ...WAITS,
  },
  '7.2': {
    skb: ['fentry', 'kprobe', 'rawtracepoint', 'tracepoint'],
    accept: ['fentry', 'tracepoint'],
    udp: ['fentry', 'kprobe', 'tracepoint'],
    ...WAITS,
  },
};

type Matrix = readonly (readonly number[])[];
interface Skbs {
  readonly coverage: string;
  readonly rxMatrix: Matrix;
  readonly txMatrix: Matrix | null;
  readonly notes: readonly string[];
  readonly lost: number;
}

/** CPUs of their own for each kind of traffic. */
const TRAFFIC = [
  ['udp', 2_003, 2, 5],
  ['tcp', 1_009, 1, 3],
  ['tap', 1_013, 4, 6],
] as const;
/** Beside its segments, TCP frees the SYN and the two FINs by their ACKs. */
const ACKED = 2 * 1_009 + 3;
const [SENDER, READER] = [2, 5];
const PORT = 28_093;
const { kernel } = inject('lab');
const variants = VARIANTS[kernel.name];

const guest = useGuest(async (each) => {
  await each.run('modprobe tun; modprobe inet_diag; modprobe tcp_diag; modprobe udp_diag');
});

interface Counts {
  readonly lost: number;
  readonly coverage: string | null;
}

/** What `measure` counts, by `variant` alone, while `traffic` flows. */
async function measured<T extends Counts>(
  what: string,
  variant: string,
  traffic: () => Promise<unknown>,
): Promise<T[]> {
  const { program: measure, first } = await startMeasure<T>(guest(), `${what} --variant ${variant}`);
  await traffic();
  const { code, stdout, stderr } = await measure.end();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const documents = [
    first,
    ...stdout
      .trimEnd()
      .split('\n')
      .map((line): T => JSON.parse(line)),
  ];
  for (const { coverage, lost } of documents)
    expect({ coverage, lost }).toEqual({ coverage: variant, lost: 0 });
  return documents;
}

/** `from>to` -> packets, of all intervals. */
function cells(documents: readonly Skbs[], matrix: 'rxMatrix' | 'txMatrix'): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const document of documents)
    for (const [from, row] of (document[matrix] ?? []).entries())
      for (const [to, count] of row.entries())
        if (count > 0) sums[`${from}>${to}`] = (sums[`${from}>${to}`] ?? 0) + count;
  return sums;
}

/** Datagrams that were read before the kernel had reported their delivery. */
const unseen = (documents: readonly Skbs[]): number =>
  documents
    .flatMap(({ notes }) => notes)
    .reduce((sum, note) => sum + Number(/^(\d+) datagrams? w/.exec(note)?.[1] ?? 0), 0);

/** What `prove --latency` counts: the shares of it, which variants see alike. */
async function waitsBy(names: readonly string[], waiting: string, traffic: () => Promise<unknown>) {
  const counting = guest().start(`exec node test/lab/waits.ts ${waiting} ${PORT} ${names.join(' ')}`);
  expect(await counting.line()).toBe('ready');
  await traffic();
  const { stdout } = await counting.end('SIGTERM');
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => new Map<number, number>(JSON.parse(line)));
}
const countOf = (waits: Waits) => [...waits.values()].reduce((sum, each) => sum + each, 0);

it.each([
  ['connection', 'connection'],
  ['datagram', 'datagram'],
  ['datagram', 'queue'],
  ['data', 'data'],
] as const)('a wait of a %s is counted by each way: %s', async (waiting, workload) => {
  const names = variants[waiting];
  const [times, seconds] = [23, 0.05];
  const all = await waitsBy(names, waiting, () =>
    guest().run(`python3 test/measure/wait-workload.py ${workload} ${PORT} ${times} ${seconds}`),
  );
  expect(all.map(countOf)).toEqual(names.map(() => times));
  for (const waits of all)
    for (const bucket of waits.keys())
      expect(bucketOf(bucket).from + bucketOf(bucket).width).toBeGreaterThan(1e6 * seconds);
});

it('waits of datagrams are counted alike for workers that read all the time', async () => {
  const workers = guest().start(`exec python3 test/lab/udp-workers.py ${PORT} 0 1`);
  await workers.line();
  const sent = 1_000;
  const all = await waitsBy(variants.datagram, 'datagram', () =>
    guest().run(`taskset 2 python3 test/lab/udp-source.py 127.0.0.1 ${PORT} ${sent} 16 100`),
  );
  await workers.end();
  console.log(
    kernel.name,
    all.map((waits) => [countOf(waits), quantileOf(waits, 0.5), quantileOf(waits, 0.99)]),
  );
  const counts = all.map(countOf);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (counts.length > 0) {
    expect(least).toBeGreaterThan(0);
    expect(most).toBeLessThan(sent);
  }
  // The reader may be between the two places where they look.
  expect(least).toBeGreaterThanOrEqual(Math.floor(0.9 * most));
});

it.each(variants.skb)('measure skb by %s counts every packet', async (variant) => {
  const documents = await measured<Skbs>('skb', variant, async () => {
    for (const each of TRAFFIC) {
      const [mode, ...rest] = each;
      await guest().run(`python3 test/integration/traffic.py ${[mode, PORT, ...rest].join(' ')}`);
    }
  });
  const missed = unseen(documents);
  // The reader may be quicker than the report of the first delivery, which is said. The others follow one another.
  expect(missed).toBeLessThanOrEqual(variant === 'fentry' || variant === 'kprobe' ? 0 : 1);
  expect(cells(documents, 'rxMatrix')).toEqual({ '2>5': 2_003 - missed, '1>3': 1_009, '3>1': 1_009 });
  const tx = cells(documents, 'txMatrix');
  const sum = Object.values(tx).reduce((total, count) => total + count, 0);
  // No driver gives back what went over loopback.
  if (variant === 'incoming-cpu') expect(tx).toEqual({});
  else if (variant.endsWith('tracepoint')) expect(tx).toEqual({ '4>6': 1_013 });
  else expect([tx['4>6'], sum]).toEqual([1_013, 1_013 + ACKED]);
});

it.each(variants.accept)('measure accept by %s counts every connection', async (variant) => {
  const workload = startWorkload(guest());
  const { port, workers } = await workload.serveTcp([READER]);
  const documents = await measured<Accepts & { lost: number; coverage: string }>(
    `accept --port ${port}`,
    variant,
    async () => {
      await workload.connect(SENDER, port, 503);
      await workload.connect(READER, port, 211);
    },
  );
  const sum = (key: 'accepts' | 'matched') => documents.reduce((total, each) => total + each[key], 0);
  expect([sum('accepts'), sum('matched')]).toEqual([714, 211]);
  const pairs = documents.flatMap((each) => each.pairs);
  expect(new Set(pairs.map(({ pid, fd, cpu, rxcpu }) => `${pid} ${fd} ${cpu} ${rxcpu}`))).toEqual(
    new Set([SENDER, READER].map((from) => `${workers[0]?.pid} ${workers[0]?.fd} ${READER} ${from}`)),
  );
});

it.each(variants.udp)('measure udp by %s counts every datagram', async (variant) => {
  const workload = startWorkload(guest());
  const { port, workers } = await workload.serveUdp([READER]);
  interface Document {
    readonly sockets: readonly UdpSocket[];
    readonly lost: number;
    readonly coverage: string;
  }
  const documents = await measured<Document>(`udp --port ${port}`, variant, async () => {
    await workload.send(SENDER, port, 1_009);
    await workload.send(READER, port, 307);
  });
  const pairs = new Map<string, number>();
  for (const { sockets } of documents)
    for (const { inode, pairs: some } of sockets)
      for (const { cpu, rxcpu, count } of some) {
        const key = `${inode} ${rxcpu}>${cpu}`;
        pairs.set(key, (pairs.get(key) ?? 0) + count);
      }
  expect(Object.fromEntries(pairs)).toEqual({
    [`${workers[0]?.inode} ${SENDER}>${READER}`]: 1_009,
    [`${workers[0]?.inode} ${READER}>${READER}`]: 307,
  });
});
