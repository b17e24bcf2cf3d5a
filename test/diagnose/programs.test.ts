import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { cpu, generate, type ProgramSpec } from '../../src/cbpf/programs.ts';
import { group, host, nic, owner, pinned, range, veth } from '../fixtures/hosts.ts';
import { findings, found } from './view.ts';

const queues = (n: number) => [nic({ queues: n, xps: true })];

describe('hash-selection', () => {
  it('states the present chance, and that of `cpu`', () => {
    const finding = found(
      'hash-selection',
      host({ nics: queues(8), groups: [group({ workers: pinned(...range(8)) })] }),
    );
    expect(finding).toMatchObject({ severity: 'warning', fix: ['locality-tune attach --port 8080 --yes'] });
    expect(finding?.message).toBe(
      'The kernel picks one of 8 sockets by hash: one connection in 8 reaches a worker on its receiving CPU. ' +
        'Expected from eth0: 12.5 % local, 100 % with `cpu`.',
    );
  });

  it('says what the attach does to flows whose peers must stay with one worker', () => {
    const at = (protocol: 'tcp' | 'udp', port: number) => {
      const groups = [group({ protocol, port, workers: pinned(...range(8)) })];
      return found('hash-selection', host({ nics: queues(8), groups }))?.message;
    };
    expect(at('udp', 443)).toContain('Port 443 is most likely QUIC: the attach moves live flows');
    expect(at('tcp', 443)).not.toContain('QUIC');
    expect(at('udp', 53)).not.toContain('live flows');
  });

  it('proposes `map` when slots and CPUs are not in one order', () => {
    const groups = [group({ protocol: 'udp', workers: pinned(5, 3) })];
    const finding = found('hash-selection', host({ nics: [nic({ queues: 2, irqCpus: [3, 5] })], groups }));
    expect(finding?.fix).toEqual(['locality-tune attach --port 8080 --udp --program map --yes']);
    expect(finding?.message).toContain('one datagram in 2 reaches');
    expect(finding?.message).toContain('100 % with `map`');
  });

  it.each([
    ['the slots are not known', pinned(0, 1, 2), { cpu: 3, slot: null }, 4, /the slots are not/],
    [
      'a worker would starve',
      pinned(0, 1, 2),
      { cpu: 3 },
      2,
      /With 4 workers for 2 receiving CPUs, any program by CPU would starve some workers/,
    ],
    [
      'no worker is where packets arrive',
      pinned(4, 5, 6),
      { cpu: 7 },
      4,
      /pin 4 workers to receiving CPUs first/,
    ],
  ])('proposes nothing as long as %s', (_, workers, last, n, text) => {
    const finding = found(
      'hash-selection',
      host({ nics: queues(n), groups: [group({ workers: [...workers, last] })] }),
    );
    expect(finding).toMatchObject({ severity: 'info', fix: [] });
    expect(finding?.message).toMatch(text);
  });

  it('proposes a program for workers that another command pins', () => {
    const groups = [group({ workers: [...pinned(0, 1, 2), { cpus: range(4) }] })];
    const all = findings(host({ nics: queues(4), groups }));
    expect(all.flatMap(({ fix }) => fix)).toEqual([
      'taskset -cp 3 1003',
      'locality-tune attach --port 8080 --yes',
    ]);
    expect(all.find(({ rule }) => rule === 'hash-selection')?.message).toContain('After the other commands');
  });

  it('names a member where the port does not name the group', () => {
    const groups = [
      group({ workers: pinned(0, 1) }),
      group({
        address: '::',
        workers: [0, 1].map((n) => ({
          cpu: n,
          more: { owners: [owner([n], { pid: 7 + n, tid: 7 + n, fd: 9 })] },
        })),
      }),
    ];
    const fixes = findings(host({ nics: queues(2), groups })).find(
      ({ rule }) => rule === 'hash-selection',
    )?.fix;
    expect(fixes).toEqual([
      'locality-tune attach --pid 1000 --fd 3 --yes',
      'locality-tune attach --pid 7 --fd 9 --yes',
    ]);
  });

  it('makes one loop of many ports', () => {
    const groups = range(40).map((n) => group({ port: 8000 + n, workers: pinned(0, 1) }));
    const all = findings(host({ nics: queues(2), groups })).filter(({ rule }) => rule === 'hash-selection');
    expect(all).toHaveLength(1);
    expect(all[0]?.fix).toEqual([
      `for n in $(seq 8000 8039); do locality-tune attach --port \${n} --yes; done`,
    ]);
  });

  it.each([
    ['a program', host({ nics: queues(2), groups: [group({ workers: pinned(0, 1), program: 'cpu' })] })],
    ['a single queue', host({ nics: [nic({ rps: [0] })], groups: [group({ workers: pinned(0, 1) })] })],
    [
      'a loopback address and CPUs without a worker',
      host({ nics: queues(2), groups: [group({ address: '127.0.0.1', workers: pinned(0, 1) })] }),
    ],
    [
      'an unknown selection',
      host({ nics: queues(2), groups: [group({ workers: pinned(0, 1), more: { selection: null } })] }),
    ],
  ])('is silent with %s', (_, machine) => {
    expect(found('hash-selection', machine)).toBeUndefined();
  });

  it('of a pod’s veth and of loopback is for information, since it is not known who sends', () => {
    const workers = pinned(0, 1);
    for (const [nics, address, from] of [
      [[veth({ queues: 2 })], '0.0.0.0', 'eth0'],
      [queues(2), '127.0.0.1', 'lo'],
    ] as const) {
      const finding = found('hash-selection', host({ cpus: 2, nics, groups: [group({ address, workers })] }));
      expect(finding).toMatchObject({
        severity: 'info',
        fix: ['locality-tune attach --port 8080 --yes'],
        message: expect.stringContaining(`Expected from ${from}: 50 % local, 100 % with \`cpu\`.`),
      });
      expect(finding?.message).toMatch(/on the CPU that sends them\. It is not known which CPUs send/);
    }
  });
});

describe('program-misses-worker', () => {
  it('proposes `map` for two CPUs of one residue', () => {
    const machine = host({
      nics: [nic({ queues: 2, irqCpus: [3, 5] })],
      groups: [group({ workers: pinned(5, 3), program: 'cpu' })],
    });
    const finding = found('program-misses-worker', machine);
    expect(finding).toMatchObject({
      severity: 'warning',
      fix: ['locality-tune attach --port 8080 --program map --yes'],
    });
    expect(finding?.message).toContain(
      'On 1 of 2 receiving CPUs, `cpu` picks a worker that is pinned to another CPU: ' +
        'on CPU 5 slot 1 (server 1001 on CPU 3). `map` sends each packet to the worker on its CPU.',
    );
  });

  it('finds a map that a restart has put out of order', () => {
    const program = new Map([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
    const groups = [group({ workers: pinned(0, 2, 1), program })];
    expect(found('program-misses-worker', host({ nics: queues(3), groups }))?.fix).toEqual([
      'locality-tune attach --port 8080 --program map --yes',
    ]);
  });

  it('pins a worker that is of no use where it is', () => {
    const groups = [group({ workers: pinned(0, 6, 2), program: 'cpu' })];
    const finding = found('program-misses-worker', host({ nics: queues(3), groups }));
    expect(finding?.fix).toEqual(['taskset -cp 1 1001']);
  });

  it.each([
    ['they agree', pinned(0, 1), 'kernel'],
    ['the slots are a guess', pinned(1, 0), 'guess'],
    ['the workers are not pinned', [{ cpus: [0, 1] }, { cpus: [0, 1] }], 'kernel'],
  ] as const)('is silent when %s', (_, workers, slotSource) => {
    const groups = [group({ workers, slotSource, program: 'cpu' })];
    expect(found('program-misses-worker', host({ nics: queues(2), groups }))).toBeUndefined();
  });
});

describe('program-starves-slots', () => {
  it('finds the workers that a reload added', () => {
    const groups = [group({ workers: pinned(...range(8)), program: cpu(4) })];
    const finding = found('program-starves-slots', host({ nics: queues(8), groups }));
    expect(finding).toMatchObject({ severity: 'error', fix: ['locality-tune attach --port 8080 --yes'] });
    expect(finding?.message).toBe(
      'Nothing reaches slots 4-7 of server 1004, server 1005, server 1006, server 1007: the program was made ' +
        'for 4 sockets, but the group has 8. Attached again, `cpu` sends each packet to the worker on its CPU.',
    );
    expect(findings(host({ nics: queues(8), groups }))[0]?.rule).toBe('program-starves-slots');
  });

  it('finds slots that no receiving CPU leads to', () => {
    const groups = [group({ workers: pinned(0, 1, 2, 3), program: 'cpu' })];
    const finding = found('program-starves-slots', host({ nics: queues(2), groups }));
    expect(finding).toMatchObject({ severity: 'error', fix: ['locality-tune detach --port 8080 --yes'] });
    expect(finding?.message).toMatch(
      /^Nothing reaches slots 2-3 of .*: `cpu` picks by CPU, and only CPUs 0-1 receive from eth0\./,
    );
  });

  it('proposes `map` where every worker is on a CPU that receives', () => {
    const nics = [nic({ queues: 2, irqCpus: [1, 3] })];
    const groups = [group({ workers: pinned(1, 3), program: 'cpu' })];
    expect(found('program-starves-slots', host({ nics, groups }))?.fix).toEqual([
      'locality-tune attach --port 8080 --program map --yes',
    ]);
  });

  it.each([
    ['all slots are reached', 'cpu', 4],
    ['chance decides', 'rand', 1],
    ['the hash decides', 'hash', 1],
    ['a CPU falls back to the hash', new Map([[0, 0]]), 2],
  ] as const)('is content when %s', (_, program, n) => {
    const groups = [group({ workers: pinned(0, 1, 2, 3), program })];
    expect(found('program-starves-slots', host({ nics: queues(n), groups }))).toBeUndefined();
  });

  it('reports an old program of any kind, but attaches none whose purpose it does not know', () => {
    const workers = pinned(...range(8));
    const made = (wanted: ProgramSpec) => group({ workers, program: generate(wanted) });
    for (const program of [
      { name: 'drain', size: 6, drained: [0], by: 'flow' },
      { name: 'source-rendezvous', keyOfSlot: new Map(range(6).map((slot) => [slot, slot])) },
    ] satisfies ProgramSpec[]) {
      const finding = found('program-starves-slots', host({ nics: queues(8), groups: [made(program)] }));
      expect(finding).toMatchObject({ severity: 'error', fix: [] });
      expect(finding?.message).toMatch(
        /^Nothing reaches slots 6-7 .* made for 6 sockets, but the group has 8\./,
      );
    }
    for (const program of [
      { name: 'drain', size: 8, drained: [0, 7], by: 'cpu' },
      { name: 'queue', size: 4 },
      { name: 'weighted', weights: [1, 1, 0, 1], spread: 'rand' },
    ] satisfies ProgramSpec[])
      expect(
        found('program-starves-slots', host({ nics: queues(8), groups: [made(program)] })),
      ).toBeUndefined();
  });

  it('claims nothing from a CPU set that it does not know', () => {
    const nics = [nic({ queues: 2, irqCpus: [null, null] })];
    const groups = [group({ workers: pinned(0, 1, 2, 3), program: 'cpu' })];
    expect(found('program-starves-slots', host({ nics, groups }))).toBeUndefined();
  });
});

describe('program-exceeds-group', () => {
  it('finds a program made for more members', () => {
    const groups = [group({ workers: pinned(0, 1, 2), program: cpu(8) })];
    const finding = found('program-exceeds-group', host({ groups }));
    expect(finding).toMatchObject({ severity: 'warning', fix: ['locality-tune attach --port 8080 --yes'] });
    expect(finding?.message).toContain('slots up to 7, but the last slot of the group is 2');
    const map = group({
      workers: pinned(0, 1),
      program: new Map([
        [0, 0],
        [1, 1],
        [2, 2],
      ]),
    });
    expect(found('program-exceeds-group', host({ groups: [map] }))?.fix).toEqual([
      'locality-tune attach --port 8080 --program map --yes',
    ]);
  });

  it('finds nothing if it fits, and with `hash`, whose only index is out of range on purpose', () => {
    for (const program of ['cpu', 'rand', 'hash'] as const) {
      expect(
        found('program-exceeds-group', host({ groups: [group({ workers: pinned(0, 1), program })] })),
      ).toBeUndefined();
    }
  });
});

describe('incoming-cpu-without-effect', () => {
  const workers = [0, 1].map((each) => ({ cpu: each, incomingCpu: each }));

  it('proposes a program on a kernel that ignores it', () => {
    const groups = [group({ workers, more: { incomingCpuHonoured: false } })];
    const finding = found('incoming-cpu-without-effect', host({ groups }));
    expect(finding).toMatchObject({ severity: 'warning', fix: ['locality-tune attach --port 8080 --yes'] });
    expect(finding?.message).toContain('(6.12.0) ignores it');
  });

  it('notes a program that overrides it', () => {
    const finding = found(
      'incoming-cpu-without-effect',
      host({ groups: [group({ workers, program: 'cpu' })] }),
    );
    expect(finding).toMatchObject({ severity: 'info', fix: [] });
  });

  it('finds nothing if it works, is not set, or is not known', () => {
    for (const each of [
      group({ workers, more: { selection: 'incoming_cpu' } }),
      group({ workers, more: { incomingCpuHonoured: null, selection: null } }),
      group({ workers: pinned(0, 1), more: { incomingCpuHonoured: false } }),
    ])
      expect(found('incoming-cpu-without-effect', host({ groups: [each] }))).toBeUndefined();
  });
});

describe('a program that this tool did not make', () => {
  const machine = (program: readonly Instruction[], size: number, queues = size) =>
    host({
      nics: [nic({ queues, xps: true })],
      groups: [group({ protocol: 'udp', port: 4443, workers: pinned(...range(size)), program })],
    });
  /** A byte of QUIC's connection id, mod 2. */
  const byConnection: readonly Instruction[] = [
    [0x30, 0, 0, 1],
    [0x94, 0, 0, 2],
    [0x16, 0, 0, 0],
  ];
  const byCpu: readonly Instruction[] = [
    [0x20, 0, 0, 0xfffff024],
    [0x16, 0, 0, 0],
  ];

  it('starves what its results do not reach, and is left to its owner', () => {
    const finding = found('program-starves-slots', machine(byConnection, 4));
    expect(finding).toMatchObject({ severity: 'error', fix: [] });
    expect(finding?.message).toMatch(
      /^Nothing reaches slots 2-3 of server 1002, server 1003: .*only picks slots 0-1/,
    );
    expect(finding?.message).toContain('attach it again for 4 sockets');
    expect(finding?.message).toContain('`locality-tune detach --port 4443 --udp --yes --force`');
    expect(found('program-starves-slots', machine(byConnection, 2))).toBeUndefined();
  });

  it('goes beyond the group on CPUs that have no slot', () => {
    const finding = found('program-exceeds-group', machine(byCpu, 4, 8));
    expect(finding).toMatchObject({ severity: 'warning', fix: [] });
    expect(finding?.message).toContain('picks slots up to 7');
    expect(found('program-starves-slots', machine(byCpu, 4, 8))).toBeUndefined();
    expect(found('program-exceeds-group', machine(byCpu, 4))).toBeUndefined();
  });

  it('starves slots whose CPUs do not receive, if it chooses by CPU', () => {
    expect(found('program-starves-slots', machine(byCpu, 4, 2))?.message).toContain('only picks slots 0-1');
  });

  it('is not judged if an index stands for the hash, or the kernel would refuse it', () => {
    const hashed: readonly Instruction[] = [
      [0x30, 0, 0, 1],
      [0x15, 0, 1, 7],
      [0x06, 0, 0, 0],
      [0x06, 0, 0, 0xffffffff],
    ];
    for (const program of [hashed, [[0xff, 0, 0, 0]] as const, [] as const])
      expect(findings(machine(program, 4)).filter(({ rule }) => rule.startsWith('program'))).toEqual([]);
  });

  it('judges any instructions without throwing', () => {
    const word = fc.tuple(
      fc.integer({ min: 0, max: 255 }),
      fc.nat(4),
      fc.nat(4),
      fc.integer({ min: 0, max: 0xffffffff }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (program) => {
        findings(machine(program, 4));
      }),
    );
  });
});
