/** What a watcher costs that has nothing to do: looks on machines of any size, without the kernel's part; its memory on this one. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readQuickly } from '../../src/host/known-slots.ts';
import { openFiles } from '../../src/system/files.ts';
import { fromHost } from '../../src/watch/baseline.ts';
import { observe } from '../../src/watch/observe.ts';
import { filesOf } from '../../src/watch/paths.ts';
import { TIMES } from '../../src/watch/times.ts';
import { NODE_OPTIONS } from '../../src/watch/unit.ts';
import { writeSyntheticTree } from '../fixtures/synthetic-tree.ts';

const LOOKS = 40;
const SCOPE = { ifaces: [], ports: [] };

export async function watchTable(): Promise<void> {
  const rows: Record<string, number>[] = [];
  for (const [cpus, queues] of [
    [8, 8],
    [64, 8],
    [64, 64],
    [256, 64],
  ] as const) {
    const root = mkdtempSync(join(tmpdir(), 'lt-bench-'));
    try {
      writeSyntheticTree(root, { cpus, nics: 1, queues });
      const system = { files: openFiles(root), kernel: null };
      const read = () => readQuickly(system, { ifaces: [], port: null }, new Map(), true);
      const baseline = fromHost(await read(), SCOPE, 'the tree');
      // The first ones are compiled.
      for (let nth = 0; nth < LOOKS; nth++) observe(await read(), baseline);
      const before = process.cpuUsage();
      for (let nth = 0; nth < LOOKS; nth++) filesOf(observe(await read(), baseline));
      const { user, system: kernel } = process.cpuUsage(before);
      const ms = (user + kernel) / 1000 / LOOKS;
      rows.push({
        cpus,
        queues,
        settings: baseline.settings.length,
        'ms of CPU time a look': Number(ms.toFixed(1)),
        '% of a CPU': Number(((100 * ms) / TIMES.fullMs).toFixed(3)),
      });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }
  console.log(`\nwatch with nothing to do: a look each ${TIMES.fullMs / 1000} s`);
  console.table(rows);
  if (process.geteuid?.() === 0) await memoryTable();
}

const ENTRY = fileURLToPath(new URL('../integration/entry.cjs', import.meta.url));
/** It gives back what its start needed after the second look. */
const SETTLED_MS = TIMES.fullMs + 30_000;

/** Eight reuseport sockets, whose slots bpftrace reads once. */
const SERVER = `for (let nth = 0; nth < 8; nth++)
  require('node:net').createServer().listen({ host: '127.0.0.1', port: 8080, reusePort: true });`;

/** In a network namespace of its own with a veth pair of 8 queues and a server, started as its unit starts it and by hand. */
async function memoryTable(): Promise<void> {
  const netns = `lt-bench-${process.pid}`;
  const state = mkdtempSync(join(tmpdir(), 'lt-bench-'));
  const ip = (...words: string[]) => execFileSync('ip', words);
  const queues = ['numrxqueues', '8', 'numtxqueues', '8'];
  ip('netns', 'add', netns);
  let server: ChildProcess | null = null;
  try {
    ip('-n', netns, 'link', 'add', 'v0', ...queues, 'type', 'veth', 'peer', 'name', 'v1');
    ip('-n', netns, 'link', 'set', 'lo', 'up');
    server = spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', SERVER], { stdio: 'inherit' });
    const started: readonly (readonly [string, readonly string[]])[] = [
      ['by its unit', NODE_OPTIONS],
      ['by hand', []],
    ];
    const rows: Record<string, string | number>[] = [];
    for (const [how, options] of started) {
      const words = [...options, ENTRY, 'watch', '--netns', netns, '--iface', 'v0', '--baseline', 'now'];
      const env = { ...process.env, LOCALITY_TUNE_STATE: state, MALLOC_ARENA_MAX: '1' };
      const child = spawn(process.execPath, words, { stdio: 'ignore', env });
      await sleep(SETTLED_MS);
      // It has become the watcher inside the namespace, or is its parent.
      const [inner = child.pid] = childrenOf(child.pid ?? 0);
      const status = readFileSync(`/proc/${inner}/status`, 'utf8');
      const mb = (field: string) =>
        Number((Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024).toFixed(1));
      const used = ticksOf(inner);
      await sleep(IDLE_MS);
      const percent = (ticksOf(inner) - used) / (IDLE_MS / 1000);
      rows.push({
        started: how,
        'resident MB': mb('VmRSS'),
        'of it files': mb('RssFile'),
        '% of a CPU': Number(percent.toFixed(2)),
      });
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      await ended;
    }
    console.log(`\nmemory of a watcher after ${SETTLED_MS / 1000} s`);
    console.table(rows);
  } finally {
    server?.kill();
    ip('netns', 'del', netns);
    rmSync(state, { recursive: true, force: true });
  }
}

/** Two looks. */
const IDLE_MS = 2 * TIMES.fullMs;

/** CPU time of a process, in hundredths of a second. */
function ticksOf(pid = 0): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
