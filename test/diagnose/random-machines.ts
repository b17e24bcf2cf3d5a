/** Machines of many shapes: CPUs, nodes, isolated sets, drivers, queues, tables, interrupts, groups. */
import fc from 'fast-check';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { cpu as byCpu } from '../../src/cbpf/programs.ts';
import type { Host, Nic } from '../../src/host/types.ts';
import { group, host, nic, owner, range, veth, type Worker } from '../fixtures/hosts.ts';

/** Numbers that are folded into what the machine has. */
const some = fc.nat(47);

const nicFacts = fc.record({
  queues: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 9, max: 24 })),
  txQueues: fc.constantFrom('same', 'fewer', 'one') as fc.Arbitrary<'same' | 'fewer' | 'one'>,
  irqs: fc.oneof(fc.constant([0]), fc.array(some, { minLength: 1, maxLength: 24 })),
  /** How often an interrupt is delivered elsewhere than it was asked for, or asked for many CPUs. */
  affinity: fc.array(fc.constantFrom('one', 'one', 'all', 'other'), { minLength: 1, maxLength: 5 }),
  /** `shared`: one IRQ serves all TX queues. */
  separateTx: fc.constantFrom(false, false, 'own', 'shared') as fc.Arbitrary<false | 'own' | 'shared'>,
  driver: fc.constantFrom('ixgbe', 'ice', 'mana', 'virtio_net', null),
  xps: fc.oneof(
    fc.constant(true),
    fc.constant(false),
    fc.constant(null),
    fc.array(some, { minLength: 1, maxLength: 4 }),
  ),
  rps: fc.constantFrom([], [], [0], [0, 1], null),
  table: fc.constantFrom('even', 'even', 'one', 'half', 'gone', 'none'),
  size: fc.constantFrom(8, 128, 512),
  max: fc.constantFrom(1, 1, 1, 64),
  threaded: fc.constantFrom(false, false, true, null),
  /** Of threaded NAPI: its threads are not known, may run anywhere, or are pinned as the interrupts. */
  threads: fc.constantFrom('unknown', 'loose', 'loose', 'pinned'),
  node: fc.constantFrom(-1, 0, 1),
  bypassed: fc.constantFrom(false, false, true),
  key: fc.constantFrom(null, '00', 'ff', '01', '6d5a'),
  symmetric: fc.constantFrom(false, false, true),
  standby: fc.constantFrom(false, false, false, true),
  /** Interrupts of each queue since boot, in thousands. */
  counts: fc.oneof(
    fc.constant([1]),
    fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 8 }),
  ),
});

const groupFacts = fc.record({
  protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  address: fc.constantFrom('0.0.0.0', '::', '127.0.0.1'),
  workers: fc.array(fc.oneof(some, fc.constant('any' as const), fc.constant('unknown' as const)), {
    minLength: 1,
    maxLength: 10,
  }),
  program: fc.constantFrom(
    'none',
    'none',
    'cpu',
    'old',
    'large',
    'map',
    'rand',
    'hash',
    'foreign-cpu',
    'foreign-packet',
  ),
  slots: fc.constantFrom('kernel' as const, 'kernel' as const, 'kernel' as const, 'guess' as const, null),
  packets: fc.option(fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 10 })),
  incoming: fc.boolean(),
  /** connect() has split the port; 1: this group is the one that takes new flows. */
  split: fc.constantFrom(null, null, null, 1, 2),
  drops: fc.constantFrom(0, 0, 5000),
  /** Several sockets of one process, of which no thread is known. */
  oneProcess: fc.constantFrom(false, false, false, true),
});

export const machines: fc.Arbitrary<Host> = fc
  .record({
    online: fc.oneof(fc.integer({ min: 1, max: 12 }).map(range), fc.subarray(range(12), { minLength: 1 })),
    isolated: fc.oneof(fc.constant<number[]>([]), fc.array(some, { maxLength: 10 })),
    nodes: fc.integer({ min: 1, max: 3 }),
    threads: fc.boolean(),
    nics: fc.array(nicFacts, { minLength: 1, maxLength: 2 }),
    groups: fc.array(groupFacts, { maxLength: 2 }),
    tunnel: fc.constantFrom(null, null, null, 'gre', 'wireguard', 'vxlan'),
    irqbalance: fc.constantFrom(true, false, null),
    rfs: fc.constantFrom(0, 0, 1024, null),
  })
  .map(({ online, isolated, nodes, threads, nics, groups, tunnel, irqbalance, rfs }) => {
    const at = (n: number) => online[n % online.length] ?? 0;
    const made = host({
      cpus: online,
      numa: range(nodes).map((node) => online.filter((_, index) => index % nodes === node)),
      nics: [
        ...nics.map((facts, index) => nicOf(facts, index, at, online)),
        ...(tunnel === null ? [] : [{ ...veth({ name: 'tunnel0' }), driver: tunnel }]),
      ],
      groups: groups.map((facts, index) => groupOf(facts, index, at, online)),
      rpsSockFlowEntries: rfs,
      irqbalance: { running: irqbalance, bannedIrqs: irqbalance === null ? null : [33] },
    });
    const smtSiblings = threads
      ? range(online.length >> 1).map((core) => [at(2 * core), at(2 * core + 1)])
      : [];
    const cpus = {
      ...made.machine.cpus,
      isolated: [...new Set(isolated.map(at))].sort((a, b) => a - b),
      smtSiblings,
    };
    return { ...made, machine: { ...made.machine, cpus } };
  });

type At = (n: number) => number;
type Facts<T> = T extends fc.Arbitrary<infer F> ? F : never;

function nicOf(facts: Facts<typeof nicFacts>, index: number, at: At, online: readonly number[]): Nic {
  const { queues, driver, size, table, xps, max } = facts;
  const txQueues = { same: queues, fewer: Math.max(1, queues >> 1), one: 1 }[facts.txQueues];
  const entry = {
    even: (e: number) => e % queues,
    one: () => 0,
    half: (e: number) => e % Math.max(1, queues >> 1),
    gone: (e: number) => e % (queues + 1),
  };
  const on = range(queues).map((queue) => at(facts.irqs[queue % facts.irqs.length] ?? 0));
  const threads = range(queues).map((queue) => ({
    pid: 9000 + 100 * index + queue,
    comm: `napi/eth${index}-${queue}`,
    napi: queue,
    rx: [queue],
    tx: [],
    cpus: facts.threads === 'loose' ? online : [on[queue] ?? 0],
  }));
  const plain = nic({
    name: `eth${index}`,
    queues,
    txQueues,
    firstIrq: 32 + 100 * index,
    irqCpus: on,
    xps: Array.isArray(xps)
      ? range(txQueues).map((queue) => [at(xps[queue % xps.length] ?? 0)])
      : (xps as boolean | null),
    rps: facts.rps === null ? null : [...new Set(facts.rps.map(at))].sort((a, b) => a - b),
    threadedNapi: facts.threaded,
    ntupleRules: facts.bypassed ? 1 : 0,
    rss: table === 'none' || queues === 1 ? null : range(size).map(entry[table as keyof typeof entry]),
    more: {
      driver,
      standby: facts.standby,
      napiThreads: facts.threaded && facts.threads !== 'unknown' ? threads : [],
      numaNode: facts.node,
      channels: {
        rx: null,
        tx: null,
        combined: { current: queues, max: Math.max(max, queues) },
        other: null,
      },
    },
  });
  const irqs = plain.irqs.map((irq, queue) => {
    const how = facts.affinity[queue % facts.affinity.length];
    const affinity = how === 'all' ? online : how === 'other' ? [at((on[queue] ?? 0) + 1)] : irq.affinity;
    const counts = online.map((cpu) =>
      cpu === on[queue] ? 1000 * (facts.counts[queue % facts.counts.length] ?? 0) : 0,
    );
    return { ...irq, affinity, counts };
  });
  const inputXfrm = facts.symmetric ? 'symmetric-xor' : 'none';
  const rss = plain.rss && { ...plain.rss, inputXfrm, key: facts.key && keyOf(facts.key) };
  if (!facts.separateTx) return { ...plain, irqs, rss };
  const irqOf = (queue: number) => (facts.separateTx === 'own' ? queue : 0);
  const tx = plain.txQueues.map((queue) => ({
    ...queue,
    irq: 80 + 100 * index + irqOf(queue.index),
    cpus: [at(irqOf(queue.index) + 1)],
  }));
  const txIrqs = [...Map.groupBy(tx, ({ irq }) => irq)].map(([irq, of]) => ({
    ...(irqs[0] as (typeof irqs)[0]),
    irq,
    name: `eth${index}-tx-${of[0]?.index}`,
    role: 'tx' as const,
    queues: of.map((queue) => queue.index),
    affinity: of[0]?.cpus ?? [],
    effective: of[0]?.cpus ?? [],
  }));
  return {
    ...plain,
    rss,
    irqs: [...irqs.map((irq) => ({ ...irq, role: 'rx' as const })), ...txIrqs],
    txQueues: tx,
  };
}

/** 40 bytes of one pattern. */
const keyOf = (pattern: string) => (pattern.repeat(40).slice(0, 80).match(/../g) ?? []).join(':');

/** `ld cpu; ret a`, and `ldb [1]; mod #2; ret a`. */
const FOREIGN_CPU: readonly Instruction[] = [
  [0x20, 0, 0, 0xfffff024],
  [0x16, 0, 0, 0],
];
const FOREIGN_PACKET: readonly Instruction[] = [
  [0x30, 0, 0, 1],
  [0x94, 0, 0, 2],
  [0x16, 0, 0, 0],
];

function groupOf(facts: Facts<typeof groupFacts>, index: number, at: At, online: readonly number[]) {
  const { protocol, address, packets } = facts;
  const size = facts.workers.length;
  const programs = {
    none: undefined,
    cpu: 'cpu',
    rand: 'rand',
    hash: 'hash',
    old: byCpu(Math.max(1, size - 1)),
    large: byCpu(size + 2),
    map: new Map(range(size).map((slot) => [at(slot), slot])),
    'foreign-cpu': FOREIGN_CPU,
    'foreign-packet': FOREIGN_PACKET,
  } as const;
  const program = programs[facts.program as keyof typeof programs];
  const [first = 0] = facts.workers;
  const workers = facts.workers.map((each, slot): Worker => {
    const where = facts.oneProcess ? first : each;
    const cpus = where === 'any' ? online : where === 'unknown' ? null : [at(where)];
    const pid = 2000 + 100 * index + (facts.oneProcess ? 0 : slot);
    return {
      cpus,
      incomingCpu: facts.incoming ? at(slot) : null,
      more: {
        owners: [owner(cpus, { pid, tid: facts.oneProcess ? null : pid, fd: 3 + slot })],
        packets: packets === null || protocol === 'tcp' ? null : (packets[slot % packets.length] ?? 0),
        drops: facts.drops,
      },
    };
  });
  return group({
    protocol,
    address,
    port: 8000 + index,
    workers,
    slotSource: facts.slots,
    more: facts.split === null ? {} : { kernelGroups: 2, newFlows: facts.split === 1 },
    ...(program && { program }),
  });
}
