/** What `doctor` prints: what cannot work and its remedy first, then everything else in a table. */
import type { Examined } from '../doctor/types.ts';
import { count, names } from '../words/phrase.ts';
import { commandLines } from './commands.ts';
import { table } from './table.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

const SAYS = new Map<boolean | null, string>([
  [true, 'yes'],
  [false, 'NO'],
  [null, '-'],
]);

export function doctorLines(examined: readonly Examined[], style: Style): readonly Line[] {
  const failed = examined.filter(({ ok }) => ok === false);
  const rest = examined.filter(({ ok }) => ok !== false);
  return [
    ...paragraph('', verdict(failed, examined.length), style, 'strong'),
    ...byFix(failed).flatMap((each) => [[span('')], ...failedLines(each, style)]),
    ...(rest.length === 0 ? [] : [[span('')], ...table(COLUMNS, rest.map(row), style)]),
    ...adviceLines(rest, style),
  ];
}

const COLUMNS = [
  { head: 'CHECK', align: 'left' as const },
  { head: 'OK', align: 'left' as const },
  { head: 'DETAIL', align: 'left' as const, give: 'wrap' as const },
];

const row = ({ id, ok, detail }: Examined) => [span(id), span(SAYS.get(ok) ?? ''), detail];

function verdict(failed: readonly Examined[], all: number): string {
  if (failed.length === 0) return `Everything works that was checked (${count(all, 'check')}).`;
  const commands = [...new Set(failed.flatMap((each) => each.commands))];
  const what = commands.length === 0 ? '' : ` These commands cannot do all of their job: ${names(commands)}.`;
  return `${count(failed.length, 'check')} of ${all} failed.${what}`;
}

/** Checks with the same remedy; those without one alone. */
const byFix = (examined: readonly Examined[]): readonly (readonly Examined[])[] => [
  ...Map.groupBy(examined, ({ id, fix }) => fix ?? id).values(),
];

const failedLines = (alike: readonly Examined[], style: Style): readonly Line[] => [
  ...[...Map.groupBy(alike, ({ detail }) => detail)].flatMap(([detail, same]) =>
    paragraph('NO ', `${detail} [${same.map(({ id }) => id).join(', ')}]`, style, 'strong'),
  ),
  ...fixLines(alike[0]?.fix ?? null, style),
];

/** A command stays whole, so that it can be copied. */
const fixLines = (fix: string | null, style: Style): readonly Line[] =>
  fix === null ? [] : isCommand(fix) ? commandLines(fix, '   ', style) : paragraph('   ', fix, style);

/** Programs that a fix may start. */
const PROGRAMS =
  /^(sudo|apt|dnf|zypper|apk|pacman|mount|modprobe|systemctl|chown|hwclock|timedatectl|echo|locality-tune) /;

const isCommand = (fix: string): boolean => PROGRAMS.test(fix);

function adviceLines(rest: readonly Examined[], style: Style): readonly Line[] {
  const advised = byFix(rest.filter(({ fix }) => fix !== null));
  if (advised.length === 0) return [];
  return [
    [span('')],
    [span('To get more:', 'strong')],
    ...advised.flatMap((alike) =>
      paragraph(`  ${alike.map(({ id }) => id).join(', ')}: `, alike[0]?.fix ?? '', style),
    ),
  ];
}
