import { describe, expect, it } from 'vitest';
import { type Counters, queueSamples, readCounters } from '../../src/live/counters.ts';
import type { Kernel } from '../../src/system/types.ts';
import { nic } from '../fixtures/hosts.ts';

const INTERRUPTS = `           CPU0       CPU1       CPU2
  8:          0          1          0  IO-APIC   8-edge      rtc0
 58:       1000         17          0  PCI-MSIX-0000:00:02.0   1-edge      eth0-TxRx-0
 59:          0 4294967295          5  GICv3  81920 Level     eth0-TxRx-1
NMI:          7          7          7   Non-maskable interrupts
`;

const kernel = (statistics: ReadonlyMap<string, bigint>): Kernel => ({
  sockets: async () => [],
  descriptors: () => Promise.reject(new Error('not asked')),
  ethtool: () => Promise.reject(new Error('not asked')),
  statistics: async () => statistics,
  netdevQueues: async () => null,
  netdevNapis: async () => null,
  affinity: () => [],
  borrow: () => Promise.reject(new Error('not asked')),
});

const files = {
  root: '/',
  text: (path: string) => (path === '/proc/interrupts' ? INTERRUPTS : null),
  list: () => [],
  link: () => null,
  real: () => null,
  exists: () => false,
  denied: [],
};

describe('queueSamples', () => {
  const eth0 = nic({ queues: 2, firstIrq: 58, irqCpus: [0, 1] });
  const read = (rx: bigint, tx: bigint): Promise<Counters> =>
    readCounters(
      {
        files,
        kernel: kernel(
          new Map([
            ['rx_queue_0_packets', rx],
            ['tx_queue_0_packets', tx],
            ['tx_queue_0_bytes', 5n],
          ]),
        ),
      },
      [eth0],
      [0, 1],
    );

  it('gives the rate of each counter, and null for a missing one or one that went back', async () => {
    const [before, after] = [await read(1_000n, 70n), await read(3_026n, 60n)];
    const samples = queueSamples(
      [eth0],
      { ...before, at: 0, interrupts: new Map([[58, 0]]) },
      { ...after, at: 2_000 },
    );
    expect(samples.filter(({ index }) => index === 0)).toEqual([
      { nic: 'eth0', direction: 'rx', index: 0, irq: 58, interrupts: 509, pps: 1013 },
      { nic: 'eth0', direction: 'tx', index: 0, irq: 58, interrupts: 509, pps: null },
    ]);
    expect(
      samples.filter(({ index }) => index === 1).map(({ pps, interrupts }) => [pps, interrupts]),
    ).toEqual([
      [null, null],
      [null, null],
    ]);
  });
});
