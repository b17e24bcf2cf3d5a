/**
 * What the live view costs on 200 x 60 at one sample a second: recordings of machines of three sizes, and this machine itself
 * with the demo's load, which adds the reading of counters and of what the probes print.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRecorder } from '../../src/live/recording.ts';
import { TITLES } from '../../tui/keys.ts';
import { group, host, nic, pinned, range } from '../fixtures/hosts.ts';
import { configurationOf, historyOf } from '../fixtures/samples.ts';
import { ENTRY } from '../integration/cli.ts';
import { openScreen, type Screen } from '../tui/pty.ts';

const SIZES = [2, 64, 256];
/** Of each pane. */
const SECONDS = 8;
/** USER_HZ */
const TICKS = 100;

export async function liveTable(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lt-bench-live-'));
  try {
    console.log('\nlive on 200 x 60 at one sample a second, without bpftrace itself');
    const rows = [];
    for (const cpus of SIZES)
      rows.push(...(await costOf(`replay, ${cpus} CPUs`, ['--replay', record(folder, cpus)])));
    rows.push(...(await costOf('this machine, --demo', ['--demo'])));
    console.table(rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function record(folder: string, cpus: number): string {
  const machine = host({
    cpus,
    numa: [range(cpus / 2), range(cpus / 2).map((cpu) => cpu + cpus / 2)],
    nics: [nic({ queues: Math.min(128, cpus), xps: true })],
    groups: [group({ workers: pinned(...range(cpus)) })],
  });
  const file = join(folder, `${cpus}.jsonl`);
  const recorder = createRecorder(file);
  for (const sample of historyOf([
    { configuration: configurationOf(machine), seconds: 60, rx: 0.13, tx: 0.09 },
  ]))
    recorder.write(sample);
  recorder.close();
  return file;
}

async function costOf(what: string, args: readonly string[]) {
  const began = performance.now();
  const screen = openScreen(process.execPath, [ENTRY, 'live', ...args], { columns: 200, rows: 60 });
  try {
    await screen.until(/1 overview[\s\S]*RX/);
    const first = performance.now() - began;
    const rows = [];
    for (const [index, pane] of TITLES.entries()) {
      screen.type(`${index + 1}`);
      await sleep(1_500);
      rows.push({ what, 'first frame ms': Math.round(first), pane, ...(await watch(screen)) });
    }
    return rows;
  } finally {
    screen.kill('SIGTERM');
    await screen.ended;
  }
}

async function watch(screen: Screen) {
  const { pid } = screen;
  const [ticks, written, began] = [ticksOf(pid), screen.raw().length, performance.now()];
  await sleep(1000 * SECONDS);
  const seconds = (performance.now() - began) / 1000;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    '% of a CPU': Math.round((1000 * (ticksOf(pid) - ticks)) / TICKS / seconds) / 10,
    'RSS MB': Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024),
    'bytes a second': Math.round(Buffer.byteLength(screen.raw().slice(written)) / seconds),
  };
}

/** utime and stime, fields 14 and 15 of /proc/PID/stat, after the name in parentheses. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

if (process.argv[1] === import.meta.filename) await liveTable();
