import { describe, expect, it } from 'vitest';
import { Measured, type SampleContext } from '../../src/export/measured.ts';
import type { ProbeName } from '../../src/export/probes.ts';
import { Scrape } from '../../src/export/scrape.ts';
import type { Interval } from '../../src/measure/types.ts';
import { group, pinned } from '../fixtures/hosts.ts';
import { missingFrom, seriesOf } from './lines.ts';

const tcp = group({
  port: 443,
  workers: pinned(0, 1).map((worker, at) => ({ ...worker, more: { holders: [{ pid: 10 + at, fd: 6 }] } })),
});
const udp = group({ protocol: 'udp', port: 53, workers: pinned(0, 1) });
const [first] = udp.sockets;

const CONTEXT: SampleContext = {
  groups: [tcp, udp],
  cpus: [0, 1],
  ports: { tcp: new Set([443]), udp: new Set([53]) },
  isHere: (pid) => pid !== 99,
};
const VARIANT = { name: 'fentry', program: '', fields: [], notes: [] };

const interval = (maps: Readonly<Record<string, Readonly<Record<string, number>>>>): Interval => ({
  time: new Date(0),
  ended: 0,
  seconds: 5,
  counts: new Map(Object.entries(maps).map(([name, map]) => [name, new Map(Object.entries(map))])),
  lost: 0,
  full: [],
});

function sampled(probe: ProbeName, maps: Parameters<typeof interval>[0], matrix = false, times = 1): Scrape {
  const measured = new Measured(['skb', 'accept', 'udp'], matrix, 'off');
  for (let time = 0; time < times; time++) measured.succeeded(probe, VARIANT, true, interval(maps), CONTEXT);
  const scrape = new Scrape();
  measured.add(scrape, CONTEXT);
  return scrape;
}

describe('samples', () => {
  const SKBS = { rx: { '0,0': 30, '0,1': 10, '1,1': 60 }, tx: { '1,0': 7 } };

  it('of packets are counted by direction and locality, over all samples', () => {
    const scrape = sampled('skb', SKBS, false, 3);
    expect(seriesOf(scrape, 'skb_packets_total')).toEqual([
      '{direction="rx",local="true"} 270',
      '{direction="rx",local="false"} 30',
      '{direction="tx",local="true"} 0',
      '{direction="tx",local="false"} 21',
    ]);
    expect(seriesOf(scrape, 'probe_seconds_total')[0]).toBe('{probe="skb"} 15');
    expect(seriesOf(scrape, 'probe_up')).toEqual([
      '{probe="skb"} 1',
      '{probe="accept"} 0',
      '{probe="udp"} 0',
    ]);
    expect(seriesOf(scrape, 'skb_pair_packets_total')).toEqual([]);
    expect(missingFrom(scrape)).toEqual(['accept=pending', 'udp=pending']);
  });

  it('of packets are counted by pair of CPUs only if asked for, and only where there are any', () => {
    expect(seriesOf(sampled('skb', SKBS, true), 'skb_pair_packets_total')).toEqual([
      '{direction="rx",from="0",to="0"} 30',
      '{direction="rx",from="0",to="1"} 10',
      '{direction="rx",from="1",to="1"} 60',
      '{direction="tx",from="1",to="0"} 7',
    ]);
  });

  it('of accepts are counted by port, and by slot of their listener', () => {
    // pid, fd + 1, port, cpu, rxcpu
    const scrape = sampled('accept', {
      pairs: {
        '10,7,443,0,0': 5,
        '10,7,443,0,1': 2,
        '11,7,443,1,-1': 1,
        // A call that began before the sample: pid 1001 serves slot 1.
        '1001,0,443,1,1': 3,
        '20,7,34567,0,0': 9,
        '99,7,443,0,0': 1000,
      },
    });
    expect(seriesOf(scrape, 'accepts_total')).toEqual([
      '{port="443",local="true"} 8',
      '{port="443",local="false"} 2',
      '{port="443",local="unknown"} 1',
      '{port="other",local="true"} 9',
      '{port="other",local="false"} 0',
      '{port="other",local="unknown"} 0',
    ]);
    expect(seriesOf(scrape, 'slot_packets_total')).toEqual([
      '{group="tcp 0.0.0.0:443",slot="0"} 7',
      '{group="tcp 0.0.0.0:443",slot="1"} 4',
      '{group="udp 0.0.0.0:53",slot="0"} 0',
      '{group="udp 0.0.0.0:53",slot="1"} 0',
    ]);
  });

  it('of datagrams are counted by port and slot, with a zero for every slot', () => {
    // inode, port, pid, tid, delivering cpu + 1, cpu
    const scrape = sampled('udp', {
      reads: {
        [`${first?.inode},53,10,10,1,0`]: 4,
        [`${first?.inode},53,10,10,2,0`]: 3,
        '5,40000,12,12,0,1': 8,
      },
    });
    expect(seriesOf(scrape, 'udp_datagrams_total')).toEqual([
      '{port="53",slot="0",local="true"} 4',
      '{port="53",slot="0",local="false"} 3',
      '{port="53",slot="0",local="unknown"} 0',
      '{port="53",slot="1",local="true"} 0',
      '{port="53",slot="1",local="false"} 0',
      '{port="53",slot="1",local="unknown"} 0',
      '{port="other",slot="",local="true"} 0',
      '{port="other",slot="",local="false"} 0',
      '{port="other",slot="",local="unknown"} 8',
    ]);
    expect(seriesOf(scrape, 'slot_packets_total')).toContain('{group="udp 0.0.0.0:53",slot="0"} 7');
  });

  it('that failed leave the counters as they are', () => {
    const measured = new Measured(['skb'], false, 'off');
    measured.succeeded('skb', VARIANT, true, interval(SKBS), CONTEXT);
    measured.failed('skb', 'failed');
    const scrape = new Scrape();
    measured.add(scrape, CONTEXT);
    expect(seriesOf(scrape, 'skb_packets_total')[0]).toBe('{direction="rx",local="true"} 90');
    expect(seriesOf(scrape, 'probe_up')).toEqual(['{probe="skb"} 0']);
    expect(seriesOf(scrape, 'probe_samples_total')).toEqual([
      '{probe="skb",result="ok"} 1',
      '{probe="skb",result="failed"} 1',
    ]);
    expect(missingFrom(scrape)).toEqual(['skb=failed', 'accept=off', 'udp=off']);
  });

  it('of a port that nobody serves any more are forgotten', () => {
    const measured = new Measured(['accept'], false, 'off');
    measured.succeeded('accept', VARIANT, true, interval({ pairs: { '10,7,443,0,0': 5 } }), CONTEXT);
    const ports = { tcp: new Set([80]), udp: new Set<number>() };
    measured.add(new Scrape(), { groups: [], ports });
    const scrape = new Scrape();
    measured.add(scrape, CONTEXT);
    expect(seriesOf(scrape, 'accepts_total')[0]).toBe('{port="443",local="true"} 0');
  });

  it('say that this kernel does not count sent packets', () => {
    const measured = new Measured(['skb'], false, 'off');
    measured.succeeded('skb', { ...VARIANT, name: 'incoming-cpu' }, false, interval(SKBS), CONTEXT);
    const scrape = new Scrape();
    measured.add(scrape, CONTEXT);
    expect(seriesOf(scrape, 'skb_packets_total')).toHaveLength(2);
    expect(missingFrom(scrape)).toContain('skb_tx=kernel');
  });
});
