import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readInterrupts } from '../../src/host/interrupts.ts';
import { listInterfaces, readNics } from '../../src/host/nics.ts';
import { readMachine } from '../../src/host/topology.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import type { System } from '../../src/system/types.ts';
import { writeSyntheticTree } from '../fixtures/synthetic-tree.ts';
import { treeMaker } from '../fixtures/tree-of.ts';

async function read(system: System, only?: readonly string[]) {
  const interrupts = readInterrupts(system.files);
  const machine = await readMachine(system, interrupts);
  const nics = await readNics(system, machine, interrupts, only);
  const nic = (name: string) => nics.find((one) => one.name === name) ?? expect.fail(`no ${name}`);
  return { machine, interrupts, nics, nic };
}

const tree = (name: string): System => ({
  files: openFiles(`${import.meta.dirname}/../fixtures/trees/${name}`),
  kernel: null,
});

const treeOf = treeMaker();

/** [queue, irq, cpus] of each RX queue. */
const rx = (nic: Awaited<ReturnType<typeof readNics>>[number]) =>
  nic.rxQueues.map(({ index, irq, cpus }) => [index, irq, ...cpus]);
const roles = (nic: Awaited<ReturnType<typeof readNics>>[number]) =>
  nic.irqs.map(({ role }) => role).join(' ');
const repeat = (count: number, role: string) => Array.from({ length: count }, () => role).join(' ');

describe('NICs of a captured tree', () => {
  it('ena on Arm: the ITS numbers lead to the device', async () => {
    const { nics, nic } = await read(tree('ena-arm'));
    expect(nics).toHaveLength(1);
    expect(nic('eth0')).toMatchObject({ driver: 'ena', busInfo: '0000:00:05.0', numaNode: -1, state: 'up' });
    expect(roles(nic('eth0'))).toBe('other rxtx rxtx rxtx rxtx');
    expect(rx(nic('eth0'))).toEqual([0, 1, 2, 3].map((queue) => [queue, 31 + queue, queue]));
    expect(nic('eth0').irqs[2]).toMatchObject({ name: 'eth0-Tx-Rx-1', counts: [0, 104736, 0, 0] });
  });

  it('mlx5 below a bond below a VLAN: ports, and vectors without a channel', async () => {
    const { nics, nic } = await read(tree('mlx5-bond'));
    expect(nics.map(({ name, lowerDevices }) => [name, ...lowerDevices])).toEqual([
      ['ens1f0np0'],
      ['ens1f1np1'],
      ['bond0', 'ens1f0np0', 'ens1f1np1'],
      ['bond0.100', 'ens1f0np0', 'ens1f1np1'],
    ]);
    expect(nics.map(({ standby }) => standby)).toEqual([false, true, false, false]);
    expect(roles(nic('ens1f0np0'))).toBe(`other ${repeat(16, 'rxtx')}`);
    expect(roles(nic('ens1f1np1'))).toBe(`other rxtx rxtx ${repeat(14, 'other')}`);
    expect(nic('ens1f1np1').txQueues).toMatchObject([
      { irq: 121, cpus: [0], xpsCpus: [0] },
      { irq: 122, cpus: [1], xpsCpus: [1] },
    ]);
    expect(nic('bond0').irqs).toEqual([]);
    const { nics: named } = await read(tree('mlx5-bond'), ['bond0.100', 'ens1f9']);
    expect(named.map(({ name }) => name)).toEqual(['ens1f0np0', 'ens1f1np1', 'bond0.100']);
  });

  it('ixgbe renamed, on CPUs with holes', async () => {
    const { machine, nic } = await read(tree('ixgbe-offline'));
    expect(machine.cpus.online).toEqual([0, 1, 2, 4, 5, 6, 8, 9]);
    expect(rx(nic('enp94s0f0'))).toEqual(machine.cpus.online.map((cpu, queue) => [queue, 42 + queue, cpu]));
    expect(nic('enp94s0f0').irqs.find(({ irq }) => irq === 46)?.counts).toEqual([0, 0, 0, 0, 220, 0, 0, 0]);
  });

  it.each([
    ['i40e', 'ens3f0', `other ${repeat(4, 'rxtx')} other`, [71, 72, 73, 74]],
    ['bnxt', 'eth0', repeat(4, 'rxtx'), [80, 81, 82, 83]],
    ['virtio', 'eth0', `other ${repeat(4, 'rx tx')}`, [29, 31, 33, 35]],
    ['e1000e-single', 'eth0', 'rx tx other', [24]],
  ])('%s', async (name, port, expected, irqs) => {
    const { nic } = await read(tree(name));
    expect(roles(nic(port))).toBe(expected);
    expect(nic(port).rxQueues.map(({ irq }) => irq)).toEqual(irqs);
    expect(nic(port).irqs.every(({ source }) => source === 'msi_irqs')).toBe(true);
  });

  it('e1000e has no XPS to set', async () => {
    const { nic } = await read(tree('e1000e-single'));
    expect(nic('eth0').txQueues).toMatchObject([{ irq: 25, cpus: [1], xpsCpus: null, xpsRxqs: [] }]);
  });

  it('igb as its driver leaves it: anywhere allowed, delivered one off, XPS empty', async () => {
    const { nic } = await read(tree('igb-bad'));
    expect(rx(nic('eth0'))).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((queue) => [queue, 41 + queue, (queue + 1) % 8]),
    );
    expect(nic('eth0').irqs[1]).toMatchObject({ affinity: [0, 1, 2, 3, 4, 5, 6, 7], effective: [1] });
    expect(nic('eth0').txQueues.every(({ xpsCpus }) => xpsCpus?.length === 0)).toBe(true);
  });

  it('/proc/interrupts alone: NICs, queues, and the CPUs that really took their interrupts', async () => {
    const system = tree('interrupts-only');
    const { machine, interrupts, nics, nic } = await read(system);
    const names = ['0000:00:04.0', 'e61b:00:02.0', 'virtio1', 'eth1', 'eth10'];
    expect(nics.map(({ name }) => name)).toEqual(names);
    expect(listInterfaces(system, interrupts)).toEqual(names);
    expect(nics.map(({ driver }) => driver)).toEqual(['gve', 'mlx5_core', 'virtio_net', null, null]);
    expect(nics.map(({ busInfo }) => busInfo)).toContain('0000:01:00.0');
    expect(machine).toMatchObject({ hostname: null, distro: null, cpus: { online: [0, 1, 2, 3], numa: [] } });
    expect(rx(nic('0000:00:04.0'))).toEqual([
      [0, 32, 0],
      [1, 33, 1],
    ]);
    expect(nic('0000:00:04.0').txQueues.map(({ cpus }) => cpus)).toEqual([[2], [3]]);
    expect(nic('eth1').rxQueues).toMatchObject([
      { irq: 60, cpus: [1], cpusSource: 'counts', rps: null },
      { irq: 61, cpus: [2], cpusSource: 'counts', rps: null },
    ]);
    expect(rx(nic('eth10'))).toEqual([[0, 63, 0, 3]]);
  });

  it('a pod’s veth has neither IRQ nor RSS, and says so', async () => {
    const at = (name: string, iflink: string, uevent: string) => ({
      [`sys/class/net/${name}`]: `-> ../../devices/virtual/net/${name}`,
      [`sys/devices/virtual/net/${name}/ifindex`]: '2',
      [`sys/devices/virtual/net/${name}/iflink`]: iflink,
      [`sys/devices/virtual/net/${name}/uevent`]: `INTERFACE=${name}${uevent}`,
      [`sys/devices/virtual/net/${name}/queues/rx-0/`]: '',
    });
    const { nic } = await read(
      treeOf({
        ...at('eth0', '11', ''),
        ...at('mac0', '11', '\nDEVTYPE=macvlan'),
        ...at('br0', '2', ''),
        ...at('gre0', '0', ''),
        'sys/devices/virtual/net/gre0/type': '778',
        ...at('vx0', '0', '\nDEVTYPE=vxlan'),
        [`sys/devices/virtual/net/bond0/bonding/`]: '',
        'sys/class/net/bond0': '-> ../../devices/virtual/net/bond0',
      }),
    );
    expect(nic('eth0')).toMatchObject({
      driver: 'veth',
      irqs: [],
      notes: [
        'a veth has no IRQ and no RSS: packets are received on the CPU that sends them, or where rps_cpus says',
      ],
    });
    expect(['mac0', 'br0', 'gre0', 'vx0', 'bond0'].map((name) => nic(name).driver)).toEqual([
      'macvlan',
      null,
      'gre',
      'vxlan',
      'bonding',
    ]);
    expect(nic('mac0').notes).toEqual([
      'a macvlan has no IRQ and no RSS: packets are received where the device below it receives them, which is in ' +
        'another network namespace, or where rps_cpus says',
    ]);
  });

  it('lo is read if RPS moves its packets', async () => {
    const lo = (rps: string) =>
      treeOf({
        'sys/class/net/lo': '-> ../../devices/virtual/net/lo',
        'sys/devices/virtual/net/lo/queues/rx-0/rps_cpus': rps,
        'sys/devices/virtual/net/lo/queues/rx-0/rps_flow_cnt': '0',
      });
    expect((await read(lo('0'))).nics).toEqual([]);
    expect((await read(lo('2'))).nics).toMatchObject([{ name: 'lo', rxQueues: [{ rps: [1], rfsFlows: 0 }] }]);
  });

  it('an empty tree has no NICs', async () => {
    expect((await read(treeOf({}))).nics).toEqual([]);
  });

  it('hv_netvsc has VMBus channels instead of IRQs', async () => {
    const device = 'sys/devices/LNXSYSTM:00/VMBUS:00/7ad35d50';
    const { nic } = await read(
      treeOf({
        'sys/devices/system/cpu/online': '0-3',
        'sys/class/net/eth0': `-> ../../../${device}/net/eth0`,
        [`${device}/net/eth0/device`]: '-> ../..',
        [`${device}/driver`]: '-> ../../../../bus/vmbus/drivers/hv_netvsc',
        [`${device}/net/eth0/queues/rx-0/`]: '',
        [`${device}/net/eth0/queues/rx-1/`]: '',
        [`${device}/channels/21/cpu`]: '3',
        [`${device}/channels/21/subchannel_id`]: '0',
        [`${device}/channels/24/cpu`]: '1',
        [`${device}/channels/24/subchannel_id`]: '1',
      }),
    );
    expect(nic('eth0')).toMatchObject({ driver: 'hv_netvsc', irqs: [] });
    expect(rx(nic('eth0'))).toEqual([
      [0, null, 3],
      [1, null, 1],
    ]);
  });

  it('a stray interrupt of boot is no second CPU', async () => {
    const counted = async (...counts: number[]) => {
      const line = ` 9: ${counts.join(' ')} PCI-MSI 4096-edge      eth0-TxRx-0`;
      const { nic } = await read(treeOf({ 'proc/interrupts': `  CPU0 CPU1 CPU2\n${line}` }));
      return nic('eth0').rxQueues[0]?.cpus;
    };
    expect(await counted(0, 41202110, 1)).toEqual([1]);
    expect(await counted(0, 41202110, 41202)).toEqual([1, 2]);
    expect(await counted(1, 0, 1)).toEqual([0, 2]);
    expect(await counted(0, 0, 0)).toEqual([]);
  });

  it('names in /proc/irq where /proc/interrupts is hidden', async () => {
    const { nic } = await read(
      treeOf({
        'sys/devices/system/cpu/online': '0-1',
        'proc/irq/50/eth0-TxRx-0/': '',
        'proc/irq/50/smp_affinity_list': '0-1',
        'proc/irq/51/eth0-TxRx-1/': '',
        'proc/irq/51/smp_affinity_list': '1',
        'proc/irq/51/effective_affinity_list': '',
      }),
    );
    expect(nic('eth0').irqs).toMatchObject([
      { irq: 50, queues: [0], counts: [], source: 'proc_irq' },
      { irq: 51, queues: [1], counts: [], source: 'proc_irq' },
    ]);
    expect(nic('eth0').rxQueues).toMatchObject([
      { irq: 50, cpus: [0, 1], cpusSource: 'affinity' },
      { irq: 51, cpus: [1], cpusSource: 'affinity' },
    ]);
  });

  /** An interface of a device that is not on PCI. */
  const onBus = (device: string, name: string, driver: string, rxQueues: number, interrupts: string) => ({
    'proc/interrupts': interrupts,
    [`sys/class/net/${name}`]: `-> ../../devices/${device}/net/${name}`,
    [`sys/devices/${device}/net/${name}/device`]: '-> ../..',
    [`sys/devices/${device}/driver`]: `-> ../../../../bus/platform/drivers/${driver}`,
    ...Object.fromEntries(
      Array.from({ length: rxQueues }, (_, i) => [`sys/devices/${device}/net/${name}/queues/rx-${i}/`, '']),
    ),
  });

  it('a platform device’s IRQs have its name', async () => {
    const interrupts =
      '   CPU0 CPU1\n130: 5 0 GICv3 229 Level      15100000.ethernet\n131: 0 7 GICv3 230 Level      15100000.ethernet';
    const { nic } = await read(
      treeOf(onBus('platform/soc/15100000.ethernet', 'eth0', 'mtk_soc_eth', 1, interrupts)),
    );
    expect(nic('eth0')).toMatchObject({ driver: 'mtk_soc_eth', busInfo: null, notes: [] });
    expect(rx(nic('eth0'))).toEqual([[0, 131, 1]]);
  });

  it.each([
    ['platform/soc/12400000.usb/xhci-hcd.5.auto', 'GICv2 105 Level     xhci-hcd:usb5', 'xhci-hcd:usb5'],
    ['pci0000:00/0000:00:14.0', 'PCI-MSI 327680-edge      xhci_hcd', 'xhci_hcd'],
  ])('a USB adapter below %s is received where its controller interrupts', async (controller, chip, irq) => {
    const interrupts = `   CPU0 CPU1\n135: 5 0 ${chip}\n136: 5 0 GICv2 9 Level      xhci-hcd:usb3`;
    const { nic } = await read(
      treeOf(onBus(`${controller}/usb5/5-1/5-1:1.0`, 'eth0', 'r8152', 1, interrupts)),
    );
    expect(nic('eth0').notes).toEqual([
      expect.stringContaining(`controller, IRQ 135 (${irq}), or where rps_cpus says`),
    ]);
  });

  it('a device on POWER’s virtual bus is found by its unit address', async () => {
    const interrupts = [
      '   CPU0 CPU8',
      ...[0, 1].map((i) => ` ${30 + i}: 9 0 XICS ${i} Edge      ibmvnic-30000002-rx${i}`),
      ' 40: 9 0 XICS 5 Edge      ibmvnic-30000003-rx0',
    ].join('\n');
    const { nic } = await read(treeOf(onBus('vio/30000002', 'env2', 'ibmvnic', 2, interrupts)));
    expect(rx(nic('env2'))).toEqual([
      [0, 30, 0],
      [1, 31, 0],
    ]);
  });

  it('a file of interrupts alone names a device-tree NIC, and says what is missing', async () => {
    const line = (irq: number) => ` ${irq}: 5 GICv3 229 Level      15100000.ethernet`;
    const { nic } = await read(treeOf({ 'proc/interrupts': `   CPU0\n${line(130)}\n${line(131)}` }));
    expect(nic('15100000.ethernet')).toMatchObject({ rxQueues: [], irqs: [{ queues: [] }, { queues: [] }] });
    expect(nic('15100000.ethernet').notes).toContainEqual(expect.stringContaining('is not known'));
  });

  it('lines without the header of CPUs: their columns are the online CPUs where these are known', async () => {
    const lines = ' 9: 0 6 PCI-MSI 4096-edge      eth0-TxRx-0\n10: 8 0 PCI-MSI 4097-edge      eth0-TxRx-1';
    const numbered = await read(treeOf({ 'proc/interrupts': lines }));
    expect(numbered.machine.cpus.online).toEqual([0, 1]);
    expect(rx(numbered.nic('eth0'))).toEqual([
      [0, 9, 1],
      [1, 10, 0],
    ]);
    const named = await read(treeOf({ 'proc/interrupts': lines, 'sys/devices/system/cpu/online': '0,4' }));
    expect(rx(named.nic('eth0'))).toEqual([
      [0, 9, 4],
      [1, 10, 0],
    ]);
  });

  it('counts in the order of the CPUs that are online now', async () => {
    const { nic } = await read(
      treeOf({
        'sys/devices/system/cpu/online': '0,2-3',
        'proc/interrupts': '  CPU0 CPU1 CPU2\n 9: 5 6 7 PCI-MSI 4096-edge      eth0-TxRx-0',
      }),
    );
    expect(nic('eth0').irqs[0]?.counts).toEqual([5, 7, 0]);
    expect(nic('eth0').rxQueues[0]).toMatchObject({ cpus: [0, 2], cpusSource: 'counts' });
  });

  it('a large machine: every queue on the CPU it was put on', async () => {
    const system = treeOf({});
    writeSyntheticTree(system.files.root, { cpus: 1152, nics: 3, queues: 128 });
    const { machine, nics } = await read(system);
    expect(machine.cpus.smtSiblings).toHaveLength(576);
    expect(machine.cpus.numa.map(({ cpus }) => cpus.length)).toEqual(Array.from({ length: 9 }, () => 128));
    for (const [n, nic] of nics.entries()) {
      expect(nic.irqs).toHaveLength(129);
      for (const { index, irq, cpus } of nic.rxQueues) {
        expect([irq, ...cpus]).toEqual([101 + n * 129 + index, n * 128 + index]);
        expect(nic.irqs[index + 1]?.counts[n * 128 + index]).toBe(1000 + (irq ?? 0));
        expect(nic.txQueues[index]?.xpsCpus).toEqual(cpus);
      }
    }
    expect(nics).toHaveLength(3);
  });
});

describe('NICs of this machine', () => {
  it('agree with ethtool, sysfs and /proc/interrupts', async () => {
    const system = { files: openFiles('/'), kernel: openKernel() };
    const { machine, nics } = await read(system);
    const there = readdirSync('/sys/class/net').filter(
      (name) => !/^(lo|ifb\d+|dummy\d+|bonding_masters)$/.test(name),
    );
    expect(nics.map(({ name }) => name).sort()).toEqual(there.sort());
    const table = readFileSync('/proc/interrupts', 'utf8');
    for (const { name, channels, driver, rxQueues, irqs } of nics) {
      expect(execFileSync('ethtool', ['-i', name], { encoding: 'utf8' })).toContain(`driver: ${driver}\n`);
      expect(rxQueues.map(({ index }) => `rx-${index}`).sort()).toEqual(
        readdirSync(`/sys/class/net/${name}/queues`)
          .filter((entry) => entry.startsWith('rx-'))
          .sort(),
      );
      if (channels?.combined) {
        const shown = execFileSync('ethtool', ['-l', name], { encoding: 'utf8' }).match(/Combined:\s+(\d+)/g);
        expect(shown?.map((line) => Number(line.replace(/\D/g, '')))).toEqual([
          channels.combined.max,
          channels.combined.current,
        ]);
      }
      for (const irq of irqs) {
        expect(table).toMatch(
          new RegExp(`^ *${irq.irq}:.* ${irq.name.replace(/[.?*+^$[\]\\(){}|]/g, '\\$&')}$`, 'm'),
        );
        expect(irq.counts).toHaveLength(machine.cpus.online.length);
        expect(irq.effective?.every((cpu) => machine.cpus.online.includes(cpu)) ?? true).toBe(true);
      }
    }
  });

  it('include lo only if requested', async () => {
    const { nics } = await read({ files: openFiles('/'), kernel: openKernel() }, ['lo']);
    expect(nics).toMatchObject([{ name: 'lo', busInfo: null, irqs: [], lowerDevices: [] }]);
  });
});
