/** The command line and the live view ask the same use cases: for one machine, they give one answer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Child, startChild } from '../../src/demo/child.ts';
import type { ClientOrders, WorkerOrders } from '../../src/demo/messages.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { readHost } from '../../src/host/host.ts';
import type { Host } from '../../src/host/types.ts';
import { createControl } from '../../src/live/control.ts';
import { tuneAs, tuningOf } from '../../src/live/prepare.ts';
import { viewOf } from '../../src/path/view.ts';
import { openMachine } from '../../src/use-cases/machine.ts';
import { planFor } from '../../src/use-cases/plan.ts';
import { host, nic, range } from '../fixtures/hosts.ts';
import { assertBpfAnswers } from '../integration/bpf.ts';
import { cliJson } from '../integration/cli.ts';

let state: string;
beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), 'lt-faces-'));
});
afterAll(() => rmSync(state, { recursive: true }));

/** Four queues whose interrupts all run on CPU 0, behind an RSS table that names two of them. */
function uneven(): Host {
  const eth0 = nic({ queues: 4, irqCpus: range(4).map(() => 0) });
  const { rss } = eth0;
  if (rss === null) throw new Error('the fixture has no RSS table');
  const indirection = range(128).map((entry) => entry % 2);
  return host({ cpus: 4, nics: [{ ...eth0, rss: { ...rss, indirection, isDefault: false } }] });
}

describe('t in the live view and `plan` on the command line', () => {
  it('name the same changes, and say the same of what undo cannot restore', async () => {
    const view = viewOf(uneven());
    const machine = { ...openMachine(), state };
    const options = tuningOf(view.host, null);
    expect(options).toMatchObject({ ifaces: ['eth0'], ports: [] });
    const planned = planFor(view, options, machine);
    const { plan } = planned;
    expect(plan.changes.length).toBeGreaterThan(0);
    expect(plan.notes.join('\n')).toMatch(/set by a user/);

    const asked = { netns: null, signal: new AbortController().signal };
    const { lines } = tuneAs(machine, planned, options, asked);
    const text = lines.join('\n');
    for (const { kind, subject } of plan.changes) expect(text).toContain(`- ${kind} ${subject}:`);
    for (const note of plan.notes) expect(lines).toContain(note);
    for (const { subject, why } of plan.refused) expect(lines).toContain(`Not planned: ${subject}: ${why}`);
  });
});

describe('t in the live view and `tune` on the command line', () => {
  const workers: Child<WorkerOrders>[] = [];
  const clients: Child<ClientOrders>[] = [];
  const ended = new AbortController();
  let port = 0;

  beforeAll(async () => {
    process.env['LOCALITY_TUNE_STATE'] = state;
    await assertBpfAnswers();
    for (const cpu of [0, 1]) {
      const worker = startChild<WorkerOrders>('worker', cpu);
      workers.push(worker);
      port = (await worker.ask('listen', { tcpPort: port, udpPort: port })).tcp.port;
      const client = startChild<ClientOrders>('client', cpu);
      clients.push(client);
    }
    for (const client of clients)
      void (async () => {
        // The last order fails, because its child is ended first.
        while (!ended.signal.aborted) {
          await client.ask('connect', { port, count: 50 }).catch(() => {});
          await sleep(50);
        }
      })();
  });
  afterAll(async () => {
    ended.abort();
    await Promise.all([...clients, ...workers].map((child) => child.stop()));
    delete process.env['LOCALITY_TUNE_STATE'];
  });

  it('plan the same changes; t makes them, measures the rise and keeps it', async () => {
    const told = await cliJson<Told>('tune', '--port', String(port), '--dry-run');
    const shown = (changes: readonly { readonly kind: string; readonly subject: string }[]) =>
      changes.map(({ kind, subject }) => `${kind} ${subject}`);
    expect(shown(told.plan.changes)).toEqual([`program tcp 127.0.0.1:${port}`]);

    const machine = { ...openMachine(), state };
    const seen = viewOf(await readHost(machine, { ifaces: [], port, slots: false, sampleSeconds: 0 }));
    const configuration = { ...seen, findings: diagnose(seen), readAt: new Date().toISOString() };
    const [group = null] = seen.host.groups;
    const control = createControl(machine, null, () => {});
    // The group as it is known in the first second, without its slots.
    expect(group?.selection).toBeNull();
    const steps: string[] = [];
    const progress = (text: string) => {
      steps.push(text);
      return () => {};
    };
    const { choices, lines } = await control.prepare('tune', configuration, group, progress);
    expect(steps).toEqual(['reading queues, sockets and slots ...']);
    expect(lines.at(-1)).toBe(`y does the same as \`locality-tune tune --port ${port}\`.`);
    const { tuned } = (await choices.find(({ key }) => key === 'y')?.run(progress)) ?? {};
    expect(steps.slice(1)).toEqual([
      'measuring 5 s before the change ...',
      'applying 1 change ...',
      'measuring 5 s after the change ...',
    ]);
    expect(tuned).toMatchObject({ kept: true, after: { rx: { percent: 100 }, accept: { percent: 100 } } });
    expect(shown(tuned?.applied?.done ?? [])).toEqual(shown(told.plan.changes));

    const undo = await control.prepare('undo', configuration, group, progress);
    expect(await undo.choices[0]?.run(progress)).toMatchObject({ text: 'restored 1 setting', ok: true });
    expect(await control.stop()).toEqual([]);
  }, 300_000);
});

interface Told {
  readonly plan: { readonly changes: readonly { readonly kind: string; readonly subject: string }[] };
}
