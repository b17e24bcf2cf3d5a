/** Interfaces, their RSS tables, and their queues with IRQ, CPU, RPS and XPS. */

import type { ChannelCount, Channels, Host, Rss } from '../host/types.ts';
import { receivingNics } from '../path/receiving-nics.ts';
import { count, names, ranges, UNKNOWN } from '../words/phrase.ts';
import { gather } from './fold.ts';
import { value } from './format.ts';
import type { Layout } from './inspection.ts';
import { type Column, more, table } from './table.ts';
import type { Line } from './text.ts';

const MOST = 16;

const INTERFACES: readonly Column[] = [
  { head: 'nic', align: 'left' },
  { head: 'driver', align: 'left' },
  { head: 'bus', align: 'left' },
  { head: 'node', align: 'right' },
  { head: 'state', align: 'left' },
  { head: 'rx/tx', align: 'right' },
  { head: 'channels', align: 'left' },
  { head: 'rx ring', align: 'right', give: 'cut' },
  { head: 'tx ring', align: 'right', give: 'cut' },
  { head: 'over', align: 'left', give: 'wrap' },
];

/** Interfaces with their own interrupts first: a container host has hundreds of others. */
export function interfaceLines(host: Host, layout: Layout): readonly Line[] {
  const first = new Set(receivingNics(host));
  const sorted = [...first, ...host.nics.filter((nic) => !first.has(nic))];
  const shown = layout.all ? sorted : sorted.slice(0, Math.max(MOST, first.size));
  const rows = shown.map((nic) => [
    nic.name,
    value(nic.driver),
    value(nic.busInfo),
    nic.numaNode === -1 ? 'none' : value(nic.numaNode),
    nic.standby === true ? 'standby' : value(nic.state),
    `${nic.rxQueues.length}/${nic.txQueues.length}`,
    channels(nic.channels),
    setting(nic.rings?.rx ?? null),
    setting(nic.rings?.tx ?? null),
    nic.lowerDevices.join(', '),
  ]);
  return [...table(INTERFACES, rows, layout), ...more(sorted.length - shown.length, 'interface')];
}

/** Current and maximum. */
function setting(of: ChannelCount | null): string {
  return of === null ? UNKNOWN : `${of.current}/${of.max}`;
}

function channels(of: Channels | null): string {
  if (of === null) return UNKNOWN;
  const kinds = [
    ['combined', of.combined],
    ['rx', of.rx],
    ['tx', of.tx],
  ] as const;
  const used = kinds.flatMap(([kind, each]) =>
    each === null || each.max === 0 ? [] : [`${kind} ${setting(each)}`],
  );
  return used.length === 0 ? UNKNOWN : used.join(', ');
}

const RSS: readonly Column[] = [
  { head: 'nic', align: 'left' },
  { head: 'hash', align: 'left', give: 'cut' },
  { head: 'table', align: 'left', give: 'wrap' },
  { head: 'hashed fields', align: 'left', give: 'cut' },
  { head: 'overridden by', align: 'left', give: 'cut' },
];

/** Interfaces with the same set-up, such as the ports of one card, share a row. */
export function rssLines(host: Host, layout: Layout): readonly Line[] {
  const rows = host.nics.flatMap(({ name, rss, rxQueues }) =>
    rss === null
      ? []
      : [
          {
            name,
            cells: [value(rss.hashFunction), spreadText(rss, rxQueues.length), fields(rss), overrides(rss)],
          },
        ],
  );
  const alike = gather(rows, ({ name, cells }) => `${layout.all ? name : ''} ${cells.join('\n')}`);
  const cells = alike.map(({ first, rows: of }) => [names(of.map(({ name }) => name)), ...first.cells]);
  return cells.length === 0 ? [] : table(RSS, cells, layout);
}

/** `128 entries over 8 queues, even`; even means as even as the size of the table allows. */
export function spreadText({ indirection }: Rss, queues: number): string {
  if (indirection.length === 0) return 'no table';
  const entries = [...Map.groupBy(indirection, (queue) => queue).values()].map(({ length }) => length);
  const [least, most] = [Math.min(...entries), Math.max(...entries)];
  const even = most - least <= (indirection.length % entries.length === 0 ? 0 : 1);
  const shape = even ? 'even' : `uneven: ${least} to ${most} entries a queue`;
  const named = new Set(indirection);
  const without = Array.from({ length: queues }, (_, queue) => queue).filter((queue) => !named.has(queue));
  const missing = without.length > 0 ? `, none for rx ${ranges(without)}` : '';
  return `${indirection.length} entries over ${count(entries.length, 'queue')}, ${shape}${missing}`;
}

function fields({ fields: { tcp4, udp4, tcp6, udp6 } }: Rss): string {
  const pair = (name: string, four: string | null, six: string | null) =>
    four === six ? `${name} ${value(four)}` : `${name}4 ${value(four)} ${name}6 ${value(six)}`;
  return `${pair('tcp', tcp4, tcp6)}, ${pair('udp', udp4, udp6)}`;
}

function overrides({ contexts, ntupleRules }: Rss): string {
  const parts = [
    contexts !== null && contexts.length > 0 ? count(contexts.length, 'RSS context') : '',
    ntupleRules !== null && ntupleRules > 0 ? count(ntupleRules, 'ntuple rule') : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}
