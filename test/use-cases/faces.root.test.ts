/** The command line and the live view ask the same use cases: for one machine, they give one answer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import type { Host } from '../../src/host/types.ts';
import { prepareTask } from '../../src/live/prepare.ts';
import { viewOf } from '../../src/path/view.ts';
import type { PlanOptions } from '../../src/tune/types.ts';
import { openMachine } from '../../src/use-cases/machine.ts';
import { planFor } from '../../src/use-cases/plan.ts';
import { host, nic, range } from '../fixtures/hosts.ts';

let state: string;
beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), 'lt-faces-'));
});
afterAll(() => rmSync(state, { recursive: true }));

const ALL: PlanOptions = {
  ifaces: ['eth0'],
  ports: [],
  protocol: 'tcp',
  only: [],
  cpus: null,
  irqCpus: null,
  avoidCpus: [],
  smt: 'one',
  program: null,
};

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
    const { plan } = planFor(view, ALL, machine);
    expect(plan.changes.length).toBeGreaterThan(0);
    expect(plan.notes.join('\n')).toMatch(/set by a user/);

    const configuration = { ...view, findings: diagnose(view), readAt: new Date().toISOString() };
    const { lines } = await prepareTask('apply', machine, configuration, null);
    const text = lines.join('\n');
    for (const { kind, subject } of plan.changes) expect(text).toContain(`- ${kind} ${subject}:`);
    for (const note of plan.notes) expect(lines).toContain(note);
    for (const { subject, why } of plan.refused) expect(lines).toContain(`Not planned: ${subject}: ${why}`);
  });
});
