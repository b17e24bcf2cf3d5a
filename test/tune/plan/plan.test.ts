import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHost } from '../../../src/host/host.ts';
import { openFiles } from '../../../src/system/files.ts';
import { applied } from '../../../src/tune/applied.ts';
import { expectedFor, planTuning } from '../../../src/tune/plan.ts';
import type { Change } from '../../../src/tune/types.ts';
import { group, host, nic, range } from '../../fixtures/hosts.ts';
import { writeSyntheticTree } from '../../fixtures/synthetic-tree.ts';
import { IN_MEMORY } from '../../fixtures/tree-of.ts';
import { DEFAULTS, viewOf } from './defaults.ts';
import { MACHINES, TREES } from './machines.ts';

/** `kind subject: from -> to`, with programs and tables by their short names. */
function shown({ kind, subject, target, from, to }: Change): string {
  const table = [...new Set(to.split(' '))];
  const short =
    target.kind === 'program'
      ? (target.name ?? 'none')
      : kind === 'rss' && to !== 'default'
        ? `equal ${table.length}`
        : to;
  return `${kind} ${subject}: ${from} -> ${short}`;
}

describe.each(MACHINES)('$name', ({ host, options, changes, refused = [], after }) => {
  const asked = { ...DEFAULTS, ...options };
  const plan = planTuning(viewOf(host), asked);
  const then = applied(host, plan);

  it('is changed as recorded in the golden file', () => {
    expect(plan.changes.map(shown)).toEqual(changes);
    expect(plan.refused.map(({ subject }) => subject)).toEqual(refused);
  });

  it('is then as local as it can be, and needs no further change', () => {
    expect(expectedFor(then, asked).map(({ now }) => now)).toEqual(after);
    expect(planTuning(viewOf(then), asked).changes.map(shown)).toEqual([]);
  });
});

describe.each(Object.entries(TREES))('the captured tree %s', (name, { iface, changes }) => {
  it('is changed as recorded in the golden file', async () => {
    const files = openFiles(`${import.meta.dirname}/../../fixtures/trees/${name}`);
    const host = await readHost(
      { files, kernel: null },
      { ifaces: [iface], port: null, slots: false, sampleSeconds: null },
    );
    const plan = planTuning(viewOf(host), { ...DEFAULTS, ifaces: [iface], ports: [] });
    expect(plan.changes.map(shown)).toEqual(changes);
    expect(
      planTuning(viewOf(applied(host, plan)), { ...DEFAULTS, ifaces: [iface], ports: [] }).changes,
    ).toEqual([]);
  });
});

it('leaves a machine of 256 CPUs as it is, whose 4 NICs of 128 queues are spread well', async () => {
  const root = mkdtempSync(join(IN_MEMORY, 'locality-tune-plan-'));
  writeSyntheticTree(root, { cpus: 256, nics: 4, queues: 128 });
  const options = { ifaces: [], port: null, slots: false, sampleSeconds: null };
  const host = await readHost({ files: openFiles(root), kernel: null }, options);
  const ifaces = host.nics.map(({ name }) => name);
  expect(ifaces).toHaveLength(4);
  expect(planTuning(viewOf(host), { ...DEFAULTS, ifaces, ports: [] }).changes).toEqual([]);
  rmSync(root, { recursive: true });
});

describe('a plan for a UDP group where one member reads most', () => {
  const hot = (port: number) => {
    const machine = host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true })],
      groups: [
        group({
          protocol: 'udp',
          port,
          workers: range(4).map((cpu) => ({ cpu, more: { packets: cpu === 2 ? 9000 : 300 } })),
        }),
      ],
    });
    return { machine, options: { ...DEFAULTS, ports: [port], protocol: 'udp' as const } };
  };

  it('attaches `cpu` for locality, says that this does not spread few sources, and warns of live flows', () => {
    const { machine, options } = hot(443);
    const { changes, refused, notes } = planTuning(viewOf(machine), options);
    expect(changes.map(shown)).toContain('program udp 0.0.0.0:443: none -> cpu');
    expect(refused).toEqual([]);
    expect(notes.join(' ')).toMatch(/One member reads 90\.9 % .* `cpu` is for locality and does not spread/);
    expect(notes.join(' ')).toContain('The attach moves live flows to other workers');
    expect(notes.join(' ').match(/most likely QUIC/g)).toHaveLength(1);
  });

  it('does not warn of flows where the protocol keeps no state', () => {
    const { machine, options } = hot(53);
    expect(planTuning(viewOf(machine), options).notes.join(' ')).not.toContain('live flows');
  });

  it('says nothing of few sources if the user chose a program for them', () => {
    const { machine, options } = hot(53);
    const { refused, notes } = planTuning(viewOf(machine), { ...options, program: 'rand' });
    expect([...refused, ...notes].join(' ')).not.toContain('One member');
  });

  it('refuses what it does not do if it attaches nothing', () => {
    const { machine, options } = hot(53);
    const loose = {
      ...machine,
      groups: machine.groups.map((each) => ({
        ...each,
        sockets: each.sockets.map((socket) => ({ ...socket, slotSource: null })),
      })),
    };
    const { changes, refused } = planTuning(viewOf(loose), options);
    expect(changes.filter(({ kind }) => kind === 'program')).toEqual([]);
    expect(refused.map(({ why }) => why).join(' ')).toContain('The plan does not spread them');
  });
});
