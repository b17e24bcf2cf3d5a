/** What a probe costs each packet: ours, one that does nothing on the same hooks, and the map-based script of 2017. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseCpuList } from '../../src/host/cpus.ts';
import { ANY } from '../../src/measure/filter.ts';
import { startSession } from '../../src/measure/session.ts';
import { skbQuestion } from '../../src/measure/skb-question.ts';
import type { ProbeVariant, Question } from '../../src/measure/types.ts';
import { openFiles } from '../../src/system/files.ts';
import { emptied, MAP_PORT_KEYS, mapPort } from './probes/programs.ts';

/** bpftrace is started three times in each: kernels have hung on more than a handful of starts in short order. */
const ROUNDS = 5;
/** From quiet times, of each workload, in each turn of at most SECONDS. */
const BATCHES = 400;
const BATCH = 250;
const SECONDS = 8;
/** Fewer in all rounds mean nothing: the table says NaN. */
const FEWEST = 20;
const REST_MS = 1_000;

const WORKLOADS = {
  udp: 'UDP over lo, received only',
  tcp: 'TCP over lo, both ways',
  tap: 'UDP by tap, both ways',
} as const;
type Workload = keyof typeof WORKLOADS;
const NAMES: readonly Workload[] = ['udp', 'tcp', 'tap'];
/** Nanoseconds a packet, by batch. */
type Batches = Readonly<Record<Workload, readonly number[]>>;

type Kind = 'none' | 'empty' | 'ours' | 'map';

export async function probesTable(): Promise<void> {
  if (process.geteuid?.() !== 0) return console.log('\nleft out: probes: bpftrace needs root');
  const load = startLoad();
  try {
    const ours = await skbQuestion(ANY, 1);
    // This measurement is thrown away: it shows the load what a quiet CPU is.
    const { variant } = await under(ours, load.batches);
    const only = (program: string, keys: number): Question => ({
      ...ours,
      variants: [{ ...variant, program }],
      keys,
    });
    const empty = only(emptied(variant.program), ours.keys);
    const map = only(mapPort(variant.name), MAP_PORT_KEYS);
    const batches: Record<Kind, Batches[]> = { none: [], empty: [], ours: [], map: [] };
    let others = 0;
    for (let round = 0; round < ROUNDS; round++) {
      others = Math.max(others, bpftraces());
      batches.none.push(await load.batches());
      batches.empty.push((await under(empty, load.batches)).result);
      batches.ours.push((await under(ours, load.batches)).result);
      batches.map.push((await under(map, load.batches)).result);
    }
    print(variant.name, batches);
    if (others > 0) console.log(`${others} other bpftrace ran, whose probes cost packets something, too`);
  } finally {
    load.stop();
  }
}

/** While the probe runs. */
async function under<T>(
  question: Question,
  act: () => Promise<T>,
): Promise<{ variant: ProbeVariant; result: T }> {
  await sleep(REST_MS);
  const abort = new AbortController();
  const session = await startSession(question, { count: null, signal: abort.signal });
  try {
    return { variant: session.variant, result: await act() };
  } finally {
    abort.abort();
    for await (const _ of session.intervals);
  }
}

/** Ends with its input, and so with this process. */
function startLoad() {
  const script = fileURLToPath(new URL('probes/packets.py', import.meta.url));
  const child = spawn('python3', [script, ...[lastCpu(), BATCHES, BATCH, SECONDS].map(String), ...NAMES], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    batches: async (): Promise<Batches> => {
      child.stdin.write('\n');
      const { value, done } = await lines.next();
      if (done) throw new Error('packets.py ended early');
      return JSON.parse(value);
    },
    stop: () => child.stdin.end(),
  };
}

/** What disturbs can only add: the quickest are those that were left alone. Not the very quickest, which may be luck. */
const undisturbed = (batches: readonly number[]): number =>
  batches.length < FEWEST
    ? Number.NaN
    : ([...batches].sort((one, other) => one - other)[Math.floor(batches.length / 20)] ?? Number.NaN);

function print(mechanism: string, batches: Readonly<Record<Kind, readonly Batches[]>>): void {
  console.log(`\nmeasure skb by ${mechanism}: nanoseconds a packet, and what a probe adds to them`);
  console.table(
    NAMES.map((name) => {
      const cost = (kind: Kind) => undisturbed(batches[kind].flatMap((round) => round[name]));
      const none = cost('none');
      const [empty, ours, map] = [cost('empty') - none, cost('ours') - none, cost('map') - none];
      return {
        workload: WORKLOADS[name],
        'no probe': Math.round(none),
        empty: Math.round(empty),
        ours: Math.round(ours),
        'map port': Math.round(map),
        'ours/empty': round2(ours / empty),
        'ours/map': round2(ours / map),
        'with/without': round2((none + ours) / none),
      };
    }),
  );
  console.log(TARGETS[mechanism] ?? OTHER_TARGET);
}

const TARGETS: Readonly<Record<string, string>> = {
  tracepoint: 'target: ours/empty at most 1.5 for what is received only',
};
const OTHER_TARGET = 'target: ours/map at most 0.33 for what is received only, 0.7 for both ways';

const files = openFiles('/');
const lastCpu = () => parseCpuList(files.text('/sys/devices/system/cpu/online') ?? '')?.at(-1) ?? 0;

const bpftraces = () =>
  readdirSync('/proc').filter((pid) => files.text(`/proc/${pid}/comm`)?.trimEnd() === 'bpftrace').length;

const round2 = (value: number) => Math.round(100 * value) / 100;
