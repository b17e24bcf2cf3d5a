import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Accepts } from '../../src/measure/accept.ts';
import type { BeforeAndAfter } from '../../src/measure/locality-counter.ts';
import { type Served, startWorkload } from '../measure/workload.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson } from './cli.ts';
import { withoutBpftrace } from './instead.ts';
import { startLive } from './live.ts';
import { type Nginx, startNginx } from './servers.ts';

interface Document extends Accepts {
  readonly schema: string;
  readonly time: string;
  readonly seconds: number;
  readonly source: string;
}

const workload = startWorkload();
let served: Served;
let other: Served;

beforeAll(async () => {
  await assertBpfAnswers();
  served = await workload.serveTcp([0]);
  other = await workload.serveTcp([0]);
});
afterAll(workload.stop);

describe('measure accept', () => {
  it('counts every accept once, by listener and by the pair of CPUs, and nothing else', async () => {
    const [worker] = served.workers;
    const port = String(served.port);
    const filters = ['--port', port, '--pid', String(worker?.pid), '--comm', 'python3'];
    const live = startLive(['measure', 'accept', '-j', '-i', '0.5', ...filters]);
    expect(await live.document<Document>()).toMatchObject({ accepts: 0, percent: null, listeners: [] });

    const seen: Document[] = [];
    const until = async (total: number) => {
      const sum = () => seen.reduce((accepts, document) => accepts + document.accepts, 0);
      while (sum() < total) seen.push(await live.document<Document>());
      expect(sum()).toBe(total);
    };
    await workload.connect(0, served.port, 1_009);
    await until(1_009);
    const near = seen.splice(0);
    await workload.connect(1, other.port, 50);
    await workload.connect(1, served.port, 1_009);
    await until(1_009);
    const far = seen.splice(0);

    const matched = (documents: readonly Document[]) => documents.reduce((sum, one) => sum + one.matched, 0);
    expect([matched(near), matched(far)]).toEqual([1_009, 0]);
    const listener = { pid: worker?.pid, comm: 'python3', fd: worker?.fd, port: served.port };
    for (const { listeners, percent, seconds, source, schema } of near.filter(({ accepts }) => accepts > 0)) {
      expect(listeners).toEqual([expect.objectContaining(listener)]);
      expect({ percent, source, schema }).toEqual({
        percent: 100,
        source: 'probe',
        schema: 'locality-tune.accept/1',
      });
      expect(seconds).toBeGreaterThan(0);
    }
    const pairs = far.flatMap((document) => document.pairs);
    expect(new Set(pairs.map(({ cpu, rxcpu }) => `${cpu} ${rxcpu}`))).toEqual(new Set(['0 1']));

    await workload.connect(0, served.port, 3);
    const { lines, code } = await live.interrupt();
    expect(code).toBe(0);
    const rest = lines.map((line) => JSON.parse(line) as Document);
    expect(rest.reduce((sum, { accepts }) => sum + accepts, 0)).toBe(3);
  });

  it('prints a line for each accept, in the known form', async () => {
    const live = startLive(['measure', 'accept', '--events', '--port', String(served.port)]);
    // Nothing says when the probe is in place but the first accept that it sees.
    const knocking = new AbortController();
    const knocks = (async () => {
      while (!knocking.signal.aborted) await workload.connect(0, served.port, 1);
    })();
    const [worker] = served.workers;
    const expected = new RegExp(`^cpu=#0 pid=${worker?.pid} accept\\(${worker?.fd}\\) -> fd=\\d+ rxcpu=#0$`);
    expect(await live.line()).toMatch(expected);
    knocking.abort();
    await knocks;
    await workload.connect(1, served.port, 23);
    const seen: string[] = [];
    const isFrom1 = (line: string) => line.endsWith('rxcpu=#1');
    while (seen.filter(isFrom1).length < 23) seen.push(await live.line());
    const { lines, code } = await live.interrupt();
    expect({ code, late: lines }).toEqual({ code: 0, late: [] });
    for (const line of seen) expect(line.replace(/rxcpu=#1$/, 'rxcpu=#0')).toMatch(expected);
  });

  it('samples connections if bpftrace is missing, and says so', async () => {
    await workload.connect(1, served.port, 30, true);
    const live = startLive(['measure', 'accept', '-j', '--port', String(served.port)], withoutBpftrace);
    const document = await live.document<Document>();
    expect(await live.interrupt()).toMatchObject({ code: 0, stderr: '' });
    expect(document).toMatchObject({ source: 'sample', accepts: 30, matched: 0, percent: 0 });
    expect(document.pairs).toEqual([
      { pid: served.workers[0]?.pid, fd: served.workers[0]?.fd, cpu: 0, rxcpu: 1, count: 30 },
    ]);
    expect(document.notes.slice(0, 2)).toEqual([
      expect.stringMatching(/^sampled, not measured: bpftrace is not installed/),
      expect.stringMatching(/^sampled, not measured: compares/),
    ]);

    const all = startLive(['measure', 'accept', '-j'], withoutBpftrace);
    const failed = await all.document<{ error: { code: string; hint: string } }>();
    expect(failed.error).toMatchObject({ code: 'bpftrace-missing', hint: expect.stringMatching(/--port/) });
    expect(await all.interrupt()).toMatchObject({ code: 1 });
  });
});

describe('attach --measure', () => {
  const PORT = 28_083;
  let nginx: Nginx;

  beforeAll(async () => {
    nginx = await startNginx(PORT, 2);
  });
  afterAll(() => nginx?.stop());

  it('shows nginx under load changing from one in N to all, in one table', async () => {
    const url = `http://127.0.0.1:${PORT}/`;
    // Pinned: otherwise the scheduler pulls its threads to the workers that answer them.
    const load = (cpu: string) =>
      spawn('taskset', ['-c', cpu, 'wrk', '-t1', '-c4', '-d170s', '-H', 'Connection: close', url], {
        stdio: 'ignore',
      });
    const loads = ['0', '1'].map(load);
    const ended = loads.map((wrk) => once(wrk, 'exit'));
    try {
      const { measured, warnings } = await cliJson<{
        measured: BeforeAndAfter | null;
        warnings: readonly string[];
      }>('attach', '--yes', '--port', String(PORT), '--measure', '2');
      if (measured === null) throw new Error(warnings.join());
      const { before, after } = measured;
      expect(before.events).toBeGreaterThan(400);
      expect(Math.abs(before.local / before.events - 1 / 2)).toBeLessThan(0.1);
      expect(after.events).toBeGreaterThan(400);
      expect(after.percent).toBeGreaterThan(99.5);
    } finally {
      for (const wrk of loads) wrk.kill();
      await Promise.all(ended);
    }
  });

  it('says that it saw no traffic, and which options do not go together', async () => {
    const quiet = await cli('attach', '--yes', '--port', String(PORT), '--measure', '0.2');
    expect(quiet).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/too little traffic to compare: 0 events before, 0 after/),
    });
    expect(quiet.stdout).not.toMatch(/before/);
    const dry = await cli('attach', '--port', String(PORT), '--measure', '--dry-run');
    expect(dry).toMatchObject({ code: 2, stderr: expect.stringMatching(/--dry-run/) });
  });
});
