/** The demo's last page: before and after, side by side. */
import type { Act, DemoResult, LoadResult } from '../demo/demo.ts';
import type { BeforeAndAfter } from '../measure/locality-counter.ts';
import { percentOf } from '../measure/percent.ts';
import { percentSpan } from './interval.ts';
import { heading } from './style.ts';
import { type Cell, table } from './table.ts';
import { type Line, paragraph, type Style, span, type Tone } from './text.ts';

export function demoLines({ cpus, tcp, udp, notes }: DemoResult, style: Style): Line[] {
  if (tcp === null || udp === null)
    return paragraph(
      '',
      `Only CPU ${cpus.join()} may be used. On a single CPU every packet is local, so there is nothing to show.`,
      style,
    ).slice();
  return [
    heading(`TCP: ${count(tcp.before.total)} new connections from ${cpus.length} CPUs`, style),
    ...actTable(tcp, style),
    [span('')],
    ...paragraph('', tcpWords(tcp), style),
    [span('')],
    heading(`UDP: ${count(udp.before.total + udp.before.lost)} datagrams from one address and port`, style),
    ...actTable(udp, style),
    [span('')],
    ...paragraph('', udpWords(udp), style),
    ...notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
}

function actTable({ program, before, after, byProbe, skbs }: Act, style: Style): Line[] {
  const rows: Cell[][] = before.workers.map(({ cpu, count: was }, index) => [
    `worker on CPU ${cpu}`,
    share(was, before),
    share(after.workers[index]?.count ?? 0, after),
  ]);
  if (before.lost + after.lost > 0) rows.push(['lost (queue full)', count(before.lost), count(after.lost)]);
  if (before.percent !== null && after.percent !== null)
    rows.push(['accepted on its rxcpu', percentCell(before.percent), percentCell(after.percent)]);
  if (byProbe !== null)
    rows.push(countedRow(`counted by bpftrace, of ${count(byProbe.before.events)}`, byProbe));
  if (skbs !== null) rows.push(countedRow(`rx locality, of ${count(skbs.before.events)} packets`, skbs));
  const columns = [
    { head: '', align: 'left' as const },
    { head: 'by hash', align: 'right' as const },
    { head: `with \`${program}\``, align: 'right' as const },
  ];
  return table(columns, rows, style);
}

const countedRow = (what: string, { before, after }: BeforeAndAfter): Cell[] => [
  what,
  percentSpan(before.percent),
  percentSpan(after.percent),
];

const count = (value: number) => value.toLocaleString('en');

const share = (part: number, { total }: LoadResult): string =>
  `${count(part)}  ${percentSpan(percentOf(part, total)).text}`;

function percentCell(percent: number): Cell {
  const tone: Tone = percent >= 99 ? 'local' : percent >= 50 ? 'partly' : 'remote';
  return span(`${percent.toFixed(1)} %`, tone);
}

function tcpWords({ before, after, program, skbs }: Act): string {
  const n = before.workers.length;
  return (
    `By hash one connection in ${n} is accepted on the CPU that received it: ${shown(before)}. ` +
    `With \`${program}\` the worker on that CPU gets it: ${shown(after)}.` +
    (skbs === null ? '' : ' rx locality: the share of packets that were read on the CPU that received them.')
  );
}

const shown = ({ percent }: LoadResult) =>
  percent === null ? 'nothing was counted' : `${percent.toFixed(1)} %`;

function udpWords({ before, after }: Act): string {
  const busy = (load: LoadResult) => load.workers.filter((worker) => worker.count > 0).length;
  return (
    `One source is one hash, so ${busy(before)} of ${before.workers.length} workers got everything. ` +
    `\`rand\` spread it over ${busy(after)}: right for stateless datagrams such as telemetry, wrong for QUIC.`
  );
}
