/**
 * What the measuring of `prove` costs the server that it measures: by an experiment that switches the counters, or the probe
 * of --latency, instead of a program. The figures come from /proc alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readInterrupts } from '../../src/host/interrupts.ts';
import { readSockets } from '../../src/host/sockets.ts';
import { readMachine } from '../../src/host/topology.ts';
import type { Group } from '../../src/host/types.ts';
import { pause } from '../../src/measure/pause.ts';
import { compare } from '../../src/prove/compare.ts';
import { openCounters } from '../../src/prove/counters.ts';
import { experiment } from '../../src/prove/experiment.ts';
import type { Measuring } from '../../src/prove/measuring.ts';
import { parseSchedstat, parseSnmp } from '../../src/prove/parse.ts';
import type { Switch } from '../../src/prove/switch.ts';
import { type Design, METRICS, type Values } from '../../src/prove/types.ts';
import { levelText } from '../../src/prove/verdict.ts';
import { startWaitProbe } from '../../src/prove/wait-probe.ts';
import { membersOf, threadsOf } from '../../src/prove/workers.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { startNginx } from '../integration/servers.ts';

const PORT = 28_493;
/** bpftrace needs two seconds to start, which must not be measured. */
const DESIGN: Design = {
  order: 'random ABBA/BAAB',
  seed: 20,
  blocks: 8,
  round: 4,
  warm: 3,
  untilClear: false,
};

const files = openFiles('/');
const kernel = openKernel();

/** Its CPU time for a connection, without any counter: PassiveOpens are those of the whole namespace. */
const byProc = (groups: readonly Group[]): Measuring => {
  const read = () => ({
    at: performance.now(),
    cpu: threadsOf(files, groups).reduce(
      (sum, { pid, tid }) =>
        sum + (parseSchedstat(files.text(`/proc/${pid}/task/${tid}/schedstat`) ?? '')?.cpu ?? 0),
      0,
    ),
    accepts: parseSnmp(files.text('/proc/net/snmp') ?? '', 'Tcp', 'PassiveOpens') ?? 0,
  });
  return {
    round: async (seconds, signal) => {
      const first = read();
      await pause(seconds, signal);
      const last = read();
      const connections = last.accepts - first.accepts;
      const none = Object.fromEntries(METRICS.map((name) => [name, null])) as Record<keyof Values, null>;
      const values: Values = { ...none, 'worker-cpu': (last.cpu - first.cpu) / 1000 / connections };
      return { seconds: (last.at - first.at) / 1000, connections, values, hottest: 0 };
    },
    end: async () => {},
  };
};

/** Something that runs in the rounds of one arm. */
function switchOf(start: () => Promise<() => Promise<void>>): Switch {
  let end: (() => Promise<void>) | null = null;
  const stop = async () => {
    await end?.();
    end = null;
  };
  return {
    before: 'off',
    to: async (arm) => {
      if (arm === 'off') await stop();
      else end = await start();
    },
    putBack: async () => {
      await stop();
      return [];
    },
    guard: async () => ({ isAlive: () => true, undoes: () => {}, dismiss: async () => {} }),
  };
}

/** What runs in the rounds of one arm, and ends as the result says. */
type Start = (groups: readonly Group[]) => Promise<() => Promise<void>>;

const COUNTERS: Readonly<Record<string, Start>> = {
  nothing: async () => async () => {},
  'the counters of every round': async (groups) => {
    const { cpus } = readMachine({ files, kernel }, readInterrupts(files));
    const open = await openCounters({
      ...{ files, kernel, groups, protocol: 'tcp', port: PORT, cpus: cpus.online, per: 'connection' },
    });
    await open.read();
    return async () => {
      await open.read();
      open.close();
    };
  },
};

const PROBE: Readonly<Record<string, Start>> = {
  'the probe of --latency': async () => {
    const probe = await startWaitProbe(PORT, 'connection');
    const problem = probe.problem();
    if (problem !== null) throw new Error(problem);
    return () => probe.end();
  },
};

export const counterCostTable = (): Promise<void> => costTable(COUNTERS);
export const probeCostTable = (): Promise<void> => costTable(PROBE);

async function costTable(tried: Readonly<Record<string, Start>>): Promise<void> {
  const nginx = await startNginx(PORT, 2);
  try {
    const rows: Record<string, unknown>[] = [];
    for (const [what, start] of Object.entries(tried))
      rows.push({ runs: what, ...(await underLoad((groups) => measured(groups, start))) });
    console.log(
      '\nprove: what its measuring adds to the CPU time of nginx for a connection (loopback, 2 workers)',
    );
    console.table(rows);
  } finally {
    await nginx.stop();
  }
}

/** Microseconds that the server burns for each connection of one arm. */
const BURNED = 20;

/** Does the interval contain what is known to be there? */
export async function injectedTable(): Promise<void> {
  const program = join(import.meta.dirname, '../integration/far-costs.py');
  const server = spawn('python3', [program, `${PORT}`, `${BURNED}`, 'told'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let output = '';
    server.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await once(server.stdout, 'data');
    const row = await underLoad((groups) =>
      measured(groups, async () => {
        server.kill('SIGUSR1');
        return async () => {
          server.kill('SIGUSR2');
        };
      }),
    );
    const lines = [...output.matchAll(/^(\d+) (\d+)$/gm)].map(([, ns, count]) => [Number(ns), Number(count)]);
    const [ns, count] = [0, 1].map((at) => lines.reduce((sum, line) => sum + (line[at] ?? 0), 0));
    console.log('\nprove: a server that burns CPU time for each connection in the rounds of one arm');
    console.table([{ 'burned, µs/conn': Math.round((ns ?? 0) / (count ?? 1) / 100) / 10, ...row }]);
  } finally {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  }
}

async function underLoad<T>(act: (groups: readonly Group[]) => Promise<T>): Promise<T> {
  const program = join(import.meta.dirname, '../integration/tune-load.ts');
  const load = [0, 1].map((cpu) =>
    spawn('taskset', ['-c', `${cpu}`, process.execPath, program, `${PORT}`], { stdio: 'ignore' }),
  );
  try {
    const sockets = { port: PORT, slots: false, sampleSeconds: 0 };
    return await act((await readSockets({ files, kernel }, null, sockets)).groups);
  } finally {
    const ended = load.map((child) => once(child, 'exit'));
    for (const child of load) child.kill('SIGKILL');
    await Promise.all(ended);
  }
}

/** A row of the table. */
async function measured(groups: readonly Group[], start: Start) {
  const subject = {
    files,
    kernel,
    groups,
    members: await membersOf({ files, kernel, groups }),
    primary: 'worker-cpu',
    change: switchOf(() => start(groups)),
    what: 'it',
  } as const;
  const phase = { design: DESIGN, begin: async () => byProc(groups), isEnough: () => false };
  const { rounds, stopped } = await experiment(subject, [phase], new AbortController().signal, () => {});
  const metric = compare(rounds.flat(), 'conn')['worker-cpu'];
  if (stopped !== null || metric === undefined) throw new Error(stopped ?? 'no figures');
  const { off, effect, low, high } = metric;
  const tenths = (value: number) => Math.round(10 * value) / 10;
  return {
    'µs/conn without': tenths(off),
    'adds µs/conn': tenths(effect * off),
    [`${levelText(metric)} interval`]: `${tenths(low * off)} to ${tenths(high * off)}`,
    'adds %': tenths(100 * effect),
  };
}
