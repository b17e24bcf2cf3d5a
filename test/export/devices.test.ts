import { describe, expect, it } from 'vitest';
import { addDevices, addIrqs } from '../../src/export/devices.ts';
import { Scrape } from '../../src/export/scrape.ts';
import { group, host, nic, pinned, veth } from '../fixtures/hosts.ts';
import { missingFrom, seriesOf } from './lines.ts';

const NONE = { packets: { rx: new Map(), tx: new Map() }, interrupts: new Map() };

describe('devices', () => {
  const eth0 = nic({ queues: 2, firstIrq: 40, irqCpus: [1, [0, 1]], rss: [0, 0, 0, 1] });
  const counters = {
    packets: {
      rx: new Map([
        [
          'eth0',
          new Map([
            [0, 5n],
            [1, 0n],
          ]),
        ],
      ]),
      tx: new Map([['eth0', new Map([[0, 7n]])]]),
    },
    interrupts: new Map([[40, 90]]),
  };
  const scrape = new Scrape();
  addDevices(scrape, host({ cpus: 2, nics: [eth0], groups: [group({ workers: pinned(1, 1) })] }), counters);

  it('have the packets and interrupts of each queue, and none where they are not known', () => {
    expect(seriesOf(scrape, 'queue_packets_total')).toEqual([
      '{device="eth0",queue="0",direction="rx"} 5',
      '{device="eth0",queue="1",direction="rx"} 0',
      '{device="eth0",queue="0",direction="tx"} 7',
    ]);
    expect(seriesOf(scrape, 'queue_interrupts_total')).toEqual([
      '{device="eth0",queue="0",direction="rx"} 90',
      '{device="eth0",queue="0",direction="tx"} 90',
    ]);
    expect(missingFrom(scrape)).toEqual([]);
  });

  it('have the CPU of each queue, unless it has several', () => {
    expect(seriesOf(scrape, 'queue_irq_cpu')).toEqual([
      '{device="eth0",queue="0",direction="rx"} 1',
      '{device="eth0",queue="0",direction="tx"} 1',
    ]);
    expect(seriesOf(scrape, 'cpu_queues')).toEqual(['{cpu="0"} 0', '{cpu="1"} 1']);
    expect(seriesOf(scrape, 'cpu_workers')).toEqual(['{cpu="0"} 0', '{cpu="1"} 2']);
  });

  it('have shares of the RSS table', () => {
    expect(seriesOf(scrape, 'queue_rss_ratio')).toEqual([
      '{device="eth0",queue="0"} 0.75',
      '{device="eth0",queue="1"} 0.25',
    ]);
  });

  it('say what their driver does not report, and what came too late', () => {
    const of = (packets: typeof NONE.packets | null) => {
      const made = new Scrape();
      addDevices(made, host({ nics: [nic({ queues: 2, rss: null })] }), { ...NONE, packets });
      return missingFrom(made);
    };
    expect(of({ rx: new Map([['eth0', new Map()]]), tx: new Map() })).toEqual([
      'rss=driver',
      'queue_packets=driver',
      'interrupt_counts=hidden',
    ]);
    expect(of(null)).toContain('queue_packets=slow');
  });

  it('have no NUMA node and no interrupts as a veth', () => {
    const made = new Scrape();
    addDevices(made, host({ nics: [veth({ queues: 1 })] }), NONE);
    expect(seriesOf(made, 'device_info')).toEqual(['{device="eth0",driver="veth",numa_node="-1"} 1']);
    expect(missingFrom(made)).toEqual([]);
  });

  it('have series for each IRQ only if asked for', () => {
    expect(seriesOf(scrape, 'irq_info')).toEqual([]);
    addIrqs(scrape, host({ nics: [eth0] }), counters);
    expect(seriesOf(scrape, 'irq_info')[0]).toBe('{irq="40",device="eth0",role="rxtx",name="eth0-TxRx-0"} 1');
    expect(seriesOf(scrape, 'irq_cpu')).toEqual(['{irq="40"} 1']);
    expect(seriesOf(scrape, 'irq_interrupts_total')).toEqual(['{irq="40"} 90']);
  });
});
