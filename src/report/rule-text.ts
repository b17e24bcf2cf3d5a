/** What docs/findings.md says of one rule, for a terminal. */
import type { RuleText } from '../diagnose/rule-texts.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

export function ruleLines(
  { rule, severity, sees, costs, fix, ignore }: RuleText,
  style: Style,
): readonly Line[] {
  return [
    [span(rule, 'strong')],
    ...paragraph('severity  ', severity, style),
    ...paragraph('sees      ', sees, style),
    ...paragraph('costs     ', costs, style),
    ...paragraph('fix       ', fix, style),
    ...paragraph('ignore    ', ignore, style),
  ];
}
