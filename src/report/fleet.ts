/** A fleet as text: who is worst, which finding is how common, who differs from its peers. */
import type { Severity } from '../diagnose/types.ts';
import type { Difference, Fleet, Member } from '../fleet/types.ts';
import { count, names, percent, UNKNOWN } from '../words/phrase.ts';
import { shareTone } from './format.ts';
import type { Layout } from './inspection.ts';
import { heading } from './style.ts';
import { type Cell, more, table } from './table.ts';
import { type Line, paragraph, span } from './text.ts';

/** Rows of a table without --all. */
const MOST = 20;

export function fleetLines(fleet: Fleet, layout: Layout): readonly Line[] {
  const sections = [hostTable, findingTable, oddOnes].map((section) => section(fleet, layout));
  return [
    ...fleetVerdict(fleet).flatMap((sentence) => paragraph('', sentence, layout)),
    ...sections.filter(({ length }) => length > 0).flatMap((lines) => [[], ...lines]),
  ];
}

/** The first sentences: how many hosts are bad, the worst of them, and which ones differ. */
export function fleetVerdict({ hosts, unread }: Fleet): readonly string[] {
  const broken = hosts.filter(({ severities }) => severities.error > 0);
  const least = leastLocal(hosts);
  const odd = hosts.filter(({ differs }) => differs.length > 0);
  const of = count(hosts.length, 'host');
  return [
    broken.length === 0
      ? `None of ${of} has an error.`
      : `${broken.length} of ${of} ${broken.length === 1 ? 'has' : 'have'} errors: ${namesOf(broken)}.`,
    ...(least === null ? [] : [leastText(least)]),
    ...(odd.length === 0 ? [] : [oddText(odd)]),
    ...(unread.length === 0 ? [] : [`${count(unread.length, 'file')} could not be read.`]),
  ];
}

const namesOf = (hosts: readonly Member[]): string => names(hosts.map(({ host }) => host));

const oddText = (odd: readonly Member[]): string =>
  `${namesOf(odd)} ${odd.length === 1 ? 'differs from its' : 'differ from their'} peers.`;

/** As `shareTone` rounds. */
const ALL = 0.995;

const share = ({ measured, expected }: Member): number | null => measured ?? expected;

function leastLocal(hosts: readonly Member[]): Member | null {
  const known = hosts.filter((each) => share(each) !== null);
  return known.toSorted((a, b) => Number(share(a)) - Number(share(b)))[0] ?? null;
}

function leastText({ host, measured, expected, group }: Member): string {
  if ((measured ?? expected ?? 0) >= ALL) return 'Wherever the locality is known, it is 100 %.';
  const lowest =
    measured === null
      ? `The lowest expected locality is ${percent(expected)}`
      : `The lowest measured locality is ${percent(measured)}`;
  return `${lowest}: ${host}${measured === null && group !== null ? `, ${group}` : ''}.`;
}

function hostTable({ hosts }: Fleet, layout: Layout): readonly Line[] {
  const shown = layout.all ? hosts : hosts.slice(0, MOST);
  const any = (of: (host: Member) => unknown) => hosts.some((each) => of(each) !== null);
  const [measured, drift] = [any((each) => each.measured), any((each) => each.drift)];
  return [
    heading(`Hosts, the worst first`, layout),
    ...table(
      [
        { head: 'HOST', align: 'left' },
        { head: 'EXPECTED', align: 'right' },
        { head: 'MEASURED', align: 'right' },
        { head: 'DRIFT', align: 'right' },
        { head: 'ERRORS', align: 'right' },
        { head: 'WARNINGS', align: 'right' },
        { head: 'DIFFERS', align: 'right' },
        { head: 'SERVES', align: 'left', give: 'wrap' },
      ],
      shown.map((each): readonly Cell[] => [
        span(each.host, each.severities.error > 0 ? 'strong' : null),
        span(percent(each.expected), shareTone(each.expected)),
        measured ? span(percent(each.measured), shareTone(each.measured)) : '',
        drift ? String(each.drift ?? UNKNOWN) : '',
        tally(each, 'error'),
        tally(each, 'warning'),
        String(each.differs.length),
        each.role.join(', ') || UNKNOWN,
      ]),
      layout,
    ),
    ...more(hosts.length - shown.length, 'host'),
  ];
}

const tally = ({ severities }: Member, severity: Severity): Cell =>
  span(String(severities[severity]), severities[severity] > 0 ? 'strong' : null);

function findingTable({ hosts, findings }: Fleet, layout: Layout): readonly Line[] {
  if (findings.length === 0) return [];
  return [
    heading('Findings', layout),
    ...table(
      [
        { head: 'FINDING', align: 'left' },
        { head: 'SEVERITY', align: 'left' },
        { head: 'HOSTS', align: 'right' },
        { head: 'SHARE', align: 'right' },
      ],
      findings.map(({ rule, severity, hosts: with_ }) => [
        rule,
        severity,
        String(with_),
        percent(with_ / hosts.length),
      ]),
      layout,
    ),
    ...paragraph('', '`locality-tune findings RULE` says what one means and how to fix it.', layout),
  ];
}

/** `RX queues of eth0 2; 8 on 11 of 12 peers`. */
function oddOnes({ hosts }: Fleet, layout: Layout): readonly Line[] {
  const rows = hosts.flatMap(({ host, differs }) => differs.map((each) => ({ host, ...each })));
  if (rows.length === 0) return [];
  const shown = layout.all ? rows : rows.slice(0, MOST);
  return [
    heading('Unlike their peers, which serve the same ports', layout),
    ...table(
      [
        { head: 'HOST', align: 'left' },
        { head: 'WHAT', align: 'left' },
        { head: 'HERE', align: 'left', give: 'wrap' },
        { head: 'PEERS', align: 'left', give: 'wrap' },
        { head: 'AGREE', align: 'right' },
      ],
      shown.map(({ host, ...difference }) => [host, ...differenceCells(difference)]),
      layout,
    ),
    ...more(rows.length - shown.length, 'difference'),
  ];
}

export const differenceCells = ({ trait, value, peers, agree, of }: Difference): readonly string[] => [
  trait,
  value,
  peers,
  `${agree} of ${of}`,
];
