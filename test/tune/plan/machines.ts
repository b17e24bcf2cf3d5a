/**
 * Machines, and what is to be changed on each: written down before the planner was. A change reads `kind subject: from
 * -> to`; `after` is the locality that the plan promises for each NIC, null where it can't be told.
 */
import type { Group, Host, Irq, Nic } from '../../../src/host/types.ts';
import type { PlanOptions } from '../../../src/tune/types.ts';
import { group, host, nic, owner, pinned, range, type Worker } from '../../fixtures/hosts.ts';

export interface Machine {
  readonly name: string;
  readonly host: Host;
  readonly options?: Partial<PlanOptions>;
  readonly changes: readonly string[];
  /** Subjects of what is refused. */
  readonly refused?: readonly string[];
  readonly after: readonly (number | null)[];
}

/** Workers that may run anywhere in `cpus`. */
export const loose = (workers: number, cpus: readonly number[], comm = 'server'): Worker[] =>
  range(workers).map((at) => ({
    cpus,
    more: { owners: [owner(cpus, { pid: 1000 + at, tid: 1000 + at, comm })] },
  }));

const mask = (cpu: number) => (1n << BigInt(cpu)).toString(16).replace(/\B(?=([0-9a-f]{8})+$)/g, ',');
const xps = (cpus: readonly number[], name = 'eth0') =>
  cpus.map((cpu, queue) => `xps ${name} tx-${queue} xps_cpus: 0 -> ${mask(cpu)}`);
const program = (text: string, id = 'tcp 0.0.0.0:8080') => `program ${id}: none -> ${text}`;
const pins = (cpus: readonly number[], from: string) =>
  cpus.map((cpu, at) => `pin server ${1000 + at}: ${from} -> ${cpu}`);

/** All IRQs may go anywhere in `0-last` and do go to CPU 0. */
const onFirst = (queues: number, last: number, more: Partial<Nic> = {}): Nic => {
  const made = nic({ queues, irqCpus: range(queues).map(() => 0), more });
  return { ...made, irqs: made.irqs.map((irq) => ({ ...irq, affinity: range(last + 1) })) };
};
const moved = (queue: number, to: number, from = '0-3') =>
  `irq irq ${32 + queue} (eth0-TxRx-${queue}): ${from} -> ${to}`;

const virtioIrqs = (queues: number): Irq[] =>
  range(queues).flatMap((queue) =>
    (['input', 'output'] as const).map((kind, at) => ({
      irq: 40 + 2 * queue + at,
      name: `virtio0-${kind}.${queue}`,
      role: kind === 'input' ? ('rx' as const) : ('tx' as const),
      queues: [queue],
      affinity: range(4),
      effective: [0],
      counts: [],
      source: 'msi_irqs' as const,
    })),
  );
const virtio = onFirst(4, 3, { driver: 'virtio_net', numaNode: -1 });

const iceIrqs = range(4).map(
  (vector): Irq => ({
    irq: 50 + vector,
    name: `ice-eth0-TxRx-${2 * vector}-${2 * vector + 1}`,
    role: 'rxtx',
    queues: [2 * vector, 2 * vector + 1],
    affinity: [0],
    effective: [0],
    counts: [],
    source: 'msi_irqs',
  }),
);
const ice = nic({ queues: 8, irqCpus: range(8).map(() => 0) });

const right = nic({ queues: 4, xps: true });
const EIGHT = range(8);

export const MACHINES: readonly Machine[] = [
  {
    name: 'virtio, 4 CPUs, all interrupts on CPU 0',
    host: host({
      cpus: 4,
      nics: [
        {
          ...virtio,
          irqs: virtioIrqs(4),
          rxQueues: virtio.rxQueues.map((queue) => ({ ...queue, irq: 40 + 2 * queue.index })),
          txQueues: virtio.txQueues.map((queue) => ({ ...queue, irq: 41 + 2 * queue.index })),
        },
      ],
      groups: [group({ workers: pinned(0, 1, 2, 3) })],
    }),
    changes: [
      ...range(4).flatMap((queue) => [
        `irq irq ${40 + 2 * queue} (virtio0-input.${queue}): 0-3 -> ${queue}`,
        `irq irq ${41 + 2 * queue} (virtio0-output.${queue}): 0-3 -> ${queue}`,
      ]),
      ...xps([0, 1, 2, 3]),
      program('cpu'),
    ],
    after: [1],
  },
  {
    name: 'two sockets, the NIC on node 1, workers anywhere',
    host: host({
      cpus: 16,
      numa: [EIGHT, range(8).map((cpu) => cpu + 8)],
      nics: [nic({ queues: 8, more: { numaNode: 1 } })],
      groups: [group({ workers: loose(8, range(16)) })],
    }),
    changes: [
      ...EIGHT.map((queue) => moved(queue, queue + 8, String(queue))),
      ...xps(EIGHT.map((queue) => queue + 8)),
      ...pins(
        EIGHT.map((slot) => slot + 8),
        '0-15',
      ),
      program('cpu'),
    ],
    after: [1],
  },
  {
    name: 'SMT, one thread of each core',
    host: smt(nic({ queues: 4, irqCpus: [0, 2, 4, 6] }), 4),
    options: { smt: 'one' },
    changes: [...xps([0, 2, 4, 6]), ...pins([0, 4, 2, 6], '0-7'), program('map')],
    after: [1],
  },
  {
    name: 'SMT, both threads, with channels to grow',
    host: smt(
      nic({
        queues: 4,
        more: {
          channels: { rx: null, tx: null, combined: { current: 4, max: 16 }, other: null },
        },
      }),
      8,
    ),
    options: { smt: 'both' },
    changes: [
      'channels eth0 combined channels: 4 -> 8',
      'rss eth0 RSS table: default -> default',
      ...EIGHT.map((queue) =>
        queue < 4
          ? moved(queue, queue, String(queue))
          : `irq irq of eth0 rx-${queue} (eth0-TxRx-${queue}): null -> ${queue}`,
      ),
      ...EIGHT.map((queue) => `xps eth0 tx-${queue} xps_cpus: ${queue < 4 ? 0 : 'null'} -> ${mask(queue)}`),
      ...pins(EIGHT, '0-7'),
      program('cpu'),
    ],
    after: [1],
  },
  {
    name: '512 CPUs, 128 queues on CPU 0',
    host: host({
      cpus: 512,
      numa: range(4).map((node) => range(128).map((cpu) => node * 128 + cpu)),
      nics: [onFirst(128, 511, { driver: 'ice' })],
      groups: [group({ workers: pinned(...range(128)) })],
    }),
    changes: [...range(128).map((at) => moved(at, at, '0-511')), ...xps(range(128)), program('cpu')],
    after: [1],
  },
  {
    name: 'no NUMA node, slots in another order than CPUs',
    host: host({
      cpus: 4,
      nics: [onFirst(4, 3, { numaNode: -1 })],
      groups: [group({ workers: pinned(3, 2, 1, 0) })],
    }),
    changes: [moved(0, 3), moved(1, 2), moved(2, 1), moved(3, 0), ...xps([3, 2, 1, 0]), program('map')],
    after: [1],
  },
  {
    name: 'more queues than CPUs, all on CPU 0',
    host: host({ cpus: 4, nics: [onFirst(8, 3)] }),
    options: { ports: [] },
    changes: [...EIGHT.map((queue) => moved(queue, queue % 4)), ...xps([0, 1, 2, 3])],
    after: [],
  },
  {
    name: 'four queues for each CPU',
    host: host({ cpus: 4, nics: [onFirst(16, 3)] }),
    options: { ports: [] },
    changes: [...range(16).map((queue) => moved(queue, queue % 4)), ...xps([0, 1, 2, 3])],
    after: [],
  },
  {
    name: 'more queues than CPUs, five of them on CPU 0',
    host: host({
      cpus: 4,
      nics: [nic({ queues: 8, irqCpus: [0, 1, 2, 3, 0, 0, 0, 0], xps: [[0], [1], [2], [3]] })],
    }),
    options: { ports: [] },
    changes: [moved(5, 1, '0'), moved(6, 2, '0'), moved(7, 3, '0')],
    after: [],
  },
  {
    name: 'four queues, two CPUs that are not isolated',
    host: isolated([2, 3, 4, 5, 6, 7], nic({ queues: 4, irqCpus: [0, 0, 7, 1] }), []),
    options: { ports: [] },
    changes: [moved(2, 1, '7'), 'xps eth0 tx-0 xps_cpus: 0 -> 1', 'xps eth0 tx-2 xps_cpus: 0 -> 2'],
    after: [],
  },
  {
    name: 'twice as many queues as workers, and no RSS table',
    host: host({
      cpus: 8,
      nics: [nic({ queues: 8, irqCpus: EIGHT.map(() => 0), rss: null })],
      groups: [group({ workers: pinned(0, 1, 2, 3) })],
    }),
    changes: [
      ...[1, 2, 3, 5, 6, 7].map((queue) => moved(queue, queue % 4, '0')),
      ...xps([0, 1, 2, 3]),
      program('cpu'),
    ],
    after: [1],
  },
  {
    name: 'five of eight queues on one CPU, where no interrupt can be moved',
    host: host({
      cpus: 4,
      nics: [
        nic({
          queues: 8,
          irqCpus: [0, 1, 2, 3, 0, 0, 0, 0],
          xps: true,
          rss: null,
          more: { irqs: [] },
        }),
      ],
      groups: [group({ workers: pinned(0, 1, 2, 3) })],
    }),
    options: { only: ['program'] },
    changes: [],
    refused: ['tcp 0.0.0.0:8080'],
    after: [0.25],
  },
  {
    name: '40 queues, of which RSS of this ixgbe reaches 16',
    host: host({
      cpus: 40,
      nics: [nic({ queues: 40, xps: true, rss: range(128).map((entry) => entry % 16) })],
    }),
    options: { ports: [] },
    changes: ['channels eth0 combined channels: 40 -> 16'],
    after: [],
  },
  {
    name: 'CPUs that are reserved for interrupts',
    host: host({ cpus: 8, nics: [onFirst(4, 7)], groups: [group({ workers: pinned(4, 5, 6, 7) })] }),
    options: { irqCpus: [0, 1] },
    changes: [
      ...range(4).map((queue) => moved(queue, queue % 2, '0-7')),
      'xps eth0 tx-0 xps_cpus: 0 -> 1',
      'xps eth0 tx-1 xps_cpus: 0 -> 2',
    ],
    refused: ['tcp 0.0.0.0:8080'],
    after: [0],
  },
  {
    name: 'CPUs that pods own',
    host: host({ cpus: 8, nics: [nic({ queues: 4 })], groups: [group({ workers: loose(4, EIGHT) })] }),
    options: { avoidCpus: [0, 1, 2, 3] },
    changes: [
      ...range(4).map((queue) => moved(queue, queue + 4, String(queue))),
      ...xps([4, 5, 6, 7]),
      ...pins([4, 5, 6, 7], '0-7'),
      program('cpu'),
    ],
    after: [1],
  },
  {
    name: 'a cpuset of its own, in which no worker runs',
    host: partitioned([0, 1], nic({ queues: 2 }), [group({ workers: loose(2, [2, 3]) })]),
    changes: [moved(0, 2, '0'), moved(1, 3, '1'), ...xps([2, 3]), ...pins([2, 3], '2-3'), program('cpu')],
    after: [1],
  },
  {
    name: 'a cpuset of its own, in which the workers run',
    host: partitioned([0, 1], nic({ queues: 2 }), [group({ workers: loose(2, [0, 1]) })]),
    changes: [...xps([0, 1]), ...pins([0, 1], '0-1'), program('cpu')],
    after: [1],
  },
  {
    name: 'a driver that ignores XPS',
    host: host({ cpus: 4, nics: [nic({ queues: 4, more: { driver: 'mana' } })] }),
    options: { ports: [] },
    changes: [],
    after: [],
  },
  {
    name: 'offline CPUs in the middle',
    host: host({
      cpus: [0, 1, 2, 4, 5, 6, 8, 9],
      nics: [nic({ queues: 8, irqCpus: EIGHT.map(() => 0) })],
      groups: [group({ workers: loose(8, [0, 1, 2, 4, 5, 6, 8, 9]) })],
    }),
    changes: [
      ...[1, 2, 8, 4, 5, 6, 9].map((cpu, at) => moved(at + 1, cpu, '0')),
      ...xps([0, 1, 2, 8, 4, 5, 6, 9]),
      ...pins([0, 1, 2, 8, 4, 5, 6, 9], '0-2,4-6,8-9'),
      program('map'),
    ],
    after: [1],
  },
  {
    name: 'isolated CPUs, on which queues interrupt',
    host: isolated([6, 7], nic({ queues: 4, irqCpus: [4, 5, 6, 7] })),
    changes: [
      // CPUs 4 and 5 receive already, and are not isolated.
      moved(2, 0, '6'),
      moved(3, 1, '7'),
      ...xps([4, 5, 0, 1]),
      ...pins([0, 1, 4, 5], '0-7'),
      program('map'),
    ],
    after: [1],
  },
  {
    name: 'a bond of two with four queues each, eight workers',
    host: host({
      nics: [
        { ...nic({ name: 'bond0', lowerDevices: ['eth0', 'eth1'] }), irqs: [] },
        nic({ name: 'eth0', queues: 4, firstIrq: 32 }),
        nic({ name: 'eth1', queues: 4, firstIrq: 50 }),
        nic({ name: 'eth2', queues: 4, firstIrq: 70, irqCpus: [0, 0, 0, 0] }),
      ],
      groups: [group({ workers: pinned(...EIGHT) })],
    }),
    options: { ifaces: ['bond0'] },
    changes: [
      ...range(4).map((queue) => `irq irq ${50 + queue} (eth1-TxRx-${queue}): ${queue} -> ${queue + 4}`),
      ...xps([0, 1, 2, 3]),
      ...xps([4, 5, 6, 7], 'eth1'),
      program('cpu'),
    ],
    after: [1, 1],
  },
  {
    name: 'ena, without hash fields to read',
    host: host({
      cpus: 4,
      nics: [
        nic({
          queues: 4,
          more: {
            driver: 'ena',
            numaNode: -1,
            irqs: nic({ queues: 4 }).irqs.map((irq, queue) => ({ ...irq, name: `eth0-Tx-Rx-${queue}` })),
          },
        }),
      ],
      groups: [group({ protocol: 'udp', port: 53, workers: pinned(1, 2, 3, 0) })],
    }),
    options: { ports: [53], protocol: 'udp', only: ['irq', 'xps', 'program'] },
    changes: [...xps([0, 1, 2, 3]), program('map', 'udp 0.0.0.0:53')],
    after: [1],
  },
  {
    name: 'mlx5, eight queues for four workers',
    host: host({
      nics: [
        nic({
          queues: 8,
          irqCpus: [4, 5, 6, 7, 0, 1, 2, 3],
          more: {
            driver: 'mlx5_core',
            irqs: nic({ queues: 8, irqCpus: [4, 5, 6, 7, 0, 1, 2, 3] }).irqs.map((irq, queue) => ({
              ...irq,
              name: `mlx5_comp${queue}@pci:0000:3b:00.0`,
            })),
          },
        }),
      ],
      groups: [group({ workers: pinned(0, 1, 2, 3) })],
    }),
    changes: [
      'rss eth0 RSS table: default -> equal 4',
      ...range(4).map(
        (queue) => `irq irq ${32 + queue} (mlx5_comp${queue}@pci:0000:3b:00.0): ${queue + 4} -> ${queue}`,
      ),
      ...range(4).map(
        (queue) => `irq irq ${36 + queue} (mlx5_comp${queue + 4}@pci:0000:3b:00.0): ${queue} -> ${queue + 4}`,
      ),
      ...xps(EIGHT),
      program('cpu'),
    ],
    after: [1],
  },
  {
    name: 'ice with two queues a vector',
    host: host({
      cpus: 4,
      nics: [
        {
          ...ice,
          driver: 'ice',
          irqs: iceIrqs,
          rxQueues: ice.rxQueues.map((queue) => ({ ...queue, irq: 50 + (queue.index >> 1) })),
          txQueues: ice.txQueues.map((queue) => ({ ...queue, irq: 50 + (queue.index >> 1) })),
        },
      ],
      groups: [group({ workers: pinned(0, 1, 2, 3) })],
    }),
    changes: [
      ...[1, 2, 3].map((vector) => `irq irq ${50 + vector} (${iceIrqs[vector]?.name}): 0 -> ${vector}`),
      ...[0, 1, 2, 3].map((vector) => `xps eth0 tx-${2 * vector} xps_cpus: 0 -> ${mask(vector)}`),
      program('cpu'),
    ],
    after: [1],
  },
  {
    name: 'a single queue',
    host: host({
      cpus: 4,
      nics: [nic({ queues: 1 })],
      groups: [group({ workers: pinned(0, 1, 2, 3) })],
    }),
    changes: ['rps eth0 rx-0 rps_cpus: 0 -> f', program('cpu')],
    after: [null],
  },
  {
    name: 'more workers than queues',
    host: host({ nics: [nic({ queues: 4 })], groups: [group({ workers: pinned(...EIGHT) })] }),
    changes: xps([0, 1, 2, 3]),
    refused: ['tcp 0.0.0.0:8080'],
    after: [1 / 8],
  },
  {
    name: 'UDP from few sources, hashed by address',
    host: host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true })],
      groups: [
        group({
          protocol: 'udp',
          port: 9999,
          workers: range(4).map((cpu) => ({ cpu, more: { packets: cpu === 2 ? 10_000 : 10 } })),
          more: { sampledSeconds: 1 },
        }),
      ],
    }),
    options: { ports: [9999], protocol: 'udp' },
    changes: ['fields eth0 udp4 hash fields: sd -> sdfn', program('cpu', 'udp 0.0.0.0:9999')],
    after: [1],
  },
  {
    name: 'already right',
    host: host({
      cpus: 4,
      nics: [right],
      groups: [group({ workers: pinned(0, 1, 2, 3), program: 'cpu' })],
      irqbalance: { running: true, bannedIrqs: [32, 33, 34, 35] },
    }),
    changes: [],
    after: [1],
  },
  {
    name: 'a foreign eBPF program',
    host: host({
      cpus: 4,
      nics: [nic({ queues: 4 })],
      groups: [
        group({
          workers: pinned(0, 1, 2, 3),
          more: {
            selection: 'ebpf',
            program: { kind: 'ebpf', name: 'quic_select', asm: null, instructions: null },
          },
        }),
      ],
    }),
    options: { program: 'cpu' },
    changes: xps([0, 1, 2, 3]),
    refused: ['tcp 0.0.0.0:8080'],
    after: [null],
  },
  {
    name: 'nginx without worker_cpu_affinity, and irqbalance',
    host: host({
      cpus: 4,
      nics: [right],
      groups: [group({ workers: loose(4, range(4), 'nginx') })],
      irqbalance: { running: true, bannedIrqs: [9] },
    }),
    changes: [
      'irqbalance irqbalance: 9 -> 9 32 33 34 35',
      ...range(4).map((slot) => `pin nginx ${1000 + slot}: 0-3 -> ${slot}`),
      program('cpu'),
    ],
    after: [1],
  },
  {
    name: 'local by SO_INCOMING_CPU, without a program',
    host: host({
      cpus: 4,
      nics: [right],
      groups: [
        group({
          workers: range(4).map((cpu) => ({ cpu, incomingCpu: cpu })),
          more: { selection: 'incoming_cpu' },
        }),
      ],
    }),
    changes: [],
    after: [1],
  },
  {
    name: 'queues of VMBus channels, which have no IRQs, in threads',
    host: host({
      nics: [
        {
          ...nic({ queues: 2, irqCpus: [0, 5], xps: true, threadedNapi: true }),
          driver: 'hv_netvsc',
          irqs: [],
          rxQueues: nic({ queues: 2, irqCpus: [0, 5] }).rxQueues.map((queue) => ({ ...queue, irq: null })),
          txQueues: nic({ queues: 2, irqCpus: [0, 5], xps: true }).txQueues.map((queue) => ({
            ...queue,
            irq: null,
          })),
        },
      ],
      groups: [group({ workers: pinned(0, 1) })],
    }),
    changes: [],
    refused: ['eth0', 'eth0', 'tcp 0.0.0.0:8080'],
    after: [null],
  },
  {
    name: 'workers on loopback',
    host: host({
      cpus: 2,
      nics: [
        { ...nic({ name: 'lo', irqCpus: [null] }), irqs: [], channels: null },
        nic({ queues: 2, irqCpus: [0, 0] }),
      ],
      groups: [group({ workers: loose(2, [0, 1]) })],
    }),
    options: { ifaces: ['lo'] },
    changes: [...pins([0, 1], '0-1'), program('cpu')],
    after: [],
  },
  {
    name: 'no interface to be changed: workers follow the queues',
    host: host({
      nics: [nic({ queues: 4, irqCpus: [4, 5, 6, 7] })],
      groups: [group({ workers: loose(4, EIGHT) })],
    }),
    options: { ifaces: [] },
    changes: [...pins([4, 5, 6, 7], '0-7'), program('cpu')],
    after: [1],
  },
  {
    name: 'one server on two ports, beside another one',
    host: host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true })],
      groups: [
        group({ workers: loose(4, range(4)) }),
        group({ port: 8443, workers: loose(4, range(4)) }),
        group({ port: 9000, workers: pinned(3, 2, 1, 0) }),
      ],
    }),
    options: { ports: [8080, 8443] },
    changes: [...pins([0, 1, 2, 3], '0-3'), program('cpu'), program('cpu', 'tcp 0.0.0.0:8443')],
    after: [1, 1],
  },
  {
    name: 'CPUs that were chosen',
    host: host({
      nics: [nic({ queues: 4 })],
      groups: [group({ workers: pinned(0, 1, 4, 4) })],
    }),
    options: { cpus: [4, 5, 6, 7, 99] },
    changes: [
      ...[6, 5, 4, 7].map((cpu, queue) => moved(queue, cpu, String(queue))),
      ...xps([6, 5, 4, 7]),
      'pin server 1000: 0 -> 6',
      'pin server 1001: 1 -> 5',
      'pin server 1003: 4 -> 7',
      program('map'),
    ],
    after: [1],
  },
  {
    name: 'more workers than CPUs',
    host: host({
      cpus: 2,
      nics: [nic({ queues: 2, xps: true })],
      groups: [group({ workers: loose(3, [0, 1]) })],
    }),
    changes: [],
    refused: ['tcp 0.0.0.0:8080', 'tcp 0.0.0.0:8080'],
    after: [null],
  },
  {
    name: 'two ports of one NIC on the CPUs of its node, whoever is served',
    host: host({
      numa: [range(4), [4, 5, 6, 7]],
      nics: [nic({ queues: 4, xps: true }), nic({ name: 'eth1', queues: 4, firstIrq: 50, xps: true })],
    }),
    options: { ifaces: ['eth0', 'eth1'], ports: [] },
    changes: [],
    after: [],
  },
  {
    name: 'a cpuset that is too small',
    host: host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true })],
      groups: [group({ workers: loose(4, [0, 1, 2]) })],
    }),
    changes: [],
    refused: ['tcp 0.0.0.0:8080', 'tcp 0.0.0.0:8080'],
    after: [null],
  },
  {
    name: 'queues that may not be moved, some of them where nobody works',
    host: host({
      nics: [nic({ queues: 8, xps: true, irqCpus: [0, 1, 2, 7, 7, 7, 7, 7] })],
      groups: [group({ workers: pinned(0, 1, 2, 3) })],
    }),
    options: { only: ['rss'] },
    changes: [],
    after: [((1 / 4) * 3) / 8],
  },
  {
    name: 'queues that may not be moved, one for each worker',
    host: host({
      nics: [nic({ queues: 6, xps: true, irqCpus: [5, 0, 1, 2, 3, 7] })],
      groups: [group({ workers: pinned(0, 1, 2, 3), program: 'cpu' })],
    }),
    options: { only: ['rss'] },
    changes: ['rss eth0 RSS table: default -> equal 4'],
    after: [1],
  },
  {
    name: 'RPS and RFS over RSS',
    host: host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true, rps: [0, 1, 2, 3], rfsFlows: 2048 })],
      groups: [group({ workers: pinned(0, 1, 2, 3), program: 'cpu' })],
      rpsSockFlowEntries: 32768,
    }),
    changes: [
      ...range(4).map((queue) => `rps eth0 rx-${queue} rps_cpus: f -> 0`),
      ...range(4).map((queue) => `rfs eth0 rx-${queue} rps_flow_cnt: 2048 -> 0`),
    ],
    after: [1],
  },
];

/** Eight CPUs, cores of neighbours: 0-1, 2-3, 4-5, 6-7. */
function smt(port: Nic, workers: number): Host {
  const made = host({ nics: [port], groups: [group({ workers: loose(workers, EIGHT) })] });
  const smtSiblings = range(4).map((core) => [2 * core, 2 * core + 1]);
  return { ...made, machine: { ...made.machine, cpus: { ...made.machine.cpus, smtSiblings } } };
}

/** Four CPUs, of which a cpuset owns some. */
function partitioned(cpus: readonly number[], port: Nic, groups: readonly Group[]): Host {
  const made = host({ cpus: 4, nics: [port], groups });
  const isolation = [{ source: 'cpuset', cpus, name: '/kubepods/own' }] as const;
  return { ...made, machine: { ...made.machine, cpus: { ...made.machine.cpus, isolation } } };
}

function isolated(
  cpus: readonly number[],
  port: Nic,
  groups: readonly Group[] = [group({ workers: loose(4, EIGHT) })],
): Host {
  const made = host({ nics: [port], groups });
  return { ...made, machine: { ...made.machine, cpus: { ...made.machine.cpus, isolated: cpus } } };
}

/** igb's interrupts may go anywhere, and come one CPU further on than their queue. */
const IGB_CPUS = [1, 2, 3, 4, 5, 6, 7, 0];

/** What the planner should find on the captured trees, which hold no workers: by folder. */
export const TREES: Readonly<Record<string, { iface: string; changes: readonly string[] }>> = {
  'ena-arm': { iface: 'eth0', changes: [] },
  i40e: { iface: 'ens3f0', changes: [] },
  // Each may go to either thread of a core.
  bnxt: {
    iface: 'eth0',
    changes: range(4).map(
      (queue) => `irq irq ${80 + queue} (eth0-TxRx-${queue}): ${queue},${queue + 4} -> ${queue}`,
    ),
  },
  virtio: { iface: 'eth0', changes: [] },
  'ixgbe-offline': { iface: 'enp94s0f0', changes: [] },
  'igb-bad': {
    iface: 'eth0',
    changes: [
      ...IGB_CPUS.map((cpu, queue) => `irq irq ${41 + queue} (eth0-TxRx-${queue}): 0-7 -> ${cpu}`),
      ...xps(IGB_CPUS),
    ],
  },
  'e1000e-single': {
    iface: 'eth0',
    changes: [
      'irq irq 24 (eth0-rx-0): 0-1 -> 0',
      'irq irq 25 (eth0-tx-0): 0-1 -> 1',
      'rps eth0 rx-0 rps_cpus: 0 -> 3',
    ],
  },
  'mlx5-bond': {
    iface: 'bond0',
    changes: [
      // The isolated CPU gets rid of its queue, which goes to CPU 4 and then changes places with a quieter one.
      'irq irq 101 (mlx5_comp0@pci:0000:3b:00.0): 0 -> 4',
      'irq irq 116 (mlx5_comp15@pci:0000:3b:00.0): 15 -> 0',
      'irq irq 121 (mlx5_comp0@pci:0000:3b:00.1): 0 -> 5',
      'irq irq 122 (mlx5_comp1@pci:0000:3b:00.1): 1 -> 6',
      'xps ens1f0np0 tx-0 xps_cpus: 1 -> 10',
      'xps ens1f0np0 tx-15 xps_cpus: 8000 -> 1',
      'xps ens1f1np1 tx-0 xps_cpus: 1 -> 20',
      'xps ens1f1np1 tx-1 xps_cpus: 2 -> 40',
    ],
  },
};
