import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild } from '../../src/demo/child.ts';
import type { ClientOrders, WorkerOrders } from '../../src/demo/messages.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson } from './cli.ts';
import { facts, type Tuned, theGroup } from './tuned.ts';

const CPUS = [0, 1];
const state = mkdtempSync(join(tmpdir(), 'lt-tune-'));

beforeAll(async () => {
  process.env['LOCALITY_TUNE_STATE'] = state;
  await assertBpfAnswers();
});
afterAll(() => {
  rmSync(state, { recursive: true, force: true });
  delete process.env['LOCALITY_TUNE_STATE'];
});

describe('tune of the embedded server', () => {
  it('goes from chance to all by tune alone, and undo brings everything back', async () => {
    const workers = CPUS.map((cpu) => startChild<WorkerOrders>('worker', cpu));
    const clients = CPUS.map((cpu) => startChild<ClientOrders>('client', cpu));
    const stop = new AbortController();
    const loads: Promise<void>[] = [];
    try {
      // Slots are given in the order of listen().
      let port = 0;
      for (const worker of workers)
        port = (await worker.ask('listen', { tcpPort: port, udpPort: 0 })).tcp.port;
      const load = async (client: (typeof clients)[number]) => {
        while (!stop.signal.aborted) {
          await client.ask('connect', { port, count: 20 });
          await sleep(15);
        }
      };
      loads.push(...clients.map(load));
      const before = facts(await theGroup(port));
      expect(before).toEqual({ selection: 'hash', program: null, cpus: [[0], [1]] });
      const select = ['--iface', 'lo', '--port', String(port)];
      const tuned = await cliJson<Tuned>('tune', ...select, '--seconds', '5', '--yes');
      expect(tuned.plan.changes.map(({ kind }) => kind)).toEqual(['program']);
      expect(tuned).toMatchObject({ kept: true, after: { accept: 100 } });
      expect(Math.abs(tuned.before.accept - 50)).toBeLessThan(15);
      expect((await theGroup(port)).selection).toBe('cbpf');
      expect(await cliJson('undo', '--yes')).toMatchObject({ restored: [{ kind: 'program' }], skipped: [] });
      expect(facts(await theGroup(port))).toEqual(before);
    } finally {
      stop.abort();
      await Promise.allSettled(loads);
      await Promise.all([...workers, ...clients].map((child) => child.stop()));
    }
  }, 300_000);
});

it('fails if there is nothing to tune, and says so', async () => {
  const worker = startChild<WorkerOrders>('worker', 0);
  try {
    const { tcp } = await worker.ask('listen', { tcpPort: 0, udpPort: 0 });
    for (const args of [
      ['--port', '4444'],
      ['--port', String(tcp.port), '--udp'],
    ])
      for (const command of ['tune', 'apply']) {
        const { code, stdout } = await cli(command, ...args, '--yes', '-j');
        expect(code).toBe(1);
        expect(JSON.parse(stdout).error.code).toBe('nothing-to-tune');
      }
  } finally {
    await worker.stop();
  }
});
