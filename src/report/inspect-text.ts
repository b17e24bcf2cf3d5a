/** The report of `inspect`, top to bottom: the verdict, the evidence, the fixes, then the rest. */

import { rank } from '../diagnose/ranked.ts';
import type { Finding } from '../diagnose/types.ts';
import { isElsewhere } from '../host/other-namespaces.ts';
import { names } from '../words/phrase.ts';
import { findingLines } from './findings.ts';
import { groupTable, guessed, loneLines, memberLines } from './groups.ts';
import { chosenBy, type Inspection, type Layout } from './inspection.ts';
import { kernelThreadLines } from './kernel-threads.ts';
import { machineLines } from './machine.ts';
import { interfaceLines, rssLines } from './nics.ts';
import { pathLines } from './paths.ts';
import { queueLines } from './queues.ts';
import { ruleLines } from './rss-rules.ts';
import { heading } from './style.ts';
import { type Line, paragraph } from './text.ts';
import { verdict } from './verdict.ts';

/** Most groups shown in full; a machine may have hundreds. */
const MOST = 3;

export function inspectLines(inspection: Inspection, layout: Layout): readonly Line[] {
  const { host, paths, findings } = inspection;
  const ranked = rank(inspection).map(({ group }) => group);
  const shown = layout.all ? ranked : ranked.slice(0, MOST);
  const byGroup = Map.groupBy(paths, ({ group }) => group);
  const groupless = byGroup.get(null) ?? [];
  return [
    ...verdict(inspection, layout),
    ...shown.flatMap((group) => {
      const title = `Paths  ${group.id}, ${chosenBy(group)}`;
      return section(title, pathLines(byGroup.get(group.id) ?? [], group, layout), layout);
    }),
    ...section('Paths  no reuseport group', pathLines(groupless, null, layout), layout),
    ...section('Findings', findingSection(findings, layout), layout),
    ...section('Groups', groupTable(ranked, layout), layout),
    ...shown.flatMap((group) => {
      const title = `Sockets  ${group.id}${guessed(group) ? ', slots guessed' : ''}`;
      return section(title, memberLines(group, layout), layout);
    }),
    ...section('Sockets without a group', loneLines(host, layout), layout),
    ...section('Interfaces', host.nics.length === 0 ? [] : interfaceLines(host, layout), layout),
    ...section('RSS', rssLines(host, layout), layout),
    ...section('RSS rules and contexts', ruleLines(host, layout), layout),
    ...section('Queues', queueLines(host, layout), layout),
    ...section('Kernel threads', kernelThreadLines(host, layout), layout),
    ...section('Machine', machineLines(host.machine, layout), layout),
    ...section('Notes', noteLines(inspection, layout), layout),
  ];
}

function findingSection(findings: readonly Finding[], layout: Layout): readonly Line[] {
  if (findings.length === 0) return [];
  const more = '`locality-tune findings RULE` explains the rule in brackets, and says when to ignore it.';
  return [...findingLines(findings, layout), ...paragraph('', more, layout)];
}

function section(title: string, lines: readonly Line[], layout: Layout): readonly Line[] {
  return lines.length === 0 ? [] : [[], heading(title, layout), ...lines];
}

/** What is not known and why; a note that several share is printed once. */
function noteLines({ host, expected, paths }: Inspection, layout: Layout): readonly Line[] {
  // The verdict and the paths say them already.
  const said = new Set(paths.map(({ group, why }) => `${group} ${why}`));
  const noted = [
    ...host.notes.filter((note) => !isElsewhere(note)).map((note) => ({ whose: '', note })),
    ...host.nics.flatMap(({ name, notes }) => notes.map((note) => ({ whose: name, note }))),
    ...host.groups.flatMap(({ id, notes }) => notes.map((note) => ({ whose: id, note }))),
    ...expected.flatMap(({ group, now, notes }) =>
      notes
        // Why a program would be as unknown as today's choice is not worth a line of its own.
        .filter((note) => now !== null || !/^(hash|cpu)(, cpu)?: /.test(note))
        .filter((note) => !said.has(`${group} ${note.replace(/^now(, (hash|cpu))*: /, '')}`))
        .map((note) => ({ whose: group, note })),
    ),
  ];
  return [...Map.groupBy(noted, ({ note }) => note)].flatMap(([note, of]) => {
    const whose = names([...new Set(of.map((each) => each.whose))].filter((name) => name !== ''));
    return paragraph('- ', whose === '' ? note : `${whose}: ${note}`, layout);
  });
}
