import { describe, expect, it } from 'vitest';
import { Accumulator } from '../../src/export/accumulator.ts';
import { addFindings } from '../../src/export/findings.ts';
import { addGroups, dropsOf, withCounters } from '../../src/export/groups.ts';
import { portLabels } from '../../src/export/ports.ts';
import { Scrape } from '../../src/export/scrape.ts';
import type { Group } from '../../src/host/types.ts';
import { viewOf } from '../../src/path/view.ts';
import { group, host, nic, pinned } from '../fixtures/hosts.ts';
import { seriesOf } from './lines.ts';

function scraped(...groups: readonly Group[]): Scrape {
  const scrape = new Scrape();
  const view = viewOf(host({ cpus: 2, nics: [nic({ queues: 2 })], groups }));
  const drops = new Accumulator();
  drops.update(dropsOf(groups, true));
  addGroups(scrape, { ...view, findings: [], slots: null, readAt: 0, seconds: 0 }, drops.totals);
  return scrape;
}

describe('groups', () => {
  const tcp = group({ port: 443, workers: pinned(0, 1), program: 'cpu' });
  const udp = group({
    protocol: 'udp',
    port: 53,
    workers: [
      { cpus: [0, 1], more: { drops: 4, recvQueue: 700 } },
      { cpu: 1, more: { drops: 0 } },
    ],
  });

  it('have their selection, program, size and expected locality', () => {
    const scrape = scraped(tcp, udp);
    expect(seriesOf(scrape, 'group_info')).toEqual([
      '{group="tcp 0.0.0.0:443",port="443",protocol="tcp",selection="cbpf"} 1',
      '{group="udp 0.0.0.0:53",port="53",protocol="udp",selection="hash"} 1',
    ]);
    expect(seriesOf(scrape, 'program_info')).toEqual([
      '{group="tcp 0.0.0.0:443",program="cpu"} 1',
      '{group="udp 0.0.0.0:53",program="none"} 1',
    ]);
    expect(seriesOf(scrape, 'group_sockets')[0]).toBe('{group="tcp 0.0.0.0:443"} 2');
    expect(seriesOf(scrape, 'expected_locality_ratio')[0]).toBe(
      '{device="eth0",group="tcp 0.0.0.0:443",port="443"} 1',
    );
  });

  it('have a worker, a queue and drops in each slot', () => {
    const scrape = scraped(tcp, udp);
    expect(seriesOf(scrape, 'slot_worker_cpu')).toEqual([
      '{group="tcp 0.0.0.0:443",slot="0"} 0',
      '{group="tcp 0.0.0.0:443",slot="1"} 1',
      '{group="udp 0.0.0.0:53",slot="1"} 1',
    ]);
    expect(seriesOf(scrape, 'slot_waiting_connections')).toHaveLength(2);
    expect(seriesOf(scrape, 'slot_waiting_bytes')[0]).toBe('{group="udp 0.0.0.0:53",slot="0"} 700');
    expect(seriesOf(scrape, 'slot_drops_total')).toContain('{group="udp 0.0.0.0:53",slot="0"} 4');
  });

  it('are unknown where nobody could read them, and drops are those of the whole group', () => {
    const blind = group({ protocol: 'udp', workers: pinned(0, 1), slotSource: null });
    const scrape = scraped({
      ...blind,
      selection: null,
      sockets: blind.sockets.map((socket, at) => ({ ...socket, drops: at + 1 })),
    });
    expect(seriesOf(scrape, 'program_info')).toEqual(['{group="udp 0.0.0.0:8080",program="unknown"} 1']);
    expect(seriesOf(scrape, 'slot_worker_cpu')).toEqual([]);
    expect(seriesOf(scrape, 'slot_drops_total')).toEqual(['{group="udp 0.0.0.0:8080",slot=""} 3']);
  });

  it('have no name of a foreign program as a label value, because there may be any', () => {
    const foreign = { kind: 'ebpf', name: 'quic_lb_7f3a', asm: null, instructions: null } as const;
    const scrape = scraped(group({ workers: pinned(0, 1), more: { selection: 'ebpf', program: foreign } }));
    expect(seriesOf(scrape, 'program_info')).toEqual(['{group="tcp 0.0.0.0:8080",program="foreign"} 1']);
  });
});

describe('the drops of sockets', () => {
  const served = group({
    protocol: 'udp',
    workers: [
      { cpu: 0, more: { drops: 1_000 } },
      { cpu: 1, more: { drops: 0 } },
    ],
  });
  const configuration = {
    ...viewOf(host({ cpus: 2, nics: [nic({ queues: 2 })], groups: [served] })),
    ...{ findings: [], slots: null, readAt: 0, seconds: 0 },
  };
  const [first = 0, second = 0] = served.sockets.map(({ inode }) => inode);
  const counted = (
    drops: Accumulator,
    sockets: ReadonlyMap<number, { recvQueue: number; drops: number }>,
  ) => {
    const now = withCounters(configuration, { sockets });
    drops.update(dropsOf(now.host.groups, true));
    const scrape = new Scrape();
    addGroups(scrape, now, drops.totals);
    return scrape;
  };

  it('do not count again those of a socket that was closed since the configuration was read', () => {
    const drops = new Accumulator();
    const open = new Map([
      [first, { recvQueue: 0, drops: 1_200 }],
      [second, { recvQueue: 0, drops: 3 }],
    ]);
    counted(drops, open);
    open.delete(first);
    const scrape = counted(drops, open);
    expect(seriesOf(scrape, 'slot_drops_total')).toEqual([
      '{group="udp 0.0.0.0:8080",slot="0"} 1200',
      '{group="udp 0.0.0.0:8080",slot="1"} 3',
    ]);
    expect(seriesOf(scrape, 'slot_waiting_bytes')).toEqual(['{group="udp 0.0.0.0:8080",slot="1"} 0']);
  });

  it('are those of the configuration where the kernel does not list sockets', () => {
    expect(withCounters(configuration, { sockets: null })).toBe(configuration);
  });
});

describe('findings', () => {
  it('have a zero for each rule and severity without any', () => {
    const scrape = new Scrape();
    const finding = { rule: 'xps-not-on-irq-cpu', subject: 'eth0', message: '', fix: [] };
    addFindings(
      scrape,
      [
        { ...finding, severity: 'warning' },
        { ...finding, severity: 'warning' },
      ],
      [
        { rule: 'single-queue', severities: ['info'] },
        { rule: 'xps-not-on-irq-cpu', severities: ['warning', 'info'] },
      ],
    );
    expect(seriesOf(scrape, 'findings')).toEqual([
      '{rule="single-queue",severity="info"} 0',
      '{rule="xps-not-on-irq-cpu",severity="warning"} 2',
      '{rule="xps-not-on-irq-cpu",severity="info"} 0',
    ]);
  });
});

describe('ports', () => {
  const range = [32_768, 60_999] as const;
  const lone = (port: number) => ({
    ...{ id: '', protocol: 'tcp' as const, address: '::', port, device: null, inode: port, owners: [] },
    ...{ processes: 1, recvQueue: 0, drops: 0 },
  });

  it('are label values if somebody chose them', () => {
    const labels = portLabels(
      {
        groups: [
          group({ port: 443 }),
          group({ port: 40_000, workers: pinned(0, 1) }),
          group({ port: 50_000 }),
        ],
        lone: [lone(22), lone(33_000), lone(61_000)],
      },
      range,
    );
    expect([...labels.tcp]).toEqual([443, 40_000, 22, 61_000]);
    expect(labels.udp.size).toBe(0);
  });

  it('are at most a hundred, and groups come first', () => {
    const many = Array.from({ length: 500 }, (_, at) => lone(at + 1));
    const { tcp } = portLabels({ groups: [group({ port: 8443, workers: pinned(0, 1) })], lone: many }, range);
    expect(tcp.size).toBe(100);
    expect(tcp.has(8443)).toBe(true);
  });
});
