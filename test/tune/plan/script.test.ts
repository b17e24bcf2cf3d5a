import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../../src/host/types.ts';
import { applied } from '../../../src/tune/applied.ts';
import { expectedFor, planTuning } from '../../../src/tune/plan.ts';
import { toScript } from '../../../src/tune/script.ts';
import type { PlanOptions } from '../../../src/tune/types.ts';
import { group, host, nic, owner, pinned } from '../../fixtures/hosts.ts';
import { DEFAULTS, viewOf } from './defaults.ts';
import { MACHINES } from './machines.ts';

function scriptFor(machine: Host, options: Partial<PlanOptions> = {}): string {
  const asked = { ...DEFAULTS, ...options };
  const plan = planTuning(viewOf(machine), asked);
  const outlook = {
    before: expectedFor(machine, asked),
    after: expectedFor(applied(machine, plan), asked),
  };
  return toScript(plan, outlook, 'Made by: a test');
}

const sh = (script: string, cwd: string, ...options: string[]) =>
  spawnSync('sh', options, { input: script, encoding: 'utf8', cwd });

describe('toScript', () => {
  it.each(MACHINES)('is a script that sh reads: $name', ({ host, options }) => {
    const script = scriptFor(host, options);
    expect(sh(script, '/', '-n')).toMatchObject({ status: 0, stderr: '' });
    for (const line of script.split('\n'))
      if (line.startsWith('#')) expect(line.length).toBeLessThanOrEqual(120);
  });

  it('names no worker and no free CPU where queues only share the CPUs', () => {
    const machine = host({ cpus: 4, nics: [nic({ queues: 8, irqCpus: [0] })] });
    const script = scriptFor(machine, { ifaces: ['eth0'] });
    expect(script).toContain('The queues of eth0 are spread evenly over CPUs 0-3.');
    expect(script).toContain('echo 3 > /proc/irq/');
    expect(script).not.toMatch(/worker|is free/);
  });

  it('says what it expects, before and after', () => {
    const machine = host({
      cpus: 4,
      nics: [nic({ queues: 4 })],
      groups: [group({ workers: pinned(0, 1, 2, 3) })],
    });
    expect(scriptFor(machine)).toContain(
      '# Expected locality of tcp 0.0.0.0:8080 through eth0: 25 % -> 100 %\n# Share of its busiest worker: 25 % -> 25 %\n',
    );
  });

  it('continues after a refused write, names it, and fails', () => {
    const machine = host({
      cpus: 4,
      nics: [nic({ name: 'no-such-nic', queues: 4 })],
      groups: [group({ workers: pinned(0, 1, 2, 3) })],
    });
    const { status, stderr } = sh(scriptFor(machine, { ifaces: ['no-such-nic'], only: ['xps'] }), '/');
    expect(status).toBe(1);
    expect(stderr.match(/^refused: .*$/gm)).toEqual(
      [0, 1, 2, 3].map((queue) => `refused: no-such-nic tx-${queue} xps_cpus`),
    );
    expect(stderr).toContain('4 of the changes were refused');
  });

  it('executes nothing that a name contains', () => {
    const folder = mkdtempSync(join(tmpdir(), 'locality-tune-script-'));
    const name = `$(>ran)';>ran;'`;
    const workers = pinned(0, 1, 2, 3).map((worker) => ({
      ...worker,
      more: { owners: [owner([0, 1, 2, 3], { comm: 'a\n>ran\n' })] },
    }));
    const machine = host({ cpus: 4, nics: [nic({ name, queues: 4 })], groups: [group({ workers })] });
    const script = scriptFor(machine, { ifaces: [name], only: ['xps'] });
    expect(sh(script, folder).status).toBe(1);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
    expect(sh(scriptFor(machine, { ifaces: [name] }), folder, '-n').status).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('finds interrupts by name where a change of channels may number them anew', () => {
    const machine = MACHINES.find(({ name }) => name.includes('channels to grow'));
    const script = scriptFor(machine?.host ?? host());
    const [find] =
      script.match(/awk .* \/proc\/interrupts(?=\))/g)?.filter((each) => each.includes('TxRx-5')) ?? [];
    const interrupts =
      ' 36: 0 0 PCI-MSIX-0000:00:03.0 4-edge eth0-TxRx-4\n 37: 0 9 PCI-MSIX-0000:00:03.0 5-edge eth0-TxRx-5\n';
    const found = spawnSync('sh', ['-c', (find ?? '').replace(' /proc/interrupts', '')], {
      input: interrupts,
      encoding: 'utf8',
    });
    expect(found.stdout).toBe('37\n');
  });

  it('is empty but valid where nothing to change', () => {
    const right = MACHINES.find(({ name }) => name === 'already right');
    expect(scriptFor(right?.host ?? host())).toMatch(/# Nothing to change\.\nexit 0\n$/);
  });
});
