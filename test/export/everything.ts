/** A scrape in which every metric has a series: a machine with all there is, and everything that runs. */
import { Accumulator } from '../../src/export/accumulator.ts';
import { MISSING, type MissingWhat } from '../../src/export/catalog.ts';
import { addDevices, addIrqs } from '../../src/export/devices.ts';
import { addFindings } from '../../src/export/findings.ts';
import { addGroups, dropsOf } from '../../src/export/groups.ts';
import { Measured } from '../../src/export/measured.ts';
import { addOwnCost } from '../../src/export/own.ts';
import { portLabels } from '../../src/export/ports.ts';
import { Scrape } from '../../src/export/scrape.ts';
import { WatcherTotals } from '../../src/export/watchers.ts';
import { viewOf } from '../../src/path/view.ts';
import { openFiles } from '../../src/system/files.ts';
import type { CountedWatcher } from '../../src/watch/ask.ts';
import { Counts } from '../../src/watch/tally.ts';
import { group, host, nic, pinned, range } from '../fixtures/hosts.ts';

export interface MachineSize {
  readonly cpus: number;
  readonly nics: number;
  /** Of each NIC, RX and TX. */
  readonly queues: number;
  /** Sockets of the one TCP and the one UDP group. */
  readonly workers: number;
}

export interface Extras {
  readonly matrix: boolean;
  readonly perIrq: boolean;
}

const RULES = range(35).map((at) => ({
  rule: `rule-${at}`,
  severities: ['warning' as const, 'info' as const],
}));
const VARIANT = { name: 'fentry', program: '', fields: [], notes: [] };

export function everything({ cpus, nics, queues, workers }: MachineSize, { matrix, perIrq }: Extras): Scrape {
  const names = range(nics).map((at) => `eth${at}`);
  const machine = host({
    cpus,
    nics: names.map((name, at) =>
      nic({
        name,
        queues,
        firstIrq: 100 + at * queues,
        xps: true,
        irqCpus: range(queues).map((queue) => (at * queues + queue) % cpus),
      }),
    ),
    groups: [
      group({ port: 443, workers: pinned(...range(workers).map((at) => at % cpus)), program: 'cpu' }),
      group({ protocol: 'udp', port: 53, workers: pinned(...range(workers).map((at) => at % cpus)) }),
    ],
  });
  const scrape = new Scrape();
  const counted = new Map(range(queues).map((queue) => [queue, 12_345_678_901n]));
  const packets = new Map(names.map((name) => [name, counted]));
  const interrupts = new Map(machine.nics.flatMap(({ irqs }) => irqs.map(({ irq }) => [irq, 4_567_890])));
  const counters = { packets: { rx: packets, tx: packets }, interrupts };
  scrape.add('build_info', { version: '1.2.3' }, 1);
  addDevices(scrape, machine, counters);
  if (perIrq) addIrqs(scrape, machine, counters);
  const drops = new Accumulator();
  drops.update(dropsOf(machine.groups, true));
  const view = viewOf(machine);
  addGroups(scrape, { ...view, findings: [], slots: null, readAt: 0, seconds: 0.1 }, drops.totals);
  addFindings(scrape, [], RULES);
  const context = {
    groups: machine.groups,
    cpus: machine.machine.cpus.online,
    ports: portLabels(machine, [32_768, 60_999]),
    isHere: () => true,
  };
  const measured = new Measured(['skb', 'accept', 'udp'], matrix, 'off');
  const pairs = new Map(
    range(cpus).flatMap((from) => range(cpus).map((to) => [`${from},${to}`, 1_000] as const)),
  );
  for (const probe of ['skb', 'accept', 'udp'] as const) {
    const counts = new Map([
      ['rx', pairs],
      ['tx', pairs],
    ]);
    measured.succeeded(
      probe,
      VARIANT,
      true,
      {
        time: new Date(0),
        ended: 0,
        seconds: 5,
        counts: probe === 'skb' ? counts : new Map(),
        lost: 0,
        full: [],
      },
      context,
    );
  }
  measured.add(scrape, context);
  const watcher: CountedWatcher = {
    pid: 1,
    ...new Counts().tally,
    settings: names.map((device) => ({ kind: 'irq', device, state: 'as-set', count: queues })),
    paused: false,
    givenUp: 0,
  };
  new WatcherTotals().add(scrape, [watcher], []);
  scrape.add('watchers', {}, 1);
  scrape.add('read_seconds', {}, 0.1);
  scrape.add('read_timestamp_seconds', {}, 1_800_000_000);
  for (const result of ['ok', 'failed']) {
    scrape.add('reads_total', { result }, 0);
    scrape.add('slot_reads_total', { result }, 0);
  }
  addOwnCost(scrape, openFiles('/'));
  for (const code of [200, 400, 404, 405, 408, 431, 500, 503]) scrape.add('http_requests_total', { code }, 0);
  for (const reason of ['crowded', 'slow', 'malformed'])
    scrape.add('http_closed_connections_total', { reason }, 0);
  for (const what of Object.keys(MISSING) as MissingWhat[]) scrape.miss(what, MISSING[what][0]);
  return scrape;
}
