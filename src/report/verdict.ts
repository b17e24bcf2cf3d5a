/** The first lines: how local packets are, and the one command that fixes it. */

import { type Ranked, rank } from '../diagnose/ranked.ts';
import type { Finding, Severity } from '../diagnose/types.ts';
import { isElsewhere } from '../host/other-namespaces.ts';
import { count, names, percent, UNKNOWN } from '../words/phrase.ts';
import { shareTone } from './format.ts';
import { chosenBy, type Inspection, type Layout } from './inspection.ts';
import { outlooks } from './outlook.ts';
import { type Line, paragraph, span } from './text.ts';

const MOST = 4;
const NUMBER = 7;
const INDENT = ' '.repeat(NUMBER + 2);

export function verdict(inspection: Inspection, layout: Layout): readonly Line[] {
  const { host, findings, remedy } = inspection;
  const all = rank(inspection);
  const ranked = all.filter(({ byNic }) => byNic.length > 0);
  const unfed = all.filter(({ byNic }) => byNic.length === 0).map(({ group }) => group.id);
  const shown = layout.all ? ranked : ranked.slice(0, MOST);
  const rest = ranked.length - shown.length;
  const outlook = outlooks(inspection);
  const elsewhere = host.notes.filter(isElsewhere);
  const unknown = all.length === 0 || ranked.some(({ now }) => now === null);
  return [
    ...(all.length === 0 ? paragraph('', noGroups(inspection), layout) : []),
    ...shown.flatMap((each) => groupVerdict(each, outlook(each), layout)),
    ...(rest > 0 ? paragraph(INDENT, `${count(rest, 'more group')}: --all shows them.`, layout) : []),
    ...(unfed.length > 0 ? paragraph(`${UNKNOWN.padStart(NUMBER)}  `, unfedText(unfed), layout) : []),
    ...(elsewhere.length > 0 ? paragraph('', `${elsewhere.join('. ')}.`, layout) : []),
    ...(unknown && remedy !== null && elsewhere.length === 0 ? paragraph('', remedy, layout) : []),
    [],
    ...paragraph('', tally(findings, unknown), layout),
  ];
}

function groupVerdict(each: Ranked, better: string, layout: Layout): readonly Line[] {
  const lead = `${percent(each.now).padStart(NUMBER)}  `;
  const [first, ...rest] = paragraph(lead, `${today(each)}${better}`, layout);
  return first === undefined ? [] : [[span(lead, shareTone(each.now)), ...first.slice(1)], ...rest];
}

/** A note names which of now, hash and cpu it is about, unless it is about all. */
const OF_COLUMNS = /^(?:now|hash|cpu)(?:, (?:hash|cpu))*: /;

function today({ group, now, byNic, notes }: Ranked): string {
  if (now === null) {
    const why = notes[0]?.replace(OF_COLUMNS, '') ?? 'a setting that decides it could not be read';
    return `The locality of ${group.id} is not known: ${why}.`;
  }
  const several = new Set(byNic.map((nic) => nic.now)).size > 1;
  const shares = several ? ` (${names(byNic.map((nic) => `${nic.nic} ${percent(nic.now)}`))})` : '';
  const way = `${chosenBy(group)} over ${count(group.size, 'socket')}`;
  return `expected locality of ${group.id} today${shares}, ${way}.`;
}

function unfedText(groups: readonly string[]): string {
  const what = 'Their locality can be measured, but not computed in advance.';
  return `Packets to ${names(groups)} arrive through no interface that is known. ${what}`;
}

/** If something could not be read, nothing follows from what was not seen. */
function noGroups({ host, remedy, port }: Inspection): string {
  const there = host.groups.length + host.lone.length;
  if (port !== undefined && there === 0)
    return `Nothing ${remedy === null ? 'is' : 'was seen'} on port ${port}: no process listens on it with TCP, and no UDP socket is bound to it.`;
  const where = port === undefined ? '' : ` on port ${port}`;
  const queues = host.nics.reduce((sum, nic) => sum + nic.rxQueues.length, 0);
  const seen = `${count(host.nics.length, 'interface')} with ${count(queues, 'rx queue')}`;
  const groups = `reuseport group of two or more sockets${where}`;
  return remedy === null
    ? `There is no ${groups}, so no program can pick a worker (${seen}).`
    : `No ${groups} was seen (${seen}).`;
}

function tally(findings: readonly Finding[], unknown: boolean): string {
  if (findings.length === 0) return unknown ? 'No findings; not everything could be read.' : 'No findings.';
  const bySeverity = Map.groupBy(findings, ({ severity }) => severity);
  const order: readonly Severity[] = ['error', 'warning', 'info'];
  const parts = order.flatMap((severity) => {
    const found = bySeverity.get(severity)?.length ?? 0;
    if (found === 0) return [];
    return [severity === 'info' ? `${found} for information` : count(found, severity)];
  });
  return `${count(findings.length, 'finding')}: ${parts.join(', ')}.`;
}
