import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Interface } from '../../src/host/interfaces.ts';
import { parseInterrupts } from '../../src/host/interrupts.ts';
import type { IrqQuestion } from '../../src/host/irq-claims.ts';
import { findNicIrqs } from '../../src/host/irq-queues.ts';
import { tabulate } from '../../src/host/irq-table.ts';

const device = '0000:01:00.0';

/** Interrupts 10, 11, … of these names, raised by `device`. */
const interrupts = (...names: string[]) =>
  tabulate(
    parseInterrupts(
      [' CPU0', ...names.map((name, i) => ` ${10 + i}: 1 PCI-MSIX-${device} ${i}-edge      ${name}`)].join(
        '\n',
      ),
    ),
  );

const nic = (
  facts: Partial<Interface> & { rx?: number; tx?: number } & Partial<IrqQuestion> = {},
): IrqQuestion => ({
  interface: {
    name: facts.name ?? 'eth0',
    index: 2,
    lowers: [],
    virtual: facts.virtual ?? false,
    driver: facts.driver ?? null,
    pci: facts.pci === undefined ? device : facts.pci,
    virtio: facts.virtio ?? null,
    platform: facts.platform ?? null,
    device: null,
  },
  msiIrqs: facts.msiIrqs ?? [],
  neighbours: facts.neighbours ?? [],
  queues: { rx: facts.rx ?? null, tx: facts.tx ?? facts.rx ?? null },
  netdev: facts.netdev ?? null,
});

/** `irq role queues`, for each IRQ. */
const served = (question: IrqQuestion, table: ReturnType<typeof interrupts>) =>
  findNicIrqs(question, table).irqs.map(({ irq, role, queues }) => [irq, role, queues]);

const names = (count: number, form: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => form(i));

describe('IRQs of a NIC by name', () => {
  it('takes the bare name for the link if queues have their own', () => {
    expect(served(nic({ rx: 2 }), interrupts('eth0', 'eth0-TxRx-0', 'eth0-TxRx-1'))).toEqual([
      [10, 'other', []],
      [11, 'rxtx', [0]],
      [12, 'rxtx', [1]],
    ]);
  });

  it('gives a lone IRQ every queue', () => {
    expect(served(nic({ rx: 1 }), interrupts('eth0'))).toEqual([[10, 'rxtx', [0]]]);
    expect(served(nic({ rx: 4 }), interrupts('eth7'))).toEqual([[10, 'rxtx', [0, 1, 2, 3]]]);
    expect(served(nic({ rx: 4 }), interrupts('eth0-exn'))).toEqual([[10, 'other', []]]);
    expect(
      served(nic({ rx: 2, virtio: 'virtio2' }), interrupts('virtio2-config', 'virtio2-virtqueues')),
    ).toEqual([
      [10, 'other', []],
      [11, 'rxtx', [0, 1]],
    ]);
  });

  it('reads a name that lacks the number only on the device itself', () => {
    const table = interrupts('virtio3-config', 'virtio3-input', 'virtio3-output');
    expect(served(nic({ rx: 1, virtio: 'virtio3' }), table)).toEqual([
      [10, 'other', []],
      [11, 'rx', [0]],
      [12, 'tx', [0]],
    ]);
  });

  it('does not count vectors of channels that are gone', () => {
    const table = interrupts(`mlx5_async0@pci:${device}`, ...names(8, (i) => `mlx5_comp${i}@pci:${device}`));
    const { irqs, rx } = findNicIrqs(nic({ rx: 2, driver: 'mlx5_core' }), table);
    expect(irqs.filter(({ role }) => role === 'rxtx').map(({ irq }) => irq)).toEqual([11, 12]);
    expect([...rx]).toEqual([
      [0, 11],
      [1, 12],
    ]);
  });

  it('follows mlx5 through its traffic classes', () => {
    const table = interrupts(...names(2, (i) => `mlx5_comp${i}@pci:${device}`));
    const { tx, notes } = findNicIrqs(nic({ rx: 2, tx: 6, driver: 'mlx5_core' }), table);
    expect(names(6, (queue) => `${tx.get(queue)}`)).toEqual(['10', '11', '10', '11', '10', '11']);
    expect(notes).toEqual([]);
  });

  it('halves the blocks of gve: TX first', () => {
    const table = interrupts(...names(8, (i) => `gve-ntfy-blk${i}@pci:${device}`), `gve-mgmnt@pci:${device}`);
    const { rx, tx } = findNicIrqs(nic({ rx: 2, tx: 3, driver: 'gve' }), table);
    expect([...rx.values(), ...tx.values()]).toEqual([14, 15, 10, 11, 12]);
  });

  it('takes a vector that names two queues', () => {
    const table = interrupts('ice-eth0-TxRx-0-1', 'ice-eth0-TxRx-2-3', `ice-${device}:misc`);
    expect(served(nic({ rx: 4, driver: 'ice' }), table)).toEqual([
      [10, 'rxtx', [0, 1]],
      [11, 'rxtx', [2, 3]],
      [12, 'other', []],
    ]);
  });

  it('counts from 1 where the driver does', () => {
    const table = interrupts('eth0-tx-0', 'eth0-rx-1', 'eth0-rx-2');
    for (const driver of ['tg3', null]) {
      const { rx, tx } = findNicIrqs(nic({ rx: 2, tx: 1, driver }), table);
      expect([rx.get(0), rx.get(1), tx.get(0)]).toEqual([11, 12, 10]);
    }
  });

  it('says that it is not known if there are fewer vectors than queues', () => {
    const { irqs, rx, notes } = findNicIrqs(
      nic({ rx: 4 }),
      interrupts('i40e-eth0-TxRx-0', 'i40e-eth0-TxRx-1'),
    );
    expect(irqs.map(({ role, queues }) => [role, queues])).toEqual([
      ['rxtx', []],
      ['rxtx', []],
    ]);
    expect(rx.size).toBe(0);
    expect(notes).toEqual([
      '2 IRQs for 4 rx queues: the IRQ of each queue is not known, neither from the kernel nor from the names',
    ]);
  });

  it('uses sfc-like numbers only if there is no clearer name', () => {
    expect(served(nic({ rx: 2 }), interrupts('eth0-0', 'eth0-1'))).toEqual([
      [10, 'rxtx', [0]],
      [11, 'rxtx', [1]],
    ]);
    expect(served(nic({ rx: 1, driver: 'tg3' }), interrupts('eth0-0', 'eth0-txrx-1'))).toEqual([
      [10, 'other', []],
      [11, 'rxtx', [0]],
    ]);
  });
});

/** IRQs of these names and of as many interrupts, of a device that is not on PCI. */
const lines = (...taken: readonly (readonly [name: string, count: number])[]) =>
  tabulate(
    parseInterrupts(
      [' CPU0', ...taken.map(([name, n], i) => ` ${10 + i}: ${n} GICv3 ${200 + i} Level      ${name}`)].join(
        '\n',
      ),
    ),
  );

/** [queue, IRQ] of both kinds. */
const places = (question: IrqQuestion, table: ReturnType<typeof interrupts>) => {
  const { rx, tx, notes } = findNicIrqs(question, table);
  return { rx: [...rx], tx: [...tx], notes };
};

describe('vectors that all have one name', () => {
  const bare = (count: number) => interrupts(...names(count, () => 'eth0'));
  const inOrder = (count: number) => names(count, String).map((_, i) => [i, 10 + i]);

  it.each(['atlantic', 'macb'])('%s: in order, then link and PTP', (driver) => {
    expect(places(nic({ rx: 4, driver }), bare(7))).toEqual({ rx: inOrder(4), tx: inOrder(4), notes: [] });
  });

  it('mvpp2: rx in order, tx by the sending CPU; its last vector with one rx queue', () => {
    const many = places(nic({ rx: 4, tx: 8, driver: 'mvpp2' }), bare(4));
    expect([many.rx, many.tx]).toEqual([inOrder(4), []]);
    expect(many.notes).toEqual([expect.stringContaining('a tx queue has no IRQ of its own')]);
    expect(places(nic({ rx: 1, tx: 8, driver: 'mvpp2' }), bare(5)).rx).toEqual([[0, 14]]);
  });

  it('bcmgenet: the default queue, then the others', () => {
    const { rx, tx } = places(nic({ rx: 1, tx: 5, driver: 'bcmgenet' }), bare(2));
    expect([rx, tx]).toEqual([
      [[0, 10]],
      [
        [0, 10],
        [1, 11],
        [2, 11],
        [3, 11],
        [4, 11],
      ],
    ]);
  });

  it('a device tree’s: mtk has tx, then rx; those of others are not known', () => {
    const platform = '15100000.ethernet';
    const table = lines([platform, 5], [platform, 7]);
    const soc = { pci: null, platform };
    expect(places(nic({ ...soc, rx: 1, tx: 2, driver: 'mtk_soc_eth' }), table)).toEqual({
      rx: [[0, 11]],
      tx: [
        [0, 10],
        [1, 10],
      ],
      notes: [],
    });
    const fec = findNicIrqs(nic({ ...soc, rx: 3, tx: 3, driver: 'fec' }), table);
    expect([fec.rx.size, fec.tx.size]).toEqual([0, 0]);
    expect(fec.irqs.map(({ role, queues }) => [role, queues])).toEqual([
      ['rxtx', []],
      ['rxtx', []],
    ]);
    expect(fec.notes).toEqual([
      '2 IRQs of its device are called 15100000.ethernet, which does not say what it serves: which IRQ serves which queue is not known',
    ]);
    // One queue, and one IRQ that ever fired.
    const silent = lines([platform, 0], [platform, 7]);
    expect(places(nic({ ...soc, rx: 1, driver: 'fec' }), silent).rx).toEqual([[0, 11]]);
    // One IRQ for all.
    expect(places(nic({ ...soc, rx: 4, driver: 'fec' }), lines([platform, 0])).rx).toHaveLength(4);
  });

  it('of a driver that is not known: no answer, and never all queues on one', () => {
    const { rx, tx, notes } = places(nic({ rx: 4, driver: 'novel' }), bare(6));
    expect([rx, tx, notes.length]).toEqual([[], [], 1]);
  });

  it('beside names of no known form: no answer', () => {
    const table = interrupts(device, 'novel-a', 'novel-b', 'novel-c', 'novel-d');
    const { irqs, rx, notes } = findNicIrqs(nic({ rx: 4, driver: 'novel' }), table);
    expect([rx.size, irqs.length]).toEqual([0, 5]);
    expect(notes).toEqual([
      `5 IRQs of its device are called ${device}, novel-a, novel-b, …, which does not say what it serves: which IRQ serves which queue is not known`,
    ]);
  });

  it('of a file of interrupts alone: the first that fired are assumed to be queues', () => {
    const file = (chip: string, ...counts: number[]) =>
      tabulate(
        parseInterrupts(
          [' CPU0', ...counts.map((n, i) => ` ${10 + i}: ${n} ${chip.replace('#', `${i}`)}      eth0`)].join(
            '\n',
          ),
        ),
      );
    const onMsi = places(nic({ pci: device }), file(`PCI-MSIX-${device} #-edge`, 9e6, 8e6, 7e6, 17, 0));
    expect([onMsi.rx, onMsi.tx]).toEqual([inOrder(3), inOrder(3)]);
    expect(onMsi.notes).toEqual([expect.stringMatching(/^the names of its 5 IRQs are identical: .*assumed/)]);
    const soc = places(nic({ pci: null }), file('GICv2 10# Level', 5e6, 5e6, 5e6, 5e6));
    expect([soc.rx, soc.tx]).toEqual([inOrder(4), []]);
    // Two could be bcmgenet's.
    const two = places(nic({ pci: null }), file('GICv2 10# Level', 5e6, 5e6));
    expect([two.rx, two.notes.length]).toEqual([[], 1]);
  });
});

describe('cxgb4, hinic, al_eth, ibmvnic, qlcnic', () => {
  it('cxgb4: never the error vector', () => {
    const table = interrupts(device, `${device}-FWeventq`, ...names(4, (i) => `eth0 (queue ${i})`));
    expect(places(nic({ rx: 4, driver: 'cxgb4' }), table).rx).toEqual([
      [0, 12],
      [1, 13],
      [2, 14],
      [3, 15],
    ]);
  });

  it('ibmvnic: by the unit of its device', () => {
    const table = lines(
      ['ibmvnic-30000002-rx0', 1],
      ['ibmvnic-30000002-rx1', 1],
      ['ibmvnic-30000003-rx0', 1],
    );
    const { rx } = places(nic({ name: 'env2', pci: null, platform: '30000002', rx: 2 }), table);
    expect(rx).toEqual([
      [0, 10],
      [1, 11],
    ]);
  });

  it('ionic: a TX queue shares the IRQ of its RX queue, unless it has its own', () => {
    const rx = names(2, (i) => `ionic-eth0-L0-rx${i}`);
    const tx = names(2, (i) => `ionic-eth0-L0-tx${i}`);
    const admin = `ionic-${device}-L0-admi`;
    const both = [
      [0, 11],
      [1, 12],
    ];
    const shared = places(nic({ rx: 2, driver: 'ionic' }), interrupts(admin, ...rx));
    expect([shared.rx, shared.tx]).toEqual([both, both]);
    const split = places(nic({ rx: 2, driver: 'ionic' }), interrupts(admin, ...rx, ...tx));
    expect([split.rx.map(([, irq]) => irq), split.tx.map(([, irq]) => irq)]).toEqual([
      [11, 12],
      [13, 14],
    ]);
  });

  it('dpaa2: its own IRQ is the link’s', () => {
    const found = places(
      nic({ pci: null, platform: 'dpni.1', rx: 4, driver: 'fsl_dpaa2_eth' }),
      lines(['dpni.1', 5], ['dpio.0', 9e6]),
    );
    expect([found.rx, found.tx]).toEqual([[], []]);
    expect(found.notes).toEqual([expect.stringContaining('DPIO')]);
  });

  it('qlcnic: the last vector has the TX queue too', () => {
    const table = interrupts('eth0-rx-0', 'eth0-rx-1', 'eth0-tx-0-rx-2');
    const { rx, tx } = places(nic({ rx: 3, tx: 1, driver: 'qlcnic' }), table);
    expect([rx.map(([, irq]) => irq), tx]).toEqual([[10, 11, 12], [[0, 12]]]);
  });
});

describe('r8125: numbers of vectors', () => {
  /** 32 vectors, of which these have fired. */
  const fired = (...numbers: number[]) =>
    lines(...Array.from({ length: 32 }, (_, i) => [`eth0-${i}`, Number(numbers.includes(i))] as const));
  const of = (facts: { rx?: number; tx?: number; driver: string | null }, ...numbers: number[]) =>
    places(nic({ pci: null, ...facts }), fired(...numbers));
  const r8125 = { rx: 3, tx: 2, driver: 'r8125' };

  it.each([
    ['RTL8125B', r8125, [0, 1, 2, 16, 18, 21], [26, 28]],
    ['RTL8125BP', r8125, [0, 1, 2, 16, 17, 21], [26, 27]],
    ['RTL8125D', r8125, [0, 1, 2, 27, 28, 29], [37, 38]],
    ['RTL8126', { rx: 4, tx: 2, driver: 'r8126' }, [0, 1, 2, 3, 29], [10, 11]],
    ['one TX queue, whichever of two chips', { rx: 1, tx: 1, driver: 'r8125' }, [0, 16, 21], [26]],
  ])('%s', (_, facts, numbers, irqs) => {
    const { rx, tx, notes } = of(facts, ...numbers);
    expect(rx.map(([, irq]) => irq)).toEqual(names(facts.rx, String).map((_, i) => 10 + i));
    expect(tx.map(([, irq]) => irq)).toEqual(irqs);
    expect(notes).toEqual([]);
  });

  it.each([
    ['nothing has fired', []],
    ['the second TX queue has not, of two chips', [0, 1, 2, 16, 21]],
    ['one that no chip has', [0, 1, 2, 16, 18, 25]],
  ])('TX is not known where %s', (_, numbers) => {
    const { rx, tx, notes } = of(r8125, ...numbers);
    expect([rx.length, tx.length]).toEqual([3, 0]);
    expect(notes).toEqual([expect.stringContaining('the IRQ of a tx queue is not known')]);
  });

  it('of a file of interrupts alone: an RTL8125B shows, anything else with gaps is not known', () => {
    const b = of({ driver: null }, 0, 1, 2, 16, 18, 21);
    expect([b.rx.length, b.tx.map(([, irq]) => irq)]).toEqual([3, [26, 28]]);
    expect(b.notes).toHaveLength(1);
    const other = of({ driver: null }, 0, 1, 5, 16);
    expect([other.rx, other.tx, other.notes.length]).toEqual([[], [], 1]);
  });

  it('another driver with more vectors than queues: not known; sfc numbers queues', () => {
    const { rx, notes } = of({ rx: 3, tx: 2, driver: 'novel' }, 0, 1, 2);
    expect([rx, notes]).toEqual([
      [],
      [
        '32 IRQs called eth0-0 and so on for 3 rx and 2 tx queues: the numbers are those of vectors, and which IRQ serves which queue is not known',
      ],
    ]);
    expect(of({ rx: 3, tx: 3, driver: 'sfc' }, 0).rx).toHaveLength(3);
  });
});

describe('the set of IRQs', () => {
  const table = interrupts('eth9-TxRx-0', 'eth9-TxRx-1');

  it('is the device’s own, whatever a rename has left in the names', () => {
    expect(served(nic({ rx: 2 }), table)).toEqual([
      [10, 'rxtx', [0]],
      [11, 'rxtx', [1]],
    ]);
    expect(findNicIrqs(nic({ rx: 2 }), table).irqs[0]?.source).toBe('hwirq');
    expect(findNicIrqs(nic({ rx: 2, msiIrqs: [10, 11, 99] }), table).irqs[0]?.source).toBe('msi_irqs');
  });

  it('without a device is of the whole name, never of a longer one', () => {
    const text = ['eth1-TxRx-0', 'eth10-TxRx-0', 'virtio1-input.0', 'virtio10-input.0']
      .map((name, i) => ` ${10 + i}: 1 PCI-MSI-edge      ${name}`)
      .join('\n');
    const byName = tabulate(parseInterrupts(` CPU0\n${text}`));
    expect(served(nic({ name: 'eth1', pci: null }), byName)).toEqual([[10, 'rxtx', [0]]]);
    expect(served(nic({ name: 'ens4', pci: null, virtio: 'virtio10' }), byName)).toEqual([[13, 'rx', [0]]]);
    expect(findNicIrqs(nic({ name: 'eth10', pci: null }), byName).irqs[0]?.source).toBe('name');
  });

  it('is empty for a virtual interface: a container’s eth9 is not the host’s', () => {
    expect(served(nic({ name: 'eth9', pci: null, virtual: true }), table)).toEqual([]);
  });

  it('is divided by name between the ports of one PCI function', () => {
    const ports = interrupts('eth0-Rx0', 'eth0-Rx1', 'eth1-Rx0', 'eth1-Rx1');
    expect(served(nic({ rx: 2, neighbours: ['eth1'] }), ports).map(([irq]) => irq)).toEqual([10, 11]);
  });

  it('uses the kernel’s answer where there is one, and names for the rest', () => {
    const netdev = [
      { id: 0, type: 'rx', napiId: 8193, irq: 11, pid: null },
      { id: 1, type: 'rx', napiId: 8194, irq: 10, pid: null },
      { id: 0, type: 'tx', napiId: null, irq: null, pid: null },
      { id: 1, type: 'tx', napiId: null, irq: null, pid: null },
    ] as const;
    const { rx, tx, irqs } = findNicIrqs(nic({ rx: 2, netdev }), table);
    expect([rx.get(0), rx.get(1), tx.get(0), tx.get(1)]).toEqual([11, 10, 10, 11]);
    expect(irqs.map(({ source }) => source)).toEqual(['netdev', 'netdev']);
  });
});

it('never names a queue or an IRQ that is not there, whatever the names', () => {
  const forms = [
    'eth0',
    'eth0-TxRx-#',
    'eth0-#',
    'gve-ntfy-blk#@pci:0000:01:00.0',
    'ice-eth0-TxRx-#-#',
    'virtio1-input',
    'eth0 (queue #)',
    'eth0-tx-#-rx-#',
    '0000:01:00.0',
  ];
  const name = fc.tuple(fc.oneof(fc.constantFrom(...forms), fc.string()), fc.nat(9));
  const drivers = fc.constantFrom(
    ...[null, 'tg3', 'mlx5_core', 'mlx4_core', 'r8125', 'atlantic', 'mvpp2', 'bcmgenet', 'mtk_soc_eth'],
  );
  fc.assert(
    fc.property(fc.array(name), fc.nat(8), fc.nat(8), drivers, (list, rxCount, txCount, driver) => {
      const table = interrupts(...list.map(([form, n]) => form.replaceAll('#', String(n))));
      const { irqs, rx, tx } = findNicIrqs(nic({ rx: rxCount, tx: txCount, driver }), table);
      const known = new Set(irqs.map(({ irq }) => irq));
      expect([...rx].every(([queue, irq]) => queue < rxCount && known.has(irq))).toBe(true);
      expect([...tx].every(([queue, irq]) => queue < txCount && known.has(irq))).toBe(true);
    }),
  );
});
