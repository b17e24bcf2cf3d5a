/** A finding with everything that is known of its rule: what it costs, how to fix it, and when to ignore it. */
import { parseRuleTexts, type RuleText } from '../../src/diagnose/rule-texts.ts';
import type { Finding } from '../../src/diagnose/types.ts';
import { paragraph, wrap } from '../../src/report/text.ts';
import { isErrno } from '../../src/system/errors.ts';
import { findingsPage } from '../../src/system/package.ts';
import { type Line, span } from '../components/line.ts';
import { wrapCommand } from '../components/text.ts';
import type { Theme } from '../theme.ts';

export function findingLines(finding: Finding, columns: number, theme: Theme): Line[] {
  const { rule, severity, subject, message, fix } = finding;
  const style = { color: true, rules: false, unicode: theme.unicode, columns };
  const known = ruleTexts().get(rule);
  const said = (name: string, text: string | undefined): readonly Line[] =>
    text === undefined ? [] : paragraph(name.padEnd(NAME), text, style);
  return [
    ...wrap(subject, columns, theme.unicode).map((line) => [span(line, 'strong')]),
    ...wrap(message, columns, theme.unicode).map((line) => [span(line)]),
    [],
    ...said('costs', known?.costs),
    ...said('ignore', known?.ignore),
    ...said('severity', known?.severity ?? severity),
    ...said('fix', known?.fix),
    [],
    ...(fix.length === 0 ? [[span('No command fixes this.', 'dim')]] : [[span('Commands:', 'strong')]]),
    ...fix.flatMap((command) => wrapCommand(command, '  ', columns, theme)),
  ];
}

const NAME = 'severity  '.length;

let texts: ReadonlyMap<string, RuleText> | null = null;

/** Read when the first finding is opened. */
function ruleTexts(): ReadonlyMap<string, RuleText> {
  texts ??= new Map(parseRuleTexts(readPage()).map((each) => [each.rule, each]));
  return texts;
}

/** A packager may have left it out; the finding's own words remain. */
function readPage(): string {
  try {
    return findingsPage();
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    return '';
  }
}
