import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { cpu } from '../../src/cbpf/programs.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import type { LoneSocket } from '../../src/host/types.ts';
import { viewOf } from '../../src/path/view.ts';
import { planTuning } from '../../src/tune/plan.ts';
import type { PlanOptions } from '../../src/tune/types.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { machines } from './random-machines.ts';
import { findings, found } from './view.ts';

const NO_OPTIONS: PlanOptions = {
  ifaces: [],
  ports: [],
  protocol: 'tcp',
  only: [],
  cpus: null,
  irqCpus: null,
  avoidCpus: [],
  smt: 'one',
  program: null,
};
const EIGHT = nic({ queues: 8, xps: true });
const channels = (current: number, max: number) => ({
  channels: { rx: null, tx: null, combined: { current, max }, other: null },
});

describe('fewer-workers-than-queues', () => {
  it('counts the CPUs that receive', () => {
    const nics = [nic({ queues: 8, more: channels(8, 63) })];
    const finding = found(
      'fewer-workers-than-queues',
      host({ nics, groups: [group({ workers: pinned(0, 1, 2) })] }),
    );
    expect(finding).toMatchObject({ severity: 'warning', fix: [] });
    expect(finding?.message).toContain(
      '3 workers, but CPUs 0-7 receive from eth0: packets received on 5 of these',
    );
  });

  it('counts a thread once, however many sockets it serves', () => {
    const one = range(4).map(() => ({ more: { owners: [owner([0])], cpus: [0] } }));
    const message = found(
      'fewer-workers-than-queues',
      host({ nics: [nic({ queues: 4 })], groups: [group({ workers: one })] }),
    )?.message;
    expect(message).toContain('1 worker, but CPUs 0-3 receive from eth0: packets received on 3 of these');
  });

  it('only notes a small service beside a large one', () => {
    const groups = [
      group({ workers: pinned(...range(8)), program: 'cpu' }),
      group({ port: 53, workers: pinned(0, 1) }),
    ];
    const finding = found('fewer-workers-than-queues', host({ nics: [EIGHT], groups }));
    expect(finding).toMatchObject({ severity: 'info', subject: 'tcp 0.0.0.0:53' });
    expect(finding?.message).toMatch(/Start 8 workers\.$/);
  });

  it('counts queues where their CPUs are not known', () => {
    const nics = [nic({ queues: 4, irqCpus: [null, null, null, null] })];
    const finding = found(
      'fewer-workers-than-queues',
      host({ nics, groups: [group({ workers: pinned(0, 1) })] }),
    );
    expect(finding?.message).toContain('2 workers, but 4 queues of eth0 receive');
  });

  it('finds nothing if all queues share two CPUs, and for a single socket', () => {
    const nics = [nic({ queues: 4, irqCpus: [0, 1, 0, 1] })];
    for (const workers of [pinned(0, 1), pinned(0)]) {
      expect(
        found('fewer-workers-than-queues', host({ nics, groups: [group({ workers })] })),
      ).toBeUndefined();
    }
  });
});

describe('more-workers-than-queues', () => {
  it('notes it, and proposes channels', () => {
    const nics = [nic({ queues: 2, xps: true, more: channels(2, 4) })];
    const finding = found(
      'more-workers-than-queues',
      host({ nics, groups: [group({ workers: pinned(0, 1, 2) })] }),
    );
    expect(finding).toMatchObject({ severity: 'info', fix: ['ethtool -L eth0 combined 3'] });
    expect(finding?.message).toBe(
      '3 workers, but only CPUs 0-1 receive from eth0: 1 worker is pinned to CPUs that receive nothing, and a program ' +
        'by CPU would leave 1 without packets. Use 2 workers, or more receiving CPUs: eth0 can have 4 queues.',
    );
  });

  it('sends to the rule that can spread the queues, before it asks for more of them', () => {
    const nics = [nic({ queues: 4, irqCpus: [0, 1, 1, 0], more: channels(4, 16) })];
    const groups = [group({ workers: pinned(0, 1, 2, 3) })];
    const finding = found('more-workers-than-queues', host({ nics, groups }));
    expect(finding?.fix).toEqual([]);
    expect(finding?.message).toMatch(/queues of eth0 share one while others are idle \(irqs-share-cpu\)\.$/);
  });

  it('gives each NIC the queues of the largest group, and never fewer than it has', () => {
    const nics = [nic({ queues: 4, xps: true, irqCpus: [0, 1, 2, 3], more: channels(4, 16) })];
    const groups = [
      group({ port: 1, workers: pinned(0, 1, 2, 3, 4) }),
      group({ port: 2, workers: pinned(...range(7)) }),
    ];
    const fixes = findings(host({ nics, groups })).flatMap(({ fix }) => fix);
    expect(fixes.filter((command) => command.startsWith('ethtool -L'))).toEqual([
      'ethtool -L eth0 combined 7',
      'ethtool -L eth0 combined 7',
    ]);
  });

  it('does not propose another CPU if there is none', () => {
    const nics = [nic({ queues: 2 })];
    const groups = [group({ workers: pinned(0, 1, 0, 1) })];
    expect(found('more-workers-than-queues', host({ cpus: 2, nics, groups }))?.message).toMatch(
      /: workers share them, .* leave 2 without packets\. Use 2 workers\.$/,
    );
  });

  it('finds nothing for as many, and leaves a single queue to its own rule', () => {
    const groups = [group({ workers: pinned(...range(8)) })];
    expect(found('more-workers-than-queues', host({ nics: [EIGHT], groups }))).toBeUndefined();
    expect(found('more-workers-than-queues', host({ nics: [nic()], groups }))).toBeUndefined();
  });
});

/** Thread and CPU of each command that pins one. */
const pinsIn = (commands: readonly string[]): readonly (readonly [tid: number, cpu: number])[] =>
  commands.flatMap((command) => {
    const [, cpu, tid] = /^taskset -cp (\d+) (\d+)$/.exec(command) ?? [];
    return tid === undefined ? [] : [[Number(tid), Number(cpu)] as const];
  });

describe('worker-not-pinned', () => {
  const free = (slot?: number) => ({ cpus: range(4), ...(slot === undefined ? {} : { slot }) });

  it('gives each worker the CPU of its slot', () => {
    const groups = [group({ workers: [free(1), free(0), { cpu: 2 }, free(3)] })];
    const finding = found('worker-not-pinned', host({ cpus: 4, nics: [nic({ queues: 4 })], groups }));
    expect(finding).toMatchObject({ severity: 'warning', subject: 'tcp 0.0.0.0:8080' });
    expect(finding?.message).toBe(
      '3 workers may run on any of CPUs 0-3: server 1000, server 1001, server 1003. ' +
        'Their packets are local only by chance.',
    );
    expect(finding?.fix).toEqual(['taskset -cp 1 1000', 'taskset -cp 0 1001', 'taskset -cp 3 1003']);
  });

  it('follows a map, takes CPUs that receive first, and only CPUs that the worker may use', () => {
    const map = host({
      cpus: 4,
      nics: [nic({ queues: 2, irqCpus: [2, 3] })],
      groups: [
        group({
          workers: [free(), free()],
          program: new Map([
            [3, 0],
            [2, 1],
          ]),
        }),
      ],
    });
    expect(found('worker-not-pinned', map)?.fix).toEqual(['taskset -cp 3 1000', 'taskset -cp 2 1001']);
    const unknownSlots = host({
      cpus: 4,
      nics: [nic({ queues: 2, irqCpus: [2, 3] })],
      groups: [group({ workers: [{ cpus: [0, 3] }, free()], slotSource: 'guess' })],
    });
    expect(found('worker-not-pinned', unknownSlots)?.fix).toEqual([
      'taskset -cp 3 1000',
      'taskset -cp 2 1001',
    ]);
  });

  it('pins a whole process only where that serves one socket', () => {
    const threads = { owners: [owner(range(4), { pid: 7, tid: null })], cpus: range(4) };
    const one = group({ workers: [{ cpu: 0 }, { more: threads }] });
    const finding = found('worker-not-pinned', host({ cpus: 4, nics: [nic({ queues: 2 })], groups: [one] }));
    expect(finding?.fix).toEqual(['taskset -acp 1 7']);
    const two = group({ workers: [{ more: threads }, { more: threads }] });
    expect(found('worker-not-pinned', host({ cpus: 4, groups: [two] }))?.fix).toEqual([]);
  });

  it('names a process once, with its sockets or threads, and is a mere note on loopback', () => {
    const socket = (pid: number, tid: number, comm: string) => ({
      more: { owners: [owner([0, 1], { pid, tid, comm })], cpus: [0, 1] },
    });
    const workers = [
      socket(7, 7, 'python3'),
      socket(7, 7, 'python3'),
      socket(8, 8, 'haproxy'),
      socket(8, 9, 'haproxy'),
    ];
    const finding = found('worker-not-pinned', host({ groups: [group({ address: '127.0.0.1', workers })] }));
    expect(finding?.severity).toBe('info');
    expect(finding?.message).toMatch(
      /^3 workers .* CPUs 0-1: python3 7 \(2 sockets\), haproxy 8 \(2 threads\)\./,
    );
  });

  it('says whose the workers are, unless their names do', () => {
    const workers = [0, 1].map((at) => {
      const more = { pid: 7 + at, tid: 7 + at, comm: 'relay', unit: `relay${at === 0 ? '' : '@b'}.service` };
      return { more: { owners: [owner([0, 1], more)], cpus: [0, 1] } };
    });
    expect(found('worker-not-pinned', host({ groups: [group({ workers })] }))?.message).toContain(
      'relay 7, relay 8 of relay@b.service. ',
    );
  });

  it('pins none where there are more workers than CPUs, as plan does', () => {
    const groups = [group({ workers: [0, 1, 2, 3].map(() => ({ cpus: [0, 1] })) })];
    expect(found('worker-not-pinned', host({ cpus: 2, groups }))).toMatchObject({
      fix: [],
      message: expect.stringContaining(
        '4 workers for 2 CPUs: none is pinned, because some would share a CPU. Use 2 workers.',
      ),
    });
  });

  it('gives each of a group of unpinned workers the CPU that plan gives it', () => {
    const options = { ...NO_OPTIONS, ifaces: ['eth0'], ports: [8080] };
    const shape = fc.record({
      cpus: fc.constantFrom(2, 3, 4, 8),
      queues: fc.integer({ min: 1, max: 8 }),
      size: fc.integer({ min: 2, max: 9 }),
      nodes: fc.constantFrom(1, 2),
    });
    fc.assert(
      fc.property(shape, ({ cpus, queues, size, nodes }) => {
        const workers = range(size).map(() => ({ cpus: range(cpus) }));
        const half = Math.ceil(cpus / 2);
        const numa = nodes === 1 ? [range(cpus)] : [range(half), range(cpus).slice(half)];
        const machine = host({
          cpus,
          numa,
          nics: [nic({ queues: Math.min(queues, cpus) })],
          groups: [group({ workers })],
        });
        const planned = planTuning(viewOf(machine), options, []).changes.flatMap(({ kind, command }) =>
          kind === 'pin' ? [command] : [],
        );
        expect(found('worker-not-pinned', machine)?.fix ?? []).toEqual(planned);
      }),
      { seed: 17 },
    );
  });

  it('contradicts plan on no random machine: the same pins, or it names plan for more', () => {
    let pinning = 0;
    fc.assert(
      fc.property(machines, (machine) => {
        const all = findings(machine);
        for (const { id, port, protocol, sockets, size, newFlows } of machine.groups) {
          const ours = new Set(sockets.flatMap(({ owners }) => owners.map(({ tid }) => tid)));
          const advised = pinsIn(all.flatMap(({ fix }) => fix)).filter(([tid]) => ours.has(tid));
          const ifaces = machine.nics.map(({ name }) => name);
          const plan = planTuning(viewOf(machine), { ...NO_OPTIONS, ifaces, ports: [port], protocol });
          const planned = new Map(pinsIn(plan.changes.map(({ command }) => command)));
          pinning += advised.length;
          for (const [tid, cpu] of advised) expect([tid, planned.get(tid)]).toEqual([tid, cpu]);
          const more = [...planned.keys()].filter(
            (tid) => ours.has(tid) && !advised.some(([known]) => known === tid),
          );
          // connect() has split the port, and this group gets no new flows.
          if (more.length === 0 || size < 2 || newFlows === false) continue;
          const named = all.some(({ rule, subject }) => rule === 'workers-share-cpu' && subject.includes(id));
          expect([more, named]).toEqual([more, true]);
        }
      }),
      { numRuns: Number(process.env['RUNS'] ?? 150), seed: Number(process.env['SEED'] ?? 1) },
    );
    expect(pinning).toBeGreaterThan(8);
  });

  it('reports the same workers once, however many ports they serve', () => {
    const groups = range(20).map((n) => group({ port: 8000 + n, workers: [free(n % 2), free((n + 1) % 2)] }));
    const all = findings(host({ cpus: 4, groups })).filter(({ rule }) => rule === 'worker-not-pinned');
    expect(all).toHaveLength(1);
    expect(all[0]?.subject).toBe('tcp 0.0.0.0:8000, tcp 0.0.0.0:8001, tcp 0.0.0.0:8002 and 17 more');
    expect(all[0]?.fix).toEqual(['taskset -cp 0 1000', 'taskset -cp 1 1001']);
  });

  it('finds nothing if they are pinned, if that is not known, and with one CPU', () => {
    for (const machine of [
      host({ groups: [group({ workers: pinned(0, 1) })] }),
      host({ groups: [group({ workers: [{ cpus: null }, { cpus: null }] })] }),
      host({ cpus: 1, groups: [group({ workers: [free(), free()] })] }),
    ])
      expect(found('worker-not-pinned', machine)).toBeUndefined();
  });
});

describe('workers-share-cpu', () => {
  it('names the plan that moves them apart', () => {
    const groups = [group({ workers: pinned(0, 0, 2) })];
    const machine = host({ cpus: 4, nics: [nic({ queues: 4 })], groups });
    expect(found('workers-share-cpu', machine)).toMatchObject({
      severity: 'info',
      fix: [],
      message:
        'server 1000, server 1001 are all pinned to CPU 0, while no worker of the group is pinned to CPUs 1,3. ' +
        '`locality-tune plan --iface eth0 --port 8080` moves them apart.',
    });
    const { changes } = planTuning(viewOf(machine), { ...NO_OPTIONS, ifaces: ['eth0'], ports: [8080] });
    expect(pinsIn(changes.map(({ command }) => command))).toEqual([[1001, 1]]);
  });

  it('finds nothing where each has its own, or no CPU is left', () => {
    for (const workers of [pinned(0, 1), pinned(0, 1, 0), pinned(0, 1, 1, 0)])
      expect(found('workers-share-cpu', host({ cpus: 2, groups: [group({ workers })] }))).toBeUndefined();
  });
});

describe('shared-listener', () => {
  const lone = (owners: ReturnType<typeof owner>[], processes: number) => ({
    lone: [
      {
        id: 'tcp *:80',
        protocol: 'tcp' as const,
        address: '0.0.0.0',
        port: 80,
        device: null,
        inode: 1,
        owners,
        processes,
        recvQueue: 0,
        drops: 0,
      },
    ],
  });
  const nginx = range(4).map((n) => owner(null, { pid: 10 + n, comm: 'nginx' }));

  it('names the processes, and nginx’s option that fixes it', () => {
    const finding = found('shared-listener', host({ more: lone(nginx, 4) }));
    expect(finding?.subject).toBe('tcp *:80');
    expect(finding?.message).toMatch(/^4 processes \(nginx 10, .*listen 80 reuseport/);
  });

  it('writes nginx’s option as UDP needs it', () => {
    const udp = lone(nginx, 4).lone.map((each) => ({ ...each, protocol: 'udp' as const }));
    expect(found('shared-listener', host({ more: { lone: udp } }))?.message).toContain(
      '`listen 80 udp reuseport`',
    );
  });

  it('finds one SO_REUSEPORT socket that a parent opened for all', () => {
    const one = group({ workers: [{ more: { owners: nginx } }] });
    expect(found('shared-listener', host({ groups: [one] }))?.message).toMatch(
      /^4 processes .* its own SO_REUSEPORT socket/,
    );
    expect(found('shared-listener', host({ groups: [group({ workers: pinned(0) })] }))).toBeUndefined();
  });

  it('finds nothing for one process, and does not count systemd', () => {
    expect(found('shared-listener', host({ more: lone(nginx.slice(0, 1), 1) }))).toBeUndefined();
    const activated = [owner(null, { pid: 1, comm: 'systemd' }), owner(null, { pid: 9, comm: 'sshd' })];
    expect(found('shared-listener', host({ more: lone(activated, 2) }))).toBeUndefined();
  });
});

describe('slot-unserved', () => {
  const orphan = (recvQueue: number) => ({
    more: { owners: [], cpus: [], holders: [{ pid: 99, fd: 7 }], recvQueue },
  });

  it('is an error once something waits there', () => {
    const finding = found('slot-unserved', host({ groups: [group({ workers: [{ cpu: 0 }, orphan(3)] })] }));
    expect(finding).toMatchObject({ severity: 'error' });
    expect(finding?.message).toContain('1 socket of this group (slot 1, kept open by 99)');
    expect(finding?.message).toContain('3 connections so far');
    expect(
      found('slot-unserved', host({ groups: [group({ workers: [{ cpu: 0 }, orphan(0)] })] }))?.severity,
    ).toBe('warning');
  });

  it('finds nothing if it could not look: no waiting process was visible, or no process at all', () => {
    const blind = { more: { owners: [owner(null, { via: 'fd' })] } };
    for (const workers of [
      [blind, orphan(3)],
      [{ cpu: 0 }, { more: { owners: [], cpus: [] } }],
    ]) {
      expect(found('slot-unserved', host({ groups: [group({ workers })] }))).toBeUndefined();
    }
  });
});

describe('queue-piles-up', () => {
  const queues = (protocol: 'tcp' | 'udp', ...lengths: (number | null)[]) =>
    host({
      groups: [group({ protocol, workers: lengths.map((recvQueue, cpu) => ({ cpu, more: { recvQueue } })) })],
    });

  it('names the worker that does not keep up', () => {
    expect(found('queue-piles-up', queues('tcp', 0, 128, 0, 0))?.message).toContain(
      '(slot 1 (server 1001) 128)',
    );
    expect(found('queue-piles-up', queues('udp', 0, 212_992))).toBeDefined();
  });

  it('finds nothing for a few, for a load on all, and if it is not known', () => {
    for (const machine of [
      queues('tcp', 0, 3),
      queues('tcp', 50, 60),
      queues('udp', 0, 4096),
      queues('tcp', null, null),
    ])
      expect(found('queue-piles-up', machine)).toBeUndefined();
  });
});

describe('group-drops', () => {
  it('adds up, the worst first', () => {
    const workers = [
      { cpu: 0, more: { drops: 2 } },
      { cpu: 1, more: { drops: 40 } },
      { cpu: 2, more: { drops: null } },
    ];
    const finding = found('group-drops', host({ groups: [group({ workers })] }));
    expect(finding?.message).toContain('42 packets were dropped');
    expect(finding?.message).toContain('a queue was full: slot 1 (server 1001) 40, slot 0 (server 1000) 2.');
    expect(found('group-drops', host({ groups: [group({ workers: pinned(0, 1) })] }))).toBeUndefined();
  });

  const single = (drops: number | null, comm: string, more: Partial<LoneSocket> = {}) => {
    const owners = [owner([0], { comm, ...(more.protocol === 'tcp' && { via: 'fd' }) })];
    const socket = {
      protocol: 'udp' as const,
      address: '0.0.0.0',
      port: 514,
      device: null,
      inode: 1,
      owners,
    };
    return found(
      'group-drops',
      host({
        more: { lone: [{ id: 'udp 0.0.0.0:514', ...socket, processes: 1, recvQueue: 0, drops, ...more }] },
      }),
    );
  };

  it('finds one socket that nobody shares the load with', () => {
    const finding = single(594, 'syslog-ng');
    expect(finding).toMatchObject({ severity: 'warning', subject: 'udp 0.0.0.0:514', fix: [] });
    expect(finding?.message).toMatch(
      /^594 datagrams were dropped .* No other socket .* It is read by syslog-ng 1000\./,
    );
    expect(finding?.message).toMatch(/SO_RCVBUF .* SO_REUSEPORT socket each \(syslog-ng: .*so-reuseport/);
    expect(single(594, 'app')?.message).toMatch(/SO_REUSEPORT socket each\.$/);
    expect(single(594, 'app', { protocol: 'tcp' })?.message).toMatch(
      /no thread was seen to read it\..*backlog/,
    );
  });

  it('has little to say about few drops, and nothing about none', () => {
    expect(single(99, 'avahi-daemon')).toMatchObject({ severity: 'info' });
    expect(single(0, 'app')).toBeUndefined();
    expect(single(null, 'app')).toBeUndefined();
  });

  it('wants a socket for each of the workers that share it', () => {
    const owners = [1, 2].map((pid) => owner(null, { pid, comm: 'nginx' }));
    const finding = single(500, 'nginx', { owners, processes: 2 });
    expect(finding?.message).toMatch(/socket for each of these workers.*`listen 514 udp reuseport`/);
  });

  it('finds a group of one the same way', () => {
    const one = group({ protocol: 'udp', port: 53, workers: [{ cpu: 0, more: { drops: 500 } }] });
    expect(found('group-drops', host({ groups: [one] }))?.message).toContain(
      'No other socket shares its load',
    );
  });
});

/** `ld cpu; ret a`. */
const FOREIGN_CPU: readonly Instruction[] = [
  [0x20, 0, 0, 0xfffff024],
  [0x16, 0, 0, 0],
];

describe('udp-hot-slot', () => {
  it('names the network namespace in the command of its sentence, too', () => {
    const view = viewOf(sampled(4443, 10, 970, 10, 10));
    const finding = diagnose(view, { asked: 'web', pid: null }).find(({ rule }) => rule === 'udp-hot-slot');
    expect(finding?.message).toMatch(/`locality-tune attach --port 4443 --udp --program \S+ --netns web`/);
  });

  const sampled = (port: number, ...packets: (number | null)[]) => {
    const workers = packets.map((each, cpu) => ({ cpu, more: { packets: each } }));
    return host({ groups: [group({ protocol: 'udp', port, workers })] });
  };

  it('proposes rand for a protocol without state', () => {
    const finding = found('udp-hot-slot', sampled(514, 10, 970, 10, 10));
    expect(finding).toMatchObject({
      severity: 'warning',
      fix: ['locality-tune attach --port 514 --udp --program rand --yes'],
    });
    expect(finding?.message).toMatch(/^slot 1 \(server 1001\) read 97 % of 1000 datagrams.*25 %.*syslog/);
  });

  it('only mentions rand, and when not to use it, if the protocol is not known', () => {
    const finding = found('udp-hot-slot', sampled(4443, 10, 970, 10, 10));
    expect(finding?.fix).toEqual([]);
    expect(finding?.message).toMatch(/--port 4443 --udp --program rand.*never for QUIC/);
  });

  it('never proposes rand where the slot is chosen by CPU', () => {
    for (const program of [cpu(4), cpu(2), FOREIGN_CPU]) {
      const [made] = sampled(514, 10, 970, 10, 10).groups;
      if (made === undefined) throw new Error('no group');
      const by = { kind: 'cbpf' as const, name: null, asm: null, instructions: program };
      const machine = host({
        cpus: 4,
        nics: [nic({ queues: 4, xps: true })],
        groups: [{ ...made, selection: 'cbpf', program: by }],
      });
      const all = findings(machine);
      expect(all.find(({ rule }) => rule === 'udp-hot-slot')?.message).toContain(
        'one CPU receives most of them',
      );
      expect(JSON.stringify(all)).not.toContain('rand');
    }
  });

  it('never proposes rand on a port whose protocol keeps state', () => {
    const finding = found('udp-hot-slot', sampled(443, 10, 970, 10, 10));
    expect(finding?.fix).toEqual([]);
    expect(finding?.message).toContain('Port 443 is most likely QUIC');
    expect(finding?.message).toContain('leaves a busy source with one worker');
  });

  it('sees two workers of which one gets all', () => {
    expect(found('udp-hot-slot', sampled(2055, 500, 0))).toBeDefined();
  });

  it.each([
    ['no more than twice the fair share', sampled(2055, 500, 200, 150, 150)],
    ['a sample of 99', sampled(2055, 99, 0, 0, 0)],
    ['no sample', sampled(2055, null, null, null)],
    ['half a sample', sampled(2055, 900, null, 10)],
  ])('is content with %s', (_, machine) => {
    expect(found('udp-hot-slot', machine)).toBeUndefined();
  });
});
