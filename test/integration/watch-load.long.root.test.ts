/** nginx under load, reloaded ten times with changing numbers of workers, with a watcher and without. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { assertBpfAnswers } from './bpf.ts';
import { cli } from './cli.ts';
import { type Live, startLive } from './live.ts';
import { type Nginx, startNginx, until } from './servers.ts';

const PORT = 28_481;
const CPUS = availableParallelism();
/** A single worker is on one CPU; all others match only if each CPU has its own. */
const COUNTS = [2, 1, 3, 2, 4, 1, 2, 3, 1, 2].map((each) => (each === 1 ? 1 : Math.round((each * CPUS) / 2)));

interface Seen {
  readonly cpu: number;
  readonly total: number;
  readonly matched: number;
  readonly lost: number;
}

let state: string;
let nginx: Nginx;
let watching: Live | null = null;
let load: ChildProcess | null = null;

beforeEach(async () => {
  state = mkdtempSync(join(tmpdir(), 'lt-watch-load-'));
  process.env['LOCALITY_TUNE_STATE'] = state;
  await assertBpfAnswers();
  await start();
}, 60_000);
afterEach(async () => {
  load?.stdin?.end();
  if (load?.exitCode === null) await once(load, 'exit');
  await watching?.interrupt();
  watching = null;
  await nginx?.stop();
  rmSync(state, { recursive: true, force: true });
  delete process.env['LOCALITY_TUNE_STATE'];
});

/** With a program for a single worker: all that a reload adds starve under it. */
async function start(): Promise<void> {
  nginx = await startNginx(PORT, 1);
  expect((await cli('attach', '--port', `${PORT}`, '--yes')).code).toBe(0);
}

/** The latest quarter of a second of each CPU, and all connections that were lost. */
function startLoad() {
  const child = spawn('python3', [join(import.meta.dirname, 'match-load.py'), `${PORT}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  load = child;
  const latest = new Map<number, Seen>();
  const sums = { total: 0, lost: 0 };
  createInterface(child.stdout).on('line', (line) => {
    const seen: Seen = JSON.parse(line);
    latest.set(seen.cpu, seen);
    sums.total += seen.total;
    sums.lost += seen.lost;
  });
  return {
    sums,
    forget: () => latest.clear(),
    isMatched: () =>
      latest.size === CPUS &&
      [...latest.values()].every(({ total, matched }) => total > 0 && matched === total),
  };
}

/** Seconds until every CPU is served by its own worker, for each reload to more than one worker; and what was lost. */
async function reloads(waits: boolean) {
  const { sums, forget, isMatched } = startLoad();
  const seconds: { readonly workers: number; readonly seconds: string }[] = [];
  for (const workers of COUNTS) {
    await nginx.reload(workers);
    const began = performance.now();
    forget();
    if (workers > 1 && waits) {
      await until(isMatched, `all connections are accepted on their CPU, with ${workers} workers`, 120);
      seconds.push({ workers, seconds: ((performance.now() - began) / 1000).toFixed(1) });
    } else await sleep(1_000);
  }
  return { seconds, sums };
}

it('every connection is accepted on its CPU again after each reload, and none is lost through the watcher', async () => {
  watching = startLive(['watch', '--port', `${PORT}`, '--repair', 'all', '-j']);
  await watching.document();
  const { seconds, sums: watched } = await reloads(true);
  load?.stdin?.end();
  const { lines } = await watching.interrupt();
  watching = null;
  await nginx.stop();
  await start();
  const { sums: control } = await reloads(false);
  console.table(seconds);
  console.table({ watched, control });
  expect(lines.join('\n')).toContain('"action":"repaired"');
  // nginx itself resets what waits in the queue of a listener that it closes: by chance one for each CPU and reload.
  expect(watched.lost).toBeLessThanOrEqual(control.lost + COUNTS.length);
}, 400_000);
