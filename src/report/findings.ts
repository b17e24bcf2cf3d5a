/** Findings, most severe first, each with the commands that fix it. */

import type { Finding, Severity } from '../diagnose/types.ts';
import { count, names } from '../words/phrase.ts';
import { commandLines } from './commands.ts';
import { type Fold, gather } from './fold.ts';
import type { Layout } from './inspection.ts';
import { type Line, paragraph } from './text.ts';

const GRAVITY: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };
const BULLET: Readonly<Record<Severity, string>> = { error: '●', warning: '●', info: '○' };
/** If a rule has more findings than this, only the first ones are shown, and how many there are. */
const EACH = 3;
/** Most lines of commands under one finding. */
const COMMANDS = 10;
const INDENT = '    ';

export function findingLines(findings: readonly Finding[], layout: Layout): readonly Line[] {
  const sorted = findings.toSorted((a, b) => GRAVITY[a.severity] - GRAVITY[b.severity]);
  return gather(sorted, ({ rule, severity }) => `${severity} ${rule}`).flatMap((found) =>
    ruleLines(found, layout),
  );
}

function ruleLines({ rows }: Fold<Finding>, layout: Layout): readonly Line[] {
  const shown = layout.all || rows.length <= EACH + 1 ? rows : rows.slice(0, EACH);
  const rest = rows.slice(shown.length).map(({ subject }) => subject);
  const more = `${rest.length} more of this kind: ${names(rest)}. Use --all to show them.`;
  return [
    ...shown.flatMap((finding) => one(finding, layout)),
    ...(rest.length > 0 ? paragraph('  ', more, layout) : []),
  ];
}

function one({ rule, severity, subject, message, fix }: Finding, layout: Layout): readonly Line[] {
  return [
    ...paragraph(`${BULLET[severity]} `, `${severity}: ${subject} [${rule}]`, layout, 'strong'),
    ...paragraph('  ', message, layout),
    ...fixLines(fix, layout),
  ];
}

/** Only whole commands: after half a command a shell would wait for the rest. */
function fixLines(fix: readonly string[], layout: Layout): readonly Line[] {
  const shown: Line[] = [];
  for (const [at, command] of fix.entries()) {
    const lines = commandLines(command, INDENT, layout);
    if (!layout.all && shown.length + lines.length > COMMANDS) {
      const left = count(fix.length - at, at === 0 ? 'command' : 'more command');
      return [
        ...shown,
        ...paragraph(`${INDENT}# `, `${left}: --all prints ${fix.length - at === 1 ? 'it' : 'them'}`, layout),
      ];
    }
    shown.push(...lines);
  }
  return shown;
}
