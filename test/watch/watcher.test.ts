import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/types.ts';
import { sentence } from '../../src/watch/summary.ts';
import type { Writer } from '../../src/watch/writer.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { type Options, SimulatedMachine } from './simulated-machine.ts';

const tuned = (): Host =>
  host({
    cpus: 4,
    nics: [nic({ queues: 4, xps: true })],
    groups: [group({ workers: pinned(0, 1, 2, 3), program: 'cpu' })],
  });

const IRQ = { kind: 'irq', nic: 'eth0', role: 'rxtx', queues: [2], irq: 34, name: 'eth0-TxRx-2' } as const;
const PATH = '/proc/irq/34/smp_affinity_list';
const SCRIPT: Writer = {
  pid: 4711,
  comm: 'bash',
  script: '/usr/local/sbin/set_irq.sh',
  unit: 'irq.service',
  container: null,
  parent: 1,
};

const said = (machine: SimulatedMachine) =>
  machine.events.map(({ kind, subject, from, to, action, by }) => [
    kind,
    subject,
    from,
    to,
    action,
    by === null ? null : 'script',
  ]);

describe('a machine that nobody changes', () => {
  it('has no events, and its slots are read once in ten minutes', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(3600);
    expect(machine.events).toEqual([]);
    expect(machine.written).toEqual([]);
    expect(machine.slotReads).toBe(6);
  });
});

describe('an interrupt that a script moves', () => {
  it('is moved back, and the script is named', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(1);
    const before = machine.host;
    machine.change({ target: IRQ, to: '0' }, SCRIPT, PATH);
    await machine.pass(10);
    expect(said(machine)).toEqual([['irq', 'eth0 rx-2 interrupt', '2', '0', 'repaired', 'script']]);
    expect(machine.host).toEqual(before);
  });

  it('is only reported where repairs are not allowed', async () => {
    const machine = new SimulatedMachine(tuned(), { kinds: [] });
    await machine.pass(1);
    machine.change({ target: IRQ, to: '0' }, SCRIPT, PATH);
    await machine.pass(600);
    machine.change({ target: IRQ, to: '2' }, SCRIPT, PATH);
    await machine.pass(600);
    expect(machine.written).toEqual([]);
    expect(said(machine).filter(([kind]) => kind === 'irq')).toEqual([
      ['irq', 'eth0 rx-2 interrupt', '2', '0', 'none', 'script'],
      ['irq', 'eth0 rx-2 interrupt', '0', '2', 'none', 'script'],
    ]);
    const findings = machine.events.filter(({ kind }) => kind === 'finding');
    expect(findings.filter(({ from }) => from === null)).toHaveLength(findings.length / 2);
    expect(findings.length).toBeGreaterThan(0);
  });

  it('is not held against the script if it moves again without a write', async () => {
    const machine = new SimulatedMachine(tuned(), { kinds: [] });
    await machine.pass(1);
    machine.change({ target: IRQ, to: '0' }, SCRIPT, PATH);
    await machine.pass(60);
    // As a driver does when its interface goes up.
    for (const to of ['0-3', '2', '0']) {
      machine.watcher.hear({
        about: 'interface',
        name: 'eth0',
        what: 'its link went down and up',
        changes: 'link',
        own: [],
      });
      machine.change({ target: IRQ, to }, null, null);
      await machine.pass(60);
    }
    expect(said(machine).filter(([kind]) => kind === 'irq')).toEqual([
      ['irq', 'eth0 rx-2 interrupt', '2', '0', 'none', 'script'],
      ['irq', 'eth0 rx-2 interrupt', '2', '0-3', 'none', null],
      ['irq', 'eth0 rx-2 interrupt', '0-3', '2', 'none', null],
      ['irq', 'eth0 rx-2 interrupt', '2', '0', 'none', null],
    ]);
  });

  it('is left alone after two repairs that the same writer has undone', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(1);
    for (let second = 0; second < 120; second++) {
      machine.change({ target: IRQ, to: '0' }, { ...SCRIPT, pid: 5000 + second }, PATH);
      await machine.pass(1);
    }
    const actions = machine.events.map(({ action }) => action).filter((action) => action !== 'none');
    expect(actions).toEqual(['repaired', 'repaired', 'given-up']);
    expect(machine.events.find(({ action }) => action === 'given-up')?.why).toBe(
      'set_irq.sh (irq.service) has undone 2 repairs, so it is left alone from now on',
    );
    expect(machine.written).toHaveLength(2);
    machine.watcher.resume();
    await machine.pass(5);
    expect(machine.written).toHaveLength(3);
  });

  it('is left to irqbalance until that has its list of banned interrupts again', async () => {
    const irqs = [32, 33, 34, 35];
    const start = tuned();
    const machine = new SimulatedMachine({
      ...start,
      machine: { ...start.machine, irqbalance: { running: true, bannedIrqs: irqs } },
    });
    await machine.pass(1);
    const before = machine.host;
    const irqbalance = { ...SCRIPT, comm: 'irqbalance', script: null, unit: 'irqbalance.service' };
    for (let time = 0; time < 4; time++) {
      machine.change({ target: IRQ, to: '0' }, irqbalance, PATH);
      await machine.pass(60);
    }
    expect(
      said(machine)
        .filter(([kind]) => kind === 'irq')
        .map(([, , , , action]) => action),
    ).toEqual(['repaired', 'repaired', 'given-up']);
    const { machine: facts } = machine.host;
    machine.host = { ...machine.host, machine: { ...facts, irqbalance: { running: true, bannedIrqs: [] } } };
    await machine.pass(60);
    expect(machine.written.slice(-2).map(({ kind }) => kind)).toEqual(['irqbalance', 'irq']);
    expect(machine.host).toEqual(before);
  });

  it('is found by the next full reading where the kernel says nothing', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(1);
    machine.change({ target: IRQ, to: '0' }, null, null);
    await machine.pass(40);
    expect(said(machine)).toEqual([['irq', 'eth0 rx-2 interrupt', '2', '0', 'repaired', null]]);
    expect(machine.events[0]?.cause).toBe('not known: the kernel reports no such change');
  });

  it('is not touched while repairs are paused, and is repaired afterwards', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(1);
    machine.watcher.pause(1_800_000);
    machine.change({ target: IRQ, to: '0' }, SCRIPT, PATH);
    await machine.pass(1790);
    expect(machine.written).toEqual([]);
    await machine.pass(60);
    expect(machine.written).toHaveLength(1);
  });
});

describe('a link that went down and up', () => {
  it('is waited for, and what the driver reset is not held against anybody', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(1);
    for (let flap = 0; flap < 10; flap++) {
      machine.watcher.hear({
        about: 'interface',
        name: 'eth0',
        what: 'its link went down and up',
        changes: 'link',
        own: [],
      });
      machine.change({ target: IRQ, to: '0-3' }, null, null);
      const at = machine.ms;
      await machine.pass(180);
      const repairedAt = machine.times.at(-1) ?? 0;
      expect(machine.events.at(-1)).toMatchObject({
        action: 'repaired',
        cause: 'its link went down and up',
        by: null,
      });
      expect(repairedAt - at).toBeGreaterThanOrEqual(2_000);
    }
    expect(machine.written).toHaveLength(10);
  });
});

describe('workers', () => {
  const workers = (count: number, firstPid: number, size = 8) =>
    range(count).map((slot) => ({
      cpu: slot,
      more: { owners: [owner([slot], { pid: firstPid + slot, tid: firstPid + slot })] },
      slot: slot < size ? slot : null,
    }));
  const server = (count: number, firstPid: number): Host =>
    host({
      cpus: 8,
      nics: [nic({ queues: 8, xps: true })],
      groups: [group({ workers: workers(count, firstPid), program: 'cpu' })],
    });

  it('a reload with more workers gets a program of the new size', async () => {
    const machine = new SimulatedMachine(server(4, 100));
    await machine.pass(1);
    const [old] = server(4, 100).groups;
    const [now] = server(8, 200).groups;
    if (old === undefined || now === undefined) throw new Error('no group');
    machine.host = { ...machine.host, groups: [{ ...now, program: old.program }] };
    await machine.pass(10);
    const [bigger, smaller] = [expect.stringContaining('mod #8'), expect.stringContaining('mod #4')];
    expect(said(machine)).toEqual([
      ['generation', 'tcp 0.0.0.0:8080', '4 sockets, 4 workers', '8 sockets, 8 workers', 'none', null],
      ['program', 'tcp 0.0.0.0:8080', bigger, smaller, 'none', null],
      ['program', 'tcp 0.0.0.0:8080', bigger, smaller, 'repaired', null],
    ]);
    expect(machine.events[0]?.cause).toBe('all workers were replaced: a reload or restart');
    await machine.pass(600);
    expect(machine.events).toHaveLength(3);
    expect(machine.host.groups[0]?.program?.asm).toBe(now.program?.asm);
  });

  it('a group that had no program, and workers that were not pinned, get none when it grows', async () => {
    const free = (count: number): Host =>
      host({
        cpus: 8,
        nics: [nic({ queues: 8, xps: true })],
        groups: [group({ workers: range(count).map(() => ({ cpus: range(8) })) })],
      });
    const machine = new SimulatedMachine(free(4));
    await machine.pass(1);
    machine.host = { ...machine.host, groups: free(8).groups };
    await machine.pass(600);
    expect(machine.written).toEqual([]);
  });

  it('keeps the program that a group had, for its new size', async () => {
    const machine = new SimulatedMachine({
      ...server(4, 100),
      groups: [group({ workers: workers(4, 100), program: 'rand' })],
    });
    await machine.pass(1);
    const [old] = machine.host.groups;
    const [now] = server(8, 200).groups;
    if (old === undefined || now === undefined) throw new Error('no group');
    machine.host = { ...machine.host, groups: [{ ...now, program: old.program }] };
    await machine.pass(60);
    expect(machine.host.groups[0]?.program?.asm).toContain('ld rand');
    expect(machine.host.groups[0]?.program?.asm).toContain('mod #8');
    expect(machine.host.groups[0]?.program?.asm).not.toContain('cpu');
  });

  it('a restart without a program gets its program again', async () => {
    const machine = new SimulatedMachine(server(4, 100));
    await machine.pass(1);
    machine.host = { ...machine.host, groups: [] };
    await machine.pass(5);
    const [fresh] = server(4, 300).groups;
    if (fresh === undefined) throw new Error('no group');
    machine.host = { ...machine.host, groups: [{ ...fresh, program: null, selection: 'hash' }] };
    await machine.pass(10);
    expect(said(machine).map(([kind, , , , action]) => `${kind} ${action}`)).toEqual([
      'group none',
      'group none',
      'program none',
      'program repaired',
    ]);
    expect(machine.host.groups[0]?.program?.asm).toContain('mod #4');
  });
});

describe('repairs', () => {
  it('that fail are repeated ever more rarely, and say why', async () => {
    const machine = new SimulatedMachine(tuned(), { refuses: () => 'EPERM' });
    await machine.pass(1);
    machine.change({ target: IRQ, to: '0' }, SCRIPT, PATH);
    await machine.pass(3600);
    const failed = machine.events.filter(({ action }) => action === 'failed');
    expect(failed.length).toBeLessThanOrEqual(14);
    expect(failed[0]?.why).toBe('EPERM');
  });

  it('of a link that flaps are one each, however many queues it has', async () => {
    const start = host({ cpus: 64, nics: [nic({ queues: 64, xps: true })] });
    const machine = new SimulatedMachine(start);
    await machine.pass(1);
    for (let flap = 1; flap <= 10; flap++) {
      for (const { irq, name, queues } of start.nics[0]?.irqs ?? [])
        if (queues.length > 0)
          machine.change({ target: { ...IRQ, irq, name, queues }, to: '0-63' }, null, null);
      machine.watcher.hear({
        about: 'interface',
        name: 'eth0',
        what: 'its link came up',
        changes: 'link',
        own: [],
      });
      await machine.pass(60);
      expect(machine.host.nics).toEqual(start.nics);
    }
    expect(machine.written).toHaveLength(640);
  });

  it('are at most 60 in an hour', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(1);
    for (let nth = 0; nth < 90; nth++) {
      machine.change(
        { target: IRQ, to: '0' },
        { ...SCRIPT, script: null, unit: null, comm: `admin${nth}` },
        PATH,
      );
      machine.watcher.resume();
      await machine.pass(30);
    }
    expect(machine.written).toHaveLength(60);
    expect(machine.events.at(-1)?.why).toBe('60 repairs in an hour are the most');
    await machine.pass(1800);
    expect(machine.host.nics).toEqual(tuned().nics);
  });

  it('wait while somebody applies or undoes', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(1);
    machine.busy = true;
    machine.change({ target: IRQ, to: '0' }, SCRIPT, PATH);
    await machine.pass(60);
    expect(machine.events).toEqual([]);
    machine.busy = false;
    await machine.pass(3);
    expect(machine.written).toHaveLength(1);
  });
});

describe('a day of random drift', () => {
  it('ends as it began, with bounded work and memory', async () => {
    const start = pinnedServer(100);
    const machine = new SimulatedMachine(start);
    await machine.pass(1);
    const { settings } = machine.watcher.summary();
    const drift = fc.record({
      queue: fc.nat(3),
      cpu: fc.nat(3),
      wait: fc.integer({ min: 60, max: 1200 }),
      what: fc.constantFrom('heard', 'driver', 'reload', 'veth'),
    });
    const end = machine.ms + 86_400_000;
    // At most one a minute.
    const drifts = fc.sample(drift, { seed: 1, numRuns: 1_440 });
    let changes = 0;
    let most = 0;
    for (const [nth, { queue, cpu, wait, what }] of drifts.entries()) {
      if (machine.ms > end) break;
      const target = { ...IRQ, queues: [queue], irq: 32 + queue, name: `eth0-TxRx-${queue}` };
      const path = what === 'heard' ? `/proc/irq/${32 + queue}/smp_affinity` : null;
      // Workers with other pids, of which one is not where it should be; interfaces that nobody has seen before.
      if (what === 'reload')
        machine.host = { ...machine.host, groups: pinnedServer(1000 + 10 * nth, cpu).groups };
      else if (what === 'veth')
        machine.watcher.hear({
          about: 'interface',
          name: `veth${nth}`,
          what: 'the interface was created',
          changes: 'all',
          own: [],
        });
      else {
        if (what === 'driver')
          machine.watcher.hear({
            about: 'interface',
            name: 'eth0',
            what: 'its link came up',
            changes: 'link',
            own: [],
          });
        machine.change(
          { target, to: String(cpu) },
          // Another writer each time: nobody fights.
          { ...SCRIPT, pid: nth, comm: `admin${nth}`, script: null, unit: null },
          path,
        );
      }
      if (what !== 'veth') changes += 1;
      await machine.pass(wait);
      most = Math.max(most, machine.watcher.remembered);
    }
    await machine.pass(3700);
    expect(changes).toBeGreaterThan(80);
    expect(machine.events.some(({ action }) => action === 'given-up')).toBe(false);
    expect(machine.events.length).toBeLessThanOrEqual(6 * changes);
    expect(machine.written.length).toBeLessThanOrEqual(changes);
    expect(machine.host.nics).toEqual(start.nics);
    expect(machine.host.groups.map(cpusOfWorkers)).toEqual(start.groups.map(cpusOfWorkers));
    // The settings, and what happened to interfaces and groups in the last seconds.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(settings + 4);
  });
});

const cpusOfWorkers = ({ sockets }: Host['groups'][number]) =>
  sockets.map(({ owners }) => owners.map(({ cpus }) => cpus));

/** @param stray the CPU of its first worker */
const pinnedServer = (firstPid: number, stray = 0): Host =>
  host({
    cpus: 4,
    nics: [nic({ queues: 4, xps: true })],
    groups: [
      group({
        workers: range(4).map((slot) => {
          const cpu = slot === 0 ? stray : slot;
          const pid = firstPid + slot;
          return { cpu, slot, more: { owners: [owner([cpu], { pid, tid: pid })] } };
        }),
        program: 'cpu',
      }),
    ],
  });

describe('an XDP program that somebody takes off', () => {
  const SPREAD = 'spread --by flow --mode generic';
  const subject = 'eth0 XDP program';
  const command = `locality-tune xdp ${SPREAD}`;
  const watching = async (options: Options) => {
    const machine = new SimulatedMachine(tuned(), options);
    machine.apart.set(subject, SPREAD);
    const target = { kind: 'xdp', nic: 'eth0' } as const;
    const { baseline } = machine.watcher;
    const settings = [
      ...baseline.settings,
      { kind: 'xdp' as const, subject, target, wanted: SPREAD, command },
    ];
    machine.watcher.replace({ ...baseline, settings });
    await machine.pass(5);
    machine.apart.set(subject, 'none');
    machine.watcher.hear({
      about: 'interface',
      name: 'eth0',
      what: 'its link came up or was changed',
      changes: 'link',
      own: [],
    });
    await machine.pass(60);
    return machine;
  };

  it('is reported with the command that attaches it, and not repaired by all', async () => {
    const { events, written } = await watching({});
    expect(events).toMatchObject([{ kind: 'xdp', subject, from: SPREAD, to: 'none', action: 'none' }]);
    expect(events[0]?.why).toBe(`to set it again: ${command}`);
    expect(written).toEqual([]);
  });

  it('is attached again if that is asked for by name', async () => {
    const { events, apart } = await watching({ kinds: ['xdp'] });
    expect(events.map(({ action }) => action)).toEqual(['none', 'repaired']);
    expect(apart.get(subject)).toBe(SPREAD);
  });
});

describe('slots and programs', () => {
  it('are read when somebody has attached or detached, and not for a worker of the same socket', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(1);
    machine.records = 'an attachment';
    await machine.pass(5);
    expect(machine.slotReads).toBe(1);
    const [only] = machine.host.groups;
    if (only === undefined) throw new Error('no group');
    const [first, ...others] = only.sockets;
    if (first === undefined) throw new Error('no socket');
    const successor = { ...first, owners: [owner([0], { pid: 9000, tid: 9000 })] };
    machine.host = { ...machine.host, groups: [{ ...only, sockets: [successor, ...others] }] };
    await machine.pass(5);
    expect(machine.events.map(({ kind }) => kind)).toEqual(['generation']);
    expect(machine.slotReads).toBe(1);
  });

  it('are read once when a program has gone, which is then attached again', async () => {
    const machine = new SimulatedMachine(pinnedServer(100));
    await machine.pass(5);
    machine.host = {
      ...machine.host,
      groups: machine.host.groups.map((each) => ({ ...each, program: null, selection: 'hash' })),
    };
    machine.programsChanged = true;
    await machine.pass(6);
    expect(said(machine).map(([kind, , , , action]) => `${kind} ${action}`)).toEqual([
      'program none',
      'program repaired',
    ]);
    expect(machine.host.groups[0]?.program?.asm).toContain('mod #4');
    // And again after the repair.
    expect(machine.slotReads).toBe(2);
    await machine.pass(60);
    expect(machine.slotReads).toBe(2);
  });

  it('are read rarely of a server that opens sockets all day, though soon at first', async () => {
    const machine = new SimulatedMachine(tuned(), { kinds: [] });
    await machine.pass(1);
    const [only] = machine.host.groups;
    if (only === undefined) throw new Error('no group');
    const open = (nth: number) => {
      const sockets = only.sockets.map((each) => ({ ...each, inode: each.inode + 100 * nth }));
      machine.host = { ...machine.host, groups: [{ ...only, sockets }] };
    };
    for (let nth = 1; nth <= 10; nth++) {
      open(nth);
      machine.watcher.hear({ about: 'machine' });
      await machine.pass(1);
    }
    expect(machine.slotReads).toBe(10);
    for (let nth = 11; nth <= 210; nth++) {
      open(nth);
      machine.watcher.hear({ about: 'machine' });
      await machine.pass(10);
    }
    expect(machine.slotReads).toBeLessThanOrEqual(30 + 34);
    expect(machine.slotReads).toBeGreaterThan(30);
  });
});

describe('the sentence for systemctl status', () => {
  it('does not call as planned what is not there', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(1);
    machine.host = { ...machine.host, nics: [] };
    await machine.pass(60);
    expect(sentence(machine.watcher.summary(), () => '')).toMatch(
      /^\d+ of \d+ settings and 1 group not there$/,
    );
  });

  it('says what is as planned, and what was repaired', async () => {
    const machine = new SimulatedMachine(tuned());
    await machine.pass(1);
    machine.change({ target: IRQ, to: '0' }, SCRIPT, PATH);
    await machine.pass(10);
    expect(sentence(machine.watcher.summary(), () => '14:02')).toMatch(
      /^\d+ settings and 1 group as planned; 1 repaired, last at 14:02$/,
    );
  });
});
