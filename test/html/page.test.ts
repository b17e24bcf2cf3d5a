import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { page } from '../../src/html/page.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { bad, good, huge, inspectionOf, unknown } from '../report/machines.ts';
import { measuredOn, pageOf } from './pages.ts';

const HOSTILE = `</title></script><img src=x onerror="alert('1')">`;

const textOf = (html: string): string =>
  html
    .replace(/<(style|script)>.*?<\/\1>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&quot;/g, '"')
    .replace(/\s+/g, ' ');

describe('a page', () => {
  it('begins with the verdict, and has findings with their commands', () => {
    const text = textOf(page(pageOf({ measured: measuredOn(8) })));
    const order = [
      'expected locality of udp 0.0.0.0:4433',
      'Measured',
      'Paths',
      'Findings',
      'echo 2 &gt; /proc/irq/34',
    ];
    const places = order.map((part) => text.indexOf(part));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });

  it('compares two machines: what is expected, then only what differs', () => {
    const [before, after] = [inspectionOf(bad), inspectionOf(good)];
    const text = textOf(page(pageOf({ inspection: after, comparison: { kind: 'machines', before, after } })));
    expect(text).toContain('tcp 0.0.0.0:8080, expected local ◐ 12.5 % ✓ 100 %');
    expect(text).toContain('udp 0.0.0.0:4433, expected local ✗ 0 % not there');
    expect(text).toContain('tcp 0.0.0.0:8080, chosen by hash by program cpu');
    expect(text).toContain('eth0, CPUs of the rx queues 0 3 3 4 5 6 7 1 0 1 2 3 4 5 6 7');
    expect(text).not.toContain('eth0, rx queues');
  });

  it('compares all that apply can change, the pins among it', () => {
    const machine = (apart: boolean) => {
      const eth0 = nic({ queues: 2, irqCpus: apart ? [0, 1] : [0, 0], rfsFlows: apart ? 0 : 512 });
      const { rss } = eth0;
      return inspectionOf(
        host({
          cpus: 2,
          nics: [
            {
              ...eth0,
              channels: { rx: null, tx: null, other: null, combined: { current: apart ? 2 : 1, max: 2 } },
              rss: rss && { ...rss, fields: { ...rss.fields, udp4: apart ? 'sdfn' : 'sd' } },
              txQueues: eth0.txQueues.map((tx) => ({ ...tx, xpsRxqs: apart ? [tx.index] : [] })),
            },
          ],
          groups: [group({ workers: apart ? pinned(0, 1) : [{ cpus: [0, 1] }, { cpus: [0, 1] }] })],
          irqbalance: { running: true, bannedIrqs: apart ? [1, 2] : [] },
        }),
      );
    };
    const [before, after] = [machine(false), machine(true)];
    const text = textOf(page(pageOf({ inspection: after, comparison: { kind: 'machines', before, after } })));
    for (const row of [
      'tcp 0.0.0.0:8080, CPUs of the workers 0-1 0-1 0 1',
      'eth0, channels combined 1 combined 2',
      'eth0, hash fields tcp4 sdfn, udp4 sd, tcp6 sdfn, udp6 sd tcp4 sdfn, udp4 sdfn,',
      'eth0, IRQ affinity 0 0 0 1',
      'eth0, rps_flow_cnt 512 512 0 0',
      'eth0, xps_rxqs none none 0 1',
      'IRQs that irqbalance leaves alone 1 2',
    ])
      expect(text).toContain(row);
  });

  it('compares two measurements', () => {
    const before = { ...measuredOn(2), rx: { packets: 1000, local: 125, percent: 12.5, pps: 500 } };
    const after = { ...measuredOn(2), rx: { packets: 1000, local: 1000, percent: 100, pps: 500 } };
    const text = textOf(page(pageOf({ comparison: { kind: 'measurements', before, after } })));
    expect(text).toContain('received, measured ◐ 12.5 % ✓ 100 %');
    expect(text).not.toContain('accepted, measured');
  });

  it('says what is not known', () => {
    const text = textOf(page(pageOf({ inspection: inspectionOf(unknown) })));
    expect(text).toContain('The locality of tcp 0.0.0.0:8080 is not known');
    expect(text).toContain('rx-0: the RPS setting could not be read; 3 rows more of this kind');
  });

  it('holds no markup of a name, and asks nothing of a network', () => {
    const workers = [{ cpu: 0, more: { owners: [owner([0], { comm: HOSTILE })] } }, { cpu: 1 }];
    const machine = host({
      nics: [nic({ name: HOSTILE, queues: 2, more: { notes: [HOSTILE], driver: HOSTILE } })],
      groups: [group({ workers, program: 'cpu', more: { id: HOSTILE, notes: [HOSTILE] } })],
      more: { notes: [HOSTILE] },
    });
    const hostile = { ...machine, machine: { ...machine.machine, hostname: HOSTILE, distro: HOSTILE } };
    const measured = { ...measuredOn(2), notes: [HOSTILE], coverage: [HOSTILE], first: HOSTILE };
    const html = page(
      pageOf({ inspection: inspectionOf(hostile), source: HOSTILE, measured, version: HOSTILE }),
    );
    expect(html).not.toContain('<img');
    expect(html.match(/<\/title><\/script>/g)).toBeNull();
    expect(html.match(/<script/g)).toHaveLength(1);
    const tags = (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""'));
    expect(tags.filter((tag) => /\s(?:src|href|on\w+|style)=/.test(tag))).toEqual([]);
    expect(html).not.toMatch(/url\(|@import|https?:/);
  });

  it('allows only its own style sheet and script', () => {
    const html = page(pageOf());
    for (const [tag, directive] of [
      ['style', 'style-src'],
      ['script', 'script-src'],
    ]) {
      const [, content = ''] = html.match(new RegExp(`<${tag}>(.*?)</${tag}>`, 's')) ?? [];
      const digest = createHash('sha256').update(content).digest('base64');
      expect(html).toContain(`${directive} 'sha256-${digest}'`);
    }
  });

  it('of 512 CPUs and 1,024 queues stays small enough for a ticket', () => {
    const html = page(pageOf({ inspection: inspectionOf(huge), measured: measuredOn(512) }));
    expect(html.length).toBeLessThan(3_000_000);
  });

  it('has bars for what each queue took in, and none where nothing came', () => {
    const queues = (packets: number) =>
      range(8).map((index) => ({ nic: 'eth0', index, packets: packets * index }));
    const reading = (packets: number) => ({ interfaces: [], queues: queues(packets), interrupts: [] });
    const counters = { seconds: 2, readings: [reading(0), reading(1000)] } as const;
    expect(page(pageOf({ counters }))).toContain(
      '<title>rx-7: 3500 packets/s, not counted interrupts/s</title>',
    );
    const idle = { seconds: 2, readings: [reading(0), reading(0)] } as const;
    expect(page(pageOf({ counters: idle }))).not.toContain('class="load"');
  });
});
