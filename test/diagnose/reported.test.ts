/** Machines like those of public bug reports, from what people had to what they should do. */
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { formatCpuList } from '../../src/host/cpus.ts';
import { readHost } from '../../src/host/host.ts';
import type { Host } from '../../src/host/types.ts';
import { viewOf } from '../../src/path/view.ts';
import { applied } from '../../src/tune/applied.ts';
import { planTuning } from '../../src/tune/plan.ts';
import { host, nic, range } from '../fixtures/hosts.ts';
import { treeMaker } from '../fixtures/tree-of.ts';
import { runFixes } from './run-fixes.ts';

const treeOf = treeMaker();
const channels = (current: number, max: number) => ({
  channels: { rx: null, tx: null, combined: { current, max }, other: null },
});
const PCI = '0000:03:00.0';

/** IRQs count from 40. */
interface Reported {
  readonly cpus?: readonly number[];
  /** CPU and name of each vector, in order; millions of interrupts, 1 if nothing is said. */
  readonly vectors: readonly (readonly [cpu: number, name: string, millions?: number])[];
  /** What sysfs shows; absent: only the lines of /proc/interrupts. */
  readonly nic?: {
    readonly name: string;
    readonly driver: string;
    readonly rx: number;
    readonly tx: number;
    readonly node?: number;
    /** Its device below /sys/devices, if that is not on PCI. */
    readonly at?: string;
  };
  readonly isolated?: string;
  readonly nodes?: readonly string[];
  /** smtp_affinity_list of IRQs that do not name their one CPU. */
  readonly asked?: Readonly<Record<number, string>>;
  readonly chip?: (vector: number) => string;
  readonly header?: false;
}

const onPci = (vector: number) => `PCI-MSI ${(3 << 19) + vector}-edge`;

function filesOf(of: Reported): Readonly<Record<string, string>> {
  const { vectors, nic, chip = onPci, cpus = range(8) } = of;
  const rows = vectors.map(([cpu, name, millions = 1], at) => {
    const counts = cpus.map((each) => (each === cpu ? 1e6 * millions : 0)).join(' ');
    return ` ${40 + at}: ${counts}  ${chip(at)}      ${name}`;
  });
  const header = of.header === false ? [] : [`   ${cpus.map((cpu) => `CPU${cpu}`).join(' ')}`];
  const files: Record<string, string> = { 'proc/interrupts': [...header, ...rows].join('\n') };
  if (nic === undefined) return files;
  const device = nic.at ?? `pci0000:00/${PCI}`;
  const up = device.replace(/[^/]+/g, '..');
  files[`sys/class/net/${nic.name}`] = `-> ../../devices/${device}/net/${nic.name}`;
  files[`sys/devices/${device}/driver`] = `-> ${up}/../bus/drivers/${nic.driver}`;
  files[`sys/devices/${device}/numa_node`] = String(nic.node ?? -1);
  files[`sys/devices/${device}/net/${nic.name}/device`] = '-> ../..';
  files[`sys/devices/${device}/net/${nic.name}/operstate`] = 'up';
  files[`sys/devices/${device}/net/${nic.name}/ifindex`] = '2';
  for (const queue of range(nic.rx)) {
    files[`sys/devices/${device}/net/${nic.name}/queues/rx-${queue}/rps_cpus`] = '0';
    files[`sys/devices/${device}/net/${nic.name}/queues/rx-${queue}/rps_flow_cnt`] = '0';
  }
  for (const queue of range(nic.tx))
    files[`sys/devices/${device}/net/${nic.name}/queues/tx-${queue}/xps_cpus`] = '0';
  for (const [at, [cpu]] of vectors.entries()) {
    if (nic.at === undefined) files[`sys/devices/${device}/msi_irqs/${40 + at}`] = 'msix';
    files[`proc/irq/${40 + at}/smp_affinity_list`] = of.asked?.[40 + at] ?? String(cpu);
    files[`proc/irq/${40 + at}/effective_affinity_list`] = String(cpu);
  }
  files['sys/devices/system/cpu/online'] = formatCpuList(cpus);
  files['sys/devices/system/cpu/isolated'] = of.isolated ?? '';
  files['proc/sys/net/core/rps_sock_flow_entries'] = '0';
  for (const [node, list] of (of.nodes ?? []).entries())
    files[`sys/devices/system/node/node${node}/cpulist`] = list;
  return files;
}

const look = (of: Reported): Promise<Host> =>
  readHost(treeOf(filesOf(of)), { ifaces: [], port: null, slots: false, sampleSeconds: 0 });

/** IRQ of each queue, `-` where it is not known. */
const mapped = ({ nics: [nic] }: Host) => ({
  name: nic?.name,
  rx: nic?.rxQueues.map(({ irq }) => irq ?? '-').join(' '),
  tx: nic?.txQueues.map(({ irq }) => irq ?? '-').join(' '),
});

const rows = (count: number, form: (at: number) => string, cpu: (at: number) => number = (at) => at % 8) =>
  range(count).map((at): readonly [number, string] => [cpu(at), form(at)]);

describe('the queues of a NIC, with its files in sysfs and from lines of /proc/interrupts alone', () => {
  const enp = (driver: string, rx: number, tx = rx) => ({ name: 'enp3s0', driver, rx, tx });
  it.each<[string, Reported & { nic: NonNullable<Reported['nic']> }, string, string, (string | null)?]>([
    [
      'r8125: 32 vectors',
      {
        vectors: rows(32, (at) => `enp3s0-${at}`).map(
          ([cpu, name], at) => [cpu, name, [0, 1, 2, 16, 18, 21].includes(at) ? 1 : 0] as const,
        ),
        nic: enp('r8125', 3, 2),
      },
      '40 41 42',
      '56 58',
    ],
    [
      'atlantic: all of one name',
      {
        vectors: [...rows(4, () => 'enp3s0'), [0, 'enp3s0', 0], [0, 'enp3s0', 0]],
        nic: enp('atlantic', 4),
      },
      '40 41 42 43',
      '40 41 42 43',
    ],
    [
      'gve: blocks of TX first, with a useless name',
      { vectors: rows(8, (at) => `eth%d-ntfy-block.${at}`), nic: enp('gve', 4) },
      '44 45 46 47',
      '40 41 42 43',
      PCI,
    ],
    [
      'gve: fewer queues than blocks',
      { vectors: rows(16, (at) => `gve-ntfy-blk${at}@pci:${PCI}`), nic: enp('gve', 2) },
      '48 49',
      '40 41',
      null,
    ],
    [
      'cxgb4: the error vector and the event queue first',
      {
        vectors: [[0, PCI, 0.001], [0, `${PCI}-FWeventq`, 0], ...rows(4, (at) => `enp3s0 (queue ${at})`)],
        nic: enp('cxgb4', 4),
      },
      '42 43 44 45',
      '42 43 44 45',
    ],
    [
      'a netmap build',
      { vectors: rows(4, (at) => `i40e_netmap-enp3s0-TxRx-${at}`), nic: enp('i40e', 4) },
      '40 41 42 43',
      '40 41 42 43',
    ],
    [
      'mlx4: from 1, without its control vector',
      {
        vectors: [[0, `mlx4-async@pci:${PCI}`, 0], ...rows(4, (at) => `mlx4-${at + 1}@${PCI}`)],
        nic: enp('mlx4_en', 4),
      },
      '41 42 43 44',
      '41 42 43 44',
      PCI,
    ],
    [
      'vmxnet3, with its event vector',
      {
        vectors: [...rows(4, (at) => `enp3s0-rxtx-${at}`), [0, 'enp3s0-event-4', 0]],
        nic: enp('vmxnet3', 4),
      },
      '40 41 42 43',
      '40 41 42 43',
    ],
    [
      'hinic: rx and tx in turn',
      { vectors: rows(8, (at) => `enp3s0_${at % 2 ? 'tx' : 'rx'}q${at >> 1}`), nic: enp('hinic', 4) },
      '40 42 44 46',
      '41 43 45 47',
    ],
    [
      'ice: two queues on a vector',
      { vectors: rows(4, (at) => `ice-enp3s0-TxRx-${2 * at}-${2 * at + 1}`), nic: enp('ice', 8) },
      '40 40 41 41 42 42 43 43',
      '40 40 41 41 42 42 43 43',
    ],
    [
      'be2net',
      { vectors: rows(4, (at) => `enp3s0-q${at}`), nic: enp('be2net', 4) },
      '40 41 42 43',
      '40 41 42 43',
    ],
    [
      'mlx5: more vectors than channels',
      { vectors: rows(8, (at) => `mlx5_comp${at}@pci:${PCI}`), nic: enp('mlx5_core', 4) },
      '40 41 42 43',
      '40 41 42 43',
      null,
    ],
    [
      'ena: freed vectors without a name',
      {
        vectors: [[0, `ena-mgmnt@pci:${PCI}`, 0], ...rows(2, (at) => `enp3s0-Tx-Rx-${at}`), [3, '', 5]],
        nic: enp('ena', 2),
      },
      '41 42',
      '41 42',
    ],
    [
      'nfp, with link and exception',
      {
        vectors: [[0, 'enp3s0-lsc', 0], [0, 'enp3s0-exn', 0], ...rows(2, (at) => `enp3s0-rxtx-${at}`)],
        nic: enp('nfp', 2),
      },
      '42 43',
      '42 43',
    ],
    [
      'enic',
      {
        vectors: [
          ...rows(2, (at) => `enp3s0-rx-${at}`),
          ...rows(2, (at) => `enp3s0-tx-${at}`),
          [0, 'enp3s0-err', 0],
          [0, 'enp3s0-notify', 0],
        ],
        nic: enp('enic', 2),
      },
      '40 41',
      '42 43',
    ],
    [
      'tg3: the first vector sends, the others receive from 1',
      { vectors: [[0, 'enp3s0-tx-0'], ...rows(2, (at) => `enp3s0-rx-${at + 1}`)], nic: enp('tg3', 2, 1) },
      '41 42',
      '40',
    ],
    [
      'thunderx: buffers and send queues have vectors of their own',
      {
        vectors: [
          ...rows(2, (at) => `enp3s0-rxtx-${at}`),
          ...rows(2, (at) => `enp3s0-sq-${at}`),
          [0, 'enp3s0-rbdr-0'],
          [0, 'enp3s0-qset-err', 0],
        ],
        nic: enp('thunder-nicvf', 2),
      },
      '40 41',
      '40 41',
    ],
    [
      'ionic: the admin queue first',
      {
        vectors: [[0, `ionic-${PCI}-L0-admi`, 0], ...rows(2, (at) => `ionic-enp3s0-L0-rx${at}`)],
        nic: enp('ionic', 2),
      },
      '41 42',
      '41 42',
    ],
    [
      'octeontx2, after its mailbox',
      {
        vectors: [[0, 'RVUPFAF Mbox', 0], ...rows(2, (at) => `enp3s0-rxtx-${at}`)],
        nic: enp('rvu_nicpf', 2),
      },
      '41 42',
      '41 42',
    ],
  ])('%s', async (_, of, rx, tx, alone = 'enp3s0') => {
    expect(mapped(await look(of))).toEqual({ name: 'enp3s0', rx, tx });
    // Names of more vectors than queues say nothing about which are in use.
    if (alone === null) return;
    const { nic: _nic, ...lines } = of;
    expect(mapped(await look(lines))).toEqual({ name: alone, rx, tx });
  });

  it.each<[string, Reported & { nic: NonNullable<Reported['nic']> }, string, string]>([
    [
      'mtk_soc_eth: tx, then rx, of the device’s name',
      {
        vectors: [
          [0, '15100000.ethernet'],
          [0, '15100000.ethernet'],
        ],
        nic: { name: 'eth0', driver: 'mtk_soc_eth', rx: 1, tx: 2, at: 'platform/soc/15100000.ethernet' },
      },
      '41',
      '40 40',
    ],
    [
      'fec: three of one name, which driver and file do not tell apart',
      {
        vectors: rows(3, () => '30be0000.ethernet'),
        nic: { name: 'eth0', driver: 'fec', rx: 3, tx: 3, at: 'platform/soc/30be0000.ethernet' },
      },
      '- - -',
      '- - -',
    ],
    [
      'ravb: best effort and network control',
      {
        vectors: ['ch22:multi', 'ch0:rx_be', 'ch1:rx_nc', 'ch18:tx_be', 'ch19:tx_nc'].map(
          (name) => [0, `e6800000.ethernet:${name}`] as const,
        ),
        nic: { name: 'eth0', driver: 'ravb', rx: 2, tx: 2, at: 'platform/soc/e6800000.ethernet' },
      },
      '41 42',
      '43 44',
    ],
    [
      'stmmac with a vector for each direction',
      {
        vectors: [[0, 'eth0:mac'], ...rows(2, (at) => `eth0:rx-${at}`), ...rows(2, (at) => `eth0:tx-${at}`)],
        nic: { name: 'eth0', driver: 'stmmac', rx: 2, tx: 2, at: 'platform/soc/15100000.ethernet' },
      },
      '41 42',
      '43 44',
    ],
    [
      'am65-cpsw: one rx, several tx',
      {
        vectors: [[0, '8000000.ethernet-rx0'], ...rows(2, (at) => `8000000.ethernet-tx${at}`)],
        nic: { name: 'eth0', driver: 'am65-cpsw-nuss', rx: 1, tx: 2, at: 'platform/soc/8000000.ethernet' },
      },
      '40',
      '41 42',
    ],
    [
      'ibmvnic, by the unit of its device',
      {
        vectors: [
          ...rows(2, (at) => `ibmvnic-30000002-rx${at}`),
          ...rows(2, (at) => `ibmvnic-30000002-tx${at}`),
        ],
        nic: { name: 'env2', driver: 'ibmvnic', rx: 2, tx: 2, at: 'vio/30000002' },
      },
      '40 41',
      '42 43',
    ],
  ])('of a device that is not on PCI: %s', async (_, of, rx, tx) => {
    const seen = await look({ ...of, chip: (vector) => `GICv3 ${200 + vector} Level` });
    expect(mapped(seen)).toEqual({ name: of.nic.name, rx, tx });
  });
});

const options = {
  ifaces: ['lan0'],
  ports: [],
  protocol: 'tcp',
  only: [],
  cpus: null,
  irqCpus: null,
  avoidCpus: [],
  smt: 'one',
  program: null,
} as const;

/** RX queues of each CPU, of those that have any. */
function perCpu({ nics }: Host): Readonly<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { rxQueues } of nics)
    for (const { cpus } of rxQueues) for (const cpu of cpus) counts[cpu] = (counts[cpu] ?? 0) + 1;
  return counts;
}

it('a NIC whose RSS reaches fewer queues than it has gets as many queues, not a table that it refuses', () => {
  const forty = nic({
    queues: 40,
    xps: true,
    rss: range(128).map((entry) => entry % 16),
    more: channels(40, 63),
  });
  const found = diagnose(viewOf(host({ cpus: 40, nics: [forty] })));
  expect(found.find(({ rule }) => rule === 'rss-table-incomplete')?.fix).toEqual([
    'ethtool -L eth0 combined 16',
  ]);
  expect(found.flatMap(({ fix }) => fix).some((command) => command.startsWith('ethtool -X'))).toBe(false);
});

it('TX interrupts that all share a CPU go to those of their RX queues, and XPS after them', async () => {
  const before = await look({
    vectors: [
      ...rows(4, (at) => `lan0-rx-${at}`),
      ...rows(
        4,
        (at) => `lan0-tx-${at}`,
        () => 7,
      ),
    ],
    nic: { name: 'lan0', driver: 'ibmvnic', rx: 4, tx: 4 },
  });
  const found = diagnose(viewOf(before));
  expect(found.map(({ rule, subject }) => `${subject} ${rule}`)).toEqual([
    'lan0 xps-not-on-irq-cpu',
    'lan0 tx irqs-share-cpu',
  ]);
  expect(found[1]?.message).toMatch(/^CPU 7 frees what tx-0 … tx-3 send, while the RX queues/);
  for (const after of [runFixes(before, found), applied(before, planTuning(viewOf(before), options))]) {
    expect(after.nics[0]?.txQueues.map(({ cpus, xpsCpus }) => [...cpus, ...(xpsCpus ?? [])])).toEqual(
      range(4).map((cpu) => [cpu, cpu]),
    );
    expect(diagnose(viewOf(after)).filter(({ fix }) => fix.length > 0)).toEqual([]);
  }
});

it('TX interrupts that are spread over other CPUs stay there', async () => {
  const before = await look({
    vectors: [
      ...rows(4, (at) => `lan0-rx-${at}`),
      ...rows(
        4,
        (at) => `lan0-tx-${at}`,
        (at) => 4 + at,
      ),
    ],
    nic: { name: 'lan0', driver: 'ibmvnic', rx: 4, tx: 4 },
  });
  expect(diagnose(viewOf(before)).map(({ rule }) => rule)).toEqual(['xps-not-on-irq-cpu']);
});

it('an IRQ of many TX queues is moved once, by findings and plan', async () => {
  const before = await look({
    cpus: range(4),
    vectors: [
      [0, '15100000.ethernet'],
      [0, '15100000.ethernet'],
    ],
    nic: { name: 'lan0', driver: 'mtk_soc_eth', rx: 1, tx: 16, at: 'platform/soc/15100000.ethernet' },
    chip: (vector) => `GICv3 ${200 + vector} Level`,
  });
  const { changes } = planTuning(viewOf(before), options);
  const subjects = changes.map(({ subject }) => subject);
  expect(new Set(subjects).size).toBe(subjects.length);
  expect(planTuning(viewOf(applied(before, { changes })), options).changes).toEqual([]);
});

describe('interrupts where they should not be', () => {
  const lan = (queues: number, node?: number) => ({
    name: 'lan0',
    driver: 'ixgbe',
    rx: queues,
    tx: queues,
    ...(node !== undefined && { node }),
  });
  const on = (...cpus: number[]) => cpus.map((cpu, at) => [cpu, `lan0-TxRx-${at}`] as const);
  const zeros = (queues: number) => Array<number>(queues).fill(0);

  it.each<[string, Reported, Readonly<Record<number, number>>]>([
    [
      '8 queues on CPU 0 of 4',
      { cpus: range(4), vectors: on(...zeros(8)), nic: lan(8) },
      { 0: 2, 1: 2, 2: 2, 3: 2 },
    ],
    [
      '16 queues on CPU 0 of 4',
      { cpus: range(4), vectors: on(...zeros(16)), nic: lan(16) },
      { 0: 4, 1: 4, 2: 4, 3: 4 },
    ],
    [
      '5 of 8 queues on CPU 0',
      { cpus: range(4), vectors: on(0, 1, 2, 3, 0, 0, 0, 0), nic: lan(8) },
      { 0: 2, 1: 2, 2: 2, 3: 2 },
    ],
    [
      '8 queues on CPU 0 of 32',
      { cpus: range(32), vectors: on(...zeros(8)), nic: lan(8) },
      Object.fromEntries(range(8).map((cpu) => [cpu, 1])),
    ],
    [
      '4 queues on one of two housekeeping CPUs',
      { vectors: on(0, 0, 0, 0), isolated: '2-7', nic: lan(4) },
      { 0: 2, 1: 2 },
    ],
    [
      'one of 8 queues delivered to an isolated CPU',
      { vectors: on(0, 1, 0, 1, 0, 1, 0, 7), isolated: '2-7', asked: { 47: '0-1' }, nic: lan(8) },
      { 0: 4, 1: 4 },
    ],
    [
      'CPUs of a POWER machine with SMT off',
      { cpus: [0, 8, 16, 24], vectors: on(8, 8, 8, 8), nic: lan(4) },
      { 0: 1, 8: 1, 16: 1, 24: 1 },
    ],
    [
      'two queues on the other node',
      { vectors: on(0, 1, 4, 4), nodes: ['0-3', '4-7'], nic: lan(4, 0) },
      { 0: 1, 1: 1, 2: 1, 3: 1 },
    ],
  ])(
    '%s: findings and plan spread them evenly, XPS goes along, and nothing is left',
    async (_, of, spread) => {
      const before = await look(of);
      const found = diagnose(viewOf(before));
      const fixed = runFixes(before, found);
      expect(perCpu(fixed)).toEqual(spread);
      const planned = applied(before, planTuning(viewOf(before), options));
      expect(perCpu(planned)).toEqual(spread);
      const isolated = new Set(before.machine.cpus.isolated);
      for (const after of [fixed, planned]) {
        expect(diagnose(viewOf(after)).filter(({ fix }) => fix.length > 0)).toEqual([]);
        for (const { txQueues } of after.nics)
          for (const { cpus, xpsCpus } of txQueues) {
            // Of several queues on one CPU, one is enough for what it sends.
            expect([[], cpus]).toContainEqual(xpsCpus);
            expect(xpsCpus?.some((cpu) => isolated.has(cpu))).toBe(false);
          }
      }
    },
  );

  it('says of an isolated CPU that most likely no vector was free elsewhere', async () => {
    const of = { vectors: on(0, 1, 0, 7), isolated: '2-7', asked: { 43: '0-1' }, nic: lan(4) };
    const found = diagnose(viewOf(await look(of)));
    const isolated = found.find(({ rule }) => rule === 'irq-on-isolated-cpu');
    expect(isolated?.message).toMatch(/irq 43 on CPU 7 .*most likely no vector was free there.*ethtool -L/);
    expect(found.some(({ rule }) => rule === 'irq-affinity-not-effective')).toBe(false);
  });

  it('reads grepped lines without the line of CPUs, and says that their columns are numbered', async () => {
    const host = await look({ vectors: on(0, 0, 0, 0), header: false });
    expect(host.notes).toContainEqual(expect.stringContaining('has no header'));
    const [found] = diagnose(viewOf(host));
    expect(found).toMatchObject({ rule: 'irqs-share-cpu', subject: 'lan0' });
  });

  it('keeps RPS of a single queue off isolated CPUs, and writes masks of many CPUs in groups', async () => {
    const one = (cpus: number, isolated: string) =>
      look({ cpus: range(cpus), isolated, vectors: on(0), nic: { ...lan(1), driver: 'e1000e' } });
    const fix = async (cpus: number, isolated: string) =>
      diagnose(viewOf(await one(cpus, isolated))).find(({ rule }) => rule === 'single-queue')?.fix;
    expect(await fix(8, '2-7')).toEqual(['echo 3 > /sys/class/net/lan0/queues/rx-0/rps_cpus']);
    expect(await fix(56, '')).toEqual(['echo ffffff,ffffffff > /sys/class/net/lan0/queues/rx-0/rps_cpus']);
  });

  it('finds the CPU that two busy queues of different NICs share', async () => {
    const queues = (name: string, hot: number, first: number) =>
      range(8).map((at) => [(first + at) % 8, `${name}-TxRx-${at}`, at === hot ? 10 : 2] as const);
    const host = await look({
      vectors: [...queues('eth2', 6, 0), ...queues('eth3', 0, 6)],
      chip: (at) => `PCI-MSI ${((at < 8 ? 3 : 4) << 19) + (at % 8)}-edge`,
    });
    const found = diagnose(viewOf(host));
    expect(found.map(({ rule, subject }) => `${subject} ${rule}`)).toEqual([
      'CPU 6 cpu-load-uneven',
      'eth2 queue-load-uneven',
      'eth3 queue-load-uneven',
    ]);
    expect(found[0]?.message).toContain('eth2 rx-6, eth3 rx-0');
    expect(found[0]?.fix).toHaveLength(2);
  });
});
