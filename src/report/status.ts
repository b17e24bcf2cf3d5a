/** What `status` prints: the verdict, what was applied by whom, and each setting in force. */
import type { Author } from '../tune/author.ts';
import type { ListedJournal } from '../tune/journal-list.ts';
import { brief } from '../tune/refusal.ts';
import type { SettingState, Standing, StandingSetting, StatusVerdict } from '../tune/status.ts';
import { mentionNetns } from '../words/in-netns.ts';
import { count, names } from '../words/phrase.ts';
import { type Column, table } from './table.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

interface Shown extends Standing {
  readonly verdict: StatusVerdict;
  readonly journals: readonly ListedJournal[];
  readonly notes: readonly string[];
  readonly dropIns: readonly string[];
}

const COLUMNS: readonly Column[] = [
  { head: 'what', align: 'left' },
  { head: 'subject', align: 'left' },
  { head: 'set to', align: 'left', give: 'cut' },
  { head: 'is', align: 'left', give: 'cut' },
  { head: 'by', align: 'left' },
];

const PENDING = 'an IRQ moves at its next interrupt';

export function statusLines(shown: Shown, style: Style): Line[] {
  const { journals, settings, drift, pending, notes } = shown;
  const stopped = settings.filter(({ journal, state }) => journal === null && state === 'ended');
  const listed = settings.filter((each) => !stopped.includes(each));
  const attached = listed.filter(({ journal }) => journal === null);
  const lines: Line[] = [
    [span(verdictText(shown), shown.verdict === 'drift' ? 'remote' : null)],
    ...journals.flatMap((each) => journalLines(each, style)),
    ...attached.flatMap(({ subject, time, by }) =>
      paragraph(
        'attached: ',
        `${subject}, ${time === null ? 'it was not noted when and by whom' : `${time}${author(by)}`}`,
        asTyped(style),
      ),
    ),
    ...(listed.length > 0 ? table(COLUMNS, listed.map(row), style) : []),
    ...(stopped.length > 0 ? paragraph('ended: ', endedText(stopped), style) : []),
  ];
  for (const { subject, wanted, is, likely } of drift) {
    const now = is === null ? 'unreadable' : brief(is);
    lines.push(
      ...paragraph(
        'drift: ',
        `${subject}: set to ${brief(wanted)}, is ${now}; likely ${likely}`,
        style,
        'remote',
      ),
    );
  }
  for (const { subject, state, why } of settings)
    if (state === 'unknown') lines.push(...paragraph('not known: ', `${subject}: ${why}`, style));
  if (pending.length > 0)
    lines.push(...paragraph('pending: ', `${names(pending)}: not on the new CPU yet: ${PENDING}`, style));
  lines.push(
    ...shown.dropIns.flatMap((path) => paragraph('at each start: ', `${path} attaches a program`, style)),
  );
  return [...lines, ...notes.flatMap((note) => paragraph('note: ', note, style))];
}

/** Servers come and go all day: they have one line. */
const endedText = (stopped: readonly StandingSetting[]): string =>
  `${count(stopped.length, 'program')} with ${stopped.length === 1 ? 'its server' : 'their servers'}: ${names(
    stopped.map(({ subject }) => subject),
  )}; \`locality-tune detach --port PORT\` (with --udp for UDP) removes the record of one`;

const STATES: Readonly<Record<SettingState, string>> = {
  'as-set': 'as set',
  drift: 'drift',
  pending: 'pending',
  ended: 'ended with its process',
  unknown: 'not known',
};

function row({ kind, subject, wanted, is, state, journal }: StandingSetting): readonly string[] {
  const now = state === 'drift' && is !== null ? brief(is) : STATES[state];
  return [kind, subject, brief(wanted), now, journal === null ? 'attach' : `journal ${journal}`];
}

const PLACES = {
  here: '',
  elsewhere: ', in another network namespace',
  before: ', before this boot: its settings are gone',
  gone: ', in a network namespace that has gone: its settings are gone',
} as const;

function journalLines({ file, journal, place }: ListedJournal, style: Style): Line[] {
  const { header, steps, persisted, ended } = journal;
  const done = steps.filter(({ outcome }) => outcome === 'done').length;
  const undo = mentionNetns('`locality-tune undo`', style.netns ?? null);
  const cut = ended || place !== 'here' ? '' : `, interrupted: ${undo} restores what it changed`;
  const what = `${count(done, 'setting')}, ${header.time}${PLACES[place]}${cut}${author(header.by)}`;
  return [
    ...paragraph(`journal ${file.id}: `, what, asTyped(style)),
    ...persisted.map(({ unit }) => [span(`  applied at boot by ${unit}`)]),
  ];
}

/** Commands that were typed stay as they were. */
const asTyped = (style: Style): Style => ({ ...style, netns: null });

function author(by: Author | null): string {
  return by === null ? '' : `, ${by.user ?? 'unknown user'} with version ${by.version}: \`${by.command}\``;
}

const inForce = ({ settings }: Standing) => settings.filter(({ state }) => state !== 'ended');

function verdictText(shown: Shown): string {
  const { verdict, journals, drift, settings } = shown;
  const all = count(inForce(shown).length, 'setting');
  switch (verdict) {
    case 'as-set':
      return `no drift: ${all} as ${inForce(shown).length === 1 ? 'it was' : 'they were'} set`;
    case 'drift':
      return `drift: ${drift.length} of ${all}`;
    case 'unknown':
      return `not known whether everything is as it was set`;
    case 'nothing':
      if (settings.length > 0) return 'nothing is in force: what was applied has ended with its processes';
      return journals.some(({ place }) => place === 'elsewhere')
        ? 'nothing is applied in this network namespace'
        : 'nothing is applied';
  }
}

/** As Monitoring Plugins print it: one line, and what is counted behind a bar. */
export function monitoringLine(shown: Shown): string {
  const { verdict, drift, notes, settings } = shown;
  const words = { 'as-set': 'OK', drift: 'WARNING', nothing: 'UNKNOWN', unknown: 'UNKNOWN' }[verdict];
  const unread = settings.filter(({ state }) => state === 'unknown').map(({ subject }) => subject);
  const details = [
    ...drift.map(
      ({ subject, is, wanted }) => `${subject} is ${brief(is ?? 'unreadable')}, not ${brief(wanted)}`,
    ),
    ...(verdict === 'unknown' ? [...unread, ...notes] : []),
  ];
  const text = [verdictText(shown), ...(details.length > 0 ? [names(details)] : [])].join(': ');
  return `locality-tune ${words}: ${text.replaceAll('|', '/')} | settings=${inForce(shown).length} drift=${drift.length}`;
}
