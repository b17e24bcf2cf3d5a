/** What uses queues besides the RSS table: ntuple rules and RSS contexts with their tables. */
import type { Host, Nic, Rss } from '../host/types.ts';
import { actionText, matchText } from '../path/ntuple.ts';
import { ranges } from '../words/phrase.ts';
import type { Layout } from './inspection.ts';
import { spreadText } from './nics.ts';
import { type Column, more, table } from './table.ts';
import type { Line } from './text.ts';

const MOST = 16;

const COLUMNS: readonly Column[] = [
  { head: 'nic', align: 'left', give: 'cut' },
  { head: 'who', align: 'left' },
  { head: 'takes', align: 'left', give: 'wrap' },
  { head: 'to', align: 'left', give: 'wrap' },
];

export function ruleLines({ nics }: Host, layout: Layout): readonly Line[] {
  const rows = nics.flatMap((nic) =>
    nic.rss === null ? [] : [...contextRows(nic, nic.rss), ...ruleRows(nic, nic.rss)],
  );
  if (rows.length === 0) return [];
  const shown = layout.all ? rows : rows.slice(0, MOST);
  return [...table(COLUMNS, shown, layout), ...more(rows.length - shown.length, 'rule')];
}

function contextRows({ name, rxQueues }: Nic, rss: Rss): string[][] {
  return (rss.contextTables ?? []).map(({ context, indirection }) => {
    const rules = (rss.rules ?? []).filter((rule) => rule.context === context);
    const takes =
      rss.rules === null
        ? 'not known'
        : rules.length === 0
          ? 'nothing: no rule leads to it'
          : rulesText(rules);
    const [entries = ''] = spreadText({ ...rss, indirection }, rxQueues.length).split(', none for');
    const queues =
      indirection.length === 0
        ? 'a table that is not known'
        : `rx ${ranges(new Set(indirection))}: ${entries}`;
    return [name, `context ${context}`, takes, queues];
  });
}

const rulesText = (rules: readonly { readonly location: number }[]) =>
  `what rule${rules.length === 1 ? '' : 's'} ${ranges(rules.map(({ location }) => location))} matches`;

function ruleRows({ name }: Nic, { rules }: Rss): string[][] {
  return (rules ?? []).map((rule) => [
    name,
    `rule ${rule.location}`,
    matchText(rule),
    actionText(rule).replace(/^to /, ''),
  ]);
}
