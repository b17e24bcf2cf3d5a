/** A plan as a POSIX shell script that can be read, and run without this tool. */
import type { Expected } from '../path/types.ts';
import { percent } from '../words/phrase.ts';
import { word } from '../words/shell.ts';
import { type Change, KINDS, type Plan, type PlannedKind } from './types.ts';

const TITLES: Readonly<Record<PlannedKind, string>> = {
  irqbalance: 'irqbalance leaves these interrupts alone',
  channels: 'Channels',
  rss: 'RSS table',
  fields: 'RSS hash fields of UDP',
  irq: 'Interrupts',
  napi: 'NAPI threads (until the interface goes down)',
  xps: 'XPS: each CPU sends through its own queue',
  rps: 'RPS',
  rfs: 'RFS',
  pin: 'Workers: each on its own CPU (until it restarts)',
  program: 'Steering programs: only locality-tune can attach them from outside the server',
};

export interface Outlook {
  readonly before: readonly Expected[];
  readonly after: readonly Expected[];
}

/** The network namespace that a script is for. */
export interface Inside {
  readonly inode: number;
  /** How to run a script `plan.sh` in it. */
  readonly how: string;
}

/** Where a script may run; null: anywhere. */
export interface Only {
  readonly inside: Inside | null;
  /** On the host of this name. */
  readonly host: string | null;
}

/**
 * The script reports a refused write and continues; its exit status is then 1. @param made the command line that made
 * it
 */
export function toScript(
  plan: Plan,
  { before, after }: Outlook,
  made: string,
  { inside, host }: Only = { inside: null, host: null },
): string {
  // Not wrapped: a command line is meant to be copied.
  const header = ['#!/bin/sh', `# ${printable(made)}`, '#', ...expectations(before, after)];
  const remarks = [
    ...section(
      'Not changed:',
      plan.refused.map(({ subject, why }) => `${subject}: ${why}`),
    ),
    ...section('Notes:', plan.notes),
  ];
  if (plan.changes.length === 0) return lines([...header, ...remarks, '#', '# Nothing to change.', 'exit 0']);
  const body = KINDS.flatMap((kind) => {
    const changes = plan.changes.filter((change) => change.kind === kind);
    return changes.length === 0 ? [] : ['', ...comment(`== ${TITLES[kind]}`), ...changes.flatMap(toLines)];
  });
  return lines([
    ...header,
    ...remarks,
    '',
    ...(host === null ? [] : guardHost(printable(host))),
    ...(inside === null ? [] : guard(inside)),
    ...PROLOGUE,
    ...body,
    '',
    ...EPILOGUE,
  ]);
}

const guard = ({ inode, how }: Inside): readonly string[] => [
  `if [ "$(stat -Lc %i /proc/self/ns/net)" != ${inode} ]; then`,
  `  echo "this plan is for another network namespace: "${word(how)} >&2`,
  '  exit 1',
  'fi',
];

const guardHost = (host: string): readonly string[] => [
  `if [ "$(uname -n)" != ${word(host)} ]; then`,
  `  echo ${word(`this plan is for the host ${host}; to run it here anyway, delete these lines`)} >&2`,
  '  exit 1',
  'fi',
];

const PROLOGUE = ['set -u', 'refused=0', `refused() { refused=$((refused + 1)); echo "refused: $1" >&2; }`];

const EPILOGUE = [
  'if [ "$refused" -gt 0 ]; then',
  '  echo "$refused of the changes were refused" >&2',
  '  exit 1',
  'fi',
];

/** A reason equal to that of the previous change is omitted. */
function toLines(change: Change, index: number, all: readonly Change[]): readonly string[] {
  const { kind, subject, from, to, why, command } = change;
  const reason = all[index - 1]?.why === why ? '' : ` ${why}`;
  const text = `${subject}: ${from === null ? 'unknown' : brief(from)} -> ${brief(to)}.${reason}`;
  const block = command.includes('\n') ? `{\n${indent(command)}\n}` : command;
  return [
    ...comment(text),
    // The environment file is one of two.
    ...(kind === 'irqbalance' ? ['# shellcheck disable=SC1090'] : []),
    `${block} || refused ${word(printable(subject))}`,
  ];
}

const indent = (text: string) => text.replace(/^/gm, '  ');

/** Only the beginning of a long table or program. */
function brief(value: string): string {
  const line = value.replaceAll('\n', '; ');
  return line === '' ? "''" : line.length > 60 ? `${line.slice(0, 57)}...` : line;
}

function expectations(before: readonly Expected[], after: readonly Expected[]): readonly string[] {
  if (after.length === 0) return comment('It is not known which group receives through which interface.');
  const text = (now: number | null = null) => (now === null ? 'not known' : percent(now));
  const former = new Map(before.map((each) => [`${each.group} ${each.nic}`, each]));
  return after.flatMap(({ group, nic, now, busiest, notes }) => {
    const was = former.get(`${group} ${nic}`);
    const why = now === null && notes[0] !== undefined ? ` (${notes[0]})` : '';
    return [
      ...comment(`Expected locality of ${group} through ${nic}: ${text(was?.now)} -> ${text(now)}${why}`),
      ...(busiest === null
        ? []
        : comment(`Share of its busiest worker: ${text(was?.busiest)} -> ${text(busiest)}`)),
    ];
  });
}

function section(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : ['#', ...comment(title), ...items.flatMap((item) => comment(`- ${item}`))];
}

const WIDTH = 100;

/** A process may have any name: a name must not end the comment that contains it. */
function comment(text: string): readonly string[] {
  const found: string[] = [];
  let line = '#';
  for (const each of printable(text).split(' ')) {
    if (line.length + 1 + each.length > WIDTH && line !== '#') {
      found.push(line);
      line = '#  ';
    }
    line += ` ${each}`;
  }
  return [...found, line];
}

function printable(text: string): string {
  return text
    .replaceAll('…', '...')
    .replaceAll('→', '->')
    .replace(/[^\x20-\x7e]/g, '?');
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
