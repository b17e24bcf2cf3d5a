/** The first lines: how local packets are, and the one command that fixes it. */

import type { Finding, Severity } from '../diagnose/types.ts';
import { isElsewhere } from '../host/other-namespaces.ts';
import type { Group } from '../host/types.ts';
import { steerCommand } from '../words/commands.ts';
import { count, names, percent, UNKNOWN } from '../words/phrase.ts';
import { shareTone } from './format.ts';
import { chosenBy, type Inspection, type Layout, type Ranked, rank } from './inspection.ts';
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
  const command = steerCommand(host);
  const fixes = findings.flatMap(({ fix }) => fix);
  // As printed there: with --netns if the user named a namespace.
  const printed = (bare: string) => fixes.find((fix) => fix === bare || fix.startsWith(`${bare} --netns `));
  const offered = (group: Group) =>
    ['cpu', 'map'].flatMap((program) => command('attach', group, program).map(printed)).find(Boolean) ?? null;
  const findingsOf = ({ id }: Group) => ({
    all: findings.length,
    pins: findings.some(
      ({ rule, subject, fix }) => rule === 'worker-not-pinned' && fix.length > 0 && subject.includes(id),
    ),
    fixes: findings.some(({ subject, fix }) => fix.length > 0 && subject.includes(id)),
  });
  const elsewhere = host.notes.filter(isElsewhere);
  const unknown = all.length === 0 || ranked.some(({ now }) => now === null);
  return [
    ...(all.length === 0 ? paragraph('', noGroups(inspection), layout) : []),
    ...shown.flatMap((each) =>
      groupVerdict(each, outlook(each, offered(each.group), findingsOf(each.group)), layout),
    ),
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

interface FindingsOfGroup {
  readonly all: number;
  /** Are its workers to be pinned first? */
  readonly pins: boolean;
  /** Does one about the group have commands? */
  readonly fixes: boolean;
}

/** The command comes from a finding, which gives it only if nothing else must be done first. */
function outlook({ now, cpu }: Ranked, offered: string | null, findings: FindingsOfGroup): string {
  if (now !== null && now >= 0.995)
    return findings.fixes ? ' The findings propose changes for other reasons.' : ' Nothing to gain.';
  const gain = cpu !== null && cpu > (now ?? 0) + 0.005;
  if (offered !== null && findings.pins) return ' The commands of the findings fix it, in their order.';
  if (offered !== null)
    return gain ? ` ${percent(cpu)} possible with \`${offered}\`.` : ` \`${offered}\` fixes it.`;
  const prevented = findings.all > 0 ? '; the findings say what prevents it' : '';
  if (gain) return ` With \`cpu\` it would be ${percent(cpu)}${prevented}.`;
  return now !== null && findings.all > 0 ? ' The findings say what prevents it.' : '';
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
