/** `locality-tune findings`: the list of rules, or one of them. */
import { inBrief, parseRuleTexts } from '../../diagnose/rule-texts.ts';
import { ruleLines } from '../../report/rule-text.ts';
import { table } from '../../report/table.ts';
import { paragraph, span } from '../../report/text.ts';
import { findingsPage } from '../../system/package.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, styleOf } from '../output.ts';
import { noSuchRule } from '../rule-names.ts';

const SCHEMA = 'locality-tune.findings/1';

export function listRules(options: Globals): void {
  const rules = parseRuleTexts(findingsPage());
  if (options.json || options.pretty) {
    printDocument({ schema: SCHEMA, rules }, options);
    return;
  }
  const style = styleOf(options.color, process.stdout, process.env);
  const columns = [
    { head: 'RULE', align: 'left' as const },
    { head: 'SEVERITY', align: 'left' as const },
    { head: 'SEES', align: 'left' as const, give: 'wrap' as const },
  ];
  const rows = rules.map((text) => [span(text.rule, 'strong'), text.severities.join(', '), inBrief(text)]);
  const more = '`locality-tune findings RULE` says what one costs, how to fix it, and when to ignore it.';
  printLines([...table(columns, rows, style), [span('')], ...paragraph('', more, style)], style);
}

/** Throws usage. */
export function showRule(rule: string, options: Globals): void {
  const rules = parseRuleTexts(findingsPage());
  const text = rules.find((each) => each.rule === rule);
  if (text === undefined) throw noSuchRule('findings', rule, rules);
  if (options.json || options.pretty) {
    printDocument({ schema: SCHEMA, ...text }, options);
    return;
  }
  const style = styleOf(options.color, process.stdout, process.env);
  printLines(ruleLines(text, style), style);
}
