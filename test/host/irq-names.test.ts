import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksLikeInterface, parseIrqName } from '../../src/host/irq-names.ts';

describe('IRQ names', () => {
  it.each([
    ['eth0-TxRx-12', 'eth0', 'rxtx', [12], null],
    ['eth10-rx-0', 'eth10', 'rx', [0], null],
    ['enp3s0-tx-3', 'enp3s0', 'tx', [3], null],
    ['eth0-fp-7', 'eth0', 'rxtx', [7], null],
    ['eth0-rxtx-2', 'eth0', 'rxtx', [2], null],
    ['eth0 Rx4', 'eth0', 'rx', [4], null],
    ['eth0:rx-1', 'eth0', 'rx', [1], null],
    ['eth0-Tx-Rx-3', 'eth0', 'rxtx', [3], 'ena'],
    ['i40e-ens3f0-TxRx-5', 'ens3f0', 'rxtx', [5], 'i40e'],
    ['ice-eth0-TxRx-0-1', 'eth0', 'rxtx', [0, 1], 'ice'],
    ['iavf-eth0-TxRx-2', 'eth0', 'rxtx', [2], 'iavf'],
    ['hns3-0000:7d:00.0-TxRx-3', '0000:7d:00.0', 'rxtx', [3], 'hns3'],
    ['mlx5_comp15@pci:0000:3b:00.0', '0000:3b:00.0', 'rxtx', [15], 'mlx5_core'],
    ['mlx4-3@0000:03:00.0', '0000:03:00.0', 'rxtx', [3], 'mlx4_core'],
    ['mana_q1@pci:7870:00:00.0', '7870:00:00.0', 'rxtx', [1], 'mana'],
    ['gve-ntfy-blk3@pci:0000:00:04.0', '0000:00:04.0', 'block', [3], 'gve'],
    ['eth%d-ntfy-block.2', 'eth%d', 'block', [2], 'gve'],
    ['virtio2-input.1', 'virtio2', 'rx', [1], 'virtio_net'],
    ['virtio12-output.0', 'virtio12', 'tx', [0], 'virtio_net'],
    ['eth0-q1-rx', 'eth0', 'rx', [1], 'xen_netfront'],
    ['eth0-q1', 'eth0', 'rxtx', [1], null],
    ['veth-a-rx-1', 'veth-a', 'rx', [1], null],
    ['enp5s0f4 (queue 3)', 'enp5s0f4', 'rxtx', [3], 'cxgb4'],
    ['enp3s0_rxq12', 'enp3s0', 'rx', [12], 'hinic'],
    ['enp3s0_txq0', 'enp3s0', 'tx', [0], 'hinic'],
    ['enp3s0_qp3', 'enp3s0', 'rxtx', [3], null],
    ['al-eth-rx-comp-2@pci:0000:00:05.0', '0000:00:05.0', 'rx', [2], 'al_eth'],
    ['al-eth-tx-comp-0@pci:0000:00:05.0', '0000:00:05.0', 'tx', [0], 'al_eth'],
    ['ionic-enp94s0-L0-rx3', 'enp94s0', 'rx', [3], 'ionic'],
    ['eth0:ch0:rx_be', 'eth0', 'rx', [0], 'ravb'],
    ['e6800000.ethernet:ch19:tx_nc', 'e6800000.ethernet', 'tx', [1], 'ravb'],
    ['ibmvnic-30000002-rx3', '30000002', 'rx', [3], 'ibmvnic'],
    ['ibmvnic-3000000a-tx12', '3000000a', 'tx', [12], 'ibmvnic'],
    ['i40e_netmap-enp1s0f0-TxRx-3', 'enp1s0f0', 'rxtx', [3], 'i40e'],
    ['ice_netmap-lan-rx-1', 'lan', 'rx', [1], 'ice'],
    ['ixgbe_zc-enp1s0f0-TxRx-3', 'enp1s0f0', 'rxtx', [3], null],
    ['idpf-eth0-Rx-2', 'eth0', 'rx', [2], 'idpf'],
    ['eth0-rx', 'eth0', 'rx', 'all', null],
    ['0000:01:00.0-TxRx-2', '0000:01:00.0', 'rxtx', [2], null],
  ])('%s', (action, owner, role, queues, driver) => {
    expect(parseIrqName(action)).toEqual({ owner, role, queues, driver, weak: false });
  });

  it.each([
    ['ena-mgmnt@pci:0000:00:05.0', '0000:00:05.0'],
    ['mlx5_async0@pci:0000:3b:00.0', '0000:3b:00.0'],
    ['mlx5_cmd_eq@pci:0000:3b:00.0', '0000:3b:00.0'],
    ['mlx4-async@pci:0000:03:00.0', '0000:03:00.0'],
    ['mana_hwc@pci:7870:00:00.0', '7870:00:00.0'],
    ['i40e-0000:18:00.0:fdir-TxRx-0', '0000:18:00.0'],
    ['i40e-0000:18:00.0:misc', '0000:18:00.0'],
    ['iavf-0000:18:02.0:mbx', '0000:18:02.0'],
    ['virtio2-config', 'virtio2'],
    ['eth0:ch24:emac', 'eth0'],
    ['ionic-0000:03:00.0-L0-admi', '0000:03:00.0'],
    ['virtio2-control', 'virtio2'],
    ['virtio3-rx', 'virtio3'],
    ['0000:05:00.4-FWeventq', '0000:05:00.4'],
    ['i40e_netmap-0000:01:00.0:misc', '0000:01:00.0'],
    ['al-eth-msix-mgmt@pci:0000:00:05.0', '0000:00:05.0'],
  ])('%s serves no queue', (action, owner) => {
    expect(parseIrqName(action)).toMatchObject({ owner, role: 'other', queues: [] });
  });

  it('qlcnic: the last vector has the TX queue beside an RX queue', () => {
    expect(parseIrqName('eth0-tx-0-rx-3')).toMatchObject({ owner: 'eth0', queues: [3], txQueues: [0] });
  });

  it.each(['virtio0-input', 'virtio1-virtqueues', 'eth1-0'])('%s says little', (action) => {
    expect(parseIrqName(action)).toMatchObject({ weak: true });
  });

  it.each([
    ['enp3s0_rxq0', false],
    ['enp3s0', true],
    ['eno1', true],
    ['ens1f0np0', true],
    ['enP4p1s0f1', true],
    ['enx0011223344aa', true],
    ['p1p1_0', true],
    ['timer', false],
  ])('%s is what a port is called: %s', (name, is) => {
    expect(looksLikeInterface(name)).toBe(is);
  });

  it.each(['eth0', 'timer', 'nvme0q1', 'eth0-event-8', 'eth0-sp', 'ahci[0000:00:17.0]', ''])(
    '%j is no form',
    (action) => {
      expect(parseIrqName(action)).toBeNull();
    },
  );

  it('never throws, and never takes a part of a longer name', () => {
    fc.assert(fc.property(fc.string(), (any) => void parseIrqName(any)));
    fc.assert(
      fc.property(fc.nat(99), fc.nat(999), (port, queue) => {
        expect(parseIrqName(`eth${port}-TxRx-${queue}`)).toMatchObject({
          owner: `eth${port}`,
          queues: [queue],
        });
      }),
    );
  });
});
