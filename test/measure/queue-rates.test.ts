import { describe, expect, it } from 'vitest';
import { type QueueTotals, queuePackets, queueRates } from '../../src/measure/queue-rates.ts';
import { nic } from '../fixtures/hosts.ts';

describe('packets of a queue', () => {
  it.each([
    ['igb, ixgbe', 'rx_queue_3_packets'],
    ['virtio_net, mlx5', 'rx3_packets'],
    ['i40e', 'rx-3.packets'],
    ['i40e before', 'rx-3.rx_packets'],
    ['ena', 'queue_3_rx_cnt'],
    ['gve', 'rx_packets[3]'],
    ['bnxt', '[3]: rx_ucast_packets'],
  ])('%s: %s', (_, name) => {
    expect(queuePackets(new Map([[name, 7n]]))).toEqual(new Map([[3, 7n]]));
  });

  it.each([
    'rx_packets',
    'rx0_xdp_packets',
    'tx0_packets',
    'tx_queue_0_packets',
    'rx_queue_0_bytes',
    'rx0_csum_none_packets',
    'rx_prio0_packets',
    'queue_0_tx_cnt',
    '[0]: tx_ucast_packets',
  ])('not %s', (name) => {
    expect(queuePackets(new Map([[name, 7n]]))).toEqual(new Map());
  });
});

describe('rates of queues', () => {
  const eth0 = nic({ name: 'eth0', queues: 2 });
  const [first = 0, second = 0] = eth0.rxQueues.map(({ irq }) => irq ?? -1);
  const counts = (packets: bigint, interrupts: number): QueueTotals => ({
    packets: new Map([['eth0', new Map([[0, packets]])]]),
    interrupts: new Map([[first, interrupts]]),
  });

  it('are differences over measured seconds; null if the driver has no counter', () => {
    expect(second).toBeGreaterThan(first);
    expect(queueRates([eth0], counts(2n ** 60n, 5), counts(2n ** 60n + 1001n, 12), 2)).toEqual([
      { nic: 'eth0', rxQueue: 0, packets: 1001, pps: 501, interrupts: 7 },
      { nic: 'eth0', rxQueue: 1, packets: null, pps: null, interrupts: null },
    ]);
  });

  it('are not known when a counter went back', () => {
    expect(queueRates([eth0], counts(9n, 9), counts(8n, 8), 1)[0]).toMatchObject({
      packets: null,
      interrupts: null,
    });
  });
});
