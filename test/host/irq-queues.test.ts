import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Interface } from '../../src/host/interfaces.ts';
import { parseInterrupts } from '../../src/host/interrupts.ts';
import { findNicIrqs, type IrqQuestion } from '../../src/host/irq-queues.ts';
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
  it('leaves the bare name to the link where queues have their own', () => {
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

  it('says that it does not know when vectors are fewer than queues', () => {
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
      '2 IRQs for 4 rx queues: neither the kernel nor the names tell which IRQ serves which queue',
    ]);
  });

  it('keeps to sfc-like numbers only where no clearer name stands', () => {
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

  it('follows the kernel where it tells, and the names for the rest', () => {
    const netdev = [
      { id: 0, type: 'rx', napiId: 8193, irq: 11 },
      { id: 1, type: 'rx', napiId: 8194, irq: 10 },
      { id: 0, type: 'tx', napiId: null, irq: null },
      { id: 1, type: 'tx', napiId: null, irq: null },
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
  ];
  const name = fc.tuple(fc.oneof(fc.constantFrom(...forms), fc.string()), fc.nat(9));
  const drivers = fc.constantFrom(null, 'tg3', 'mlx5_core', 'mlx4_core');
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
