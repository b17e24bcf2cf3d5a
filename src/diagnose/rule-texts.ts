/** What docs/findings.md says of each rule: the page is the only place of these texts. */
import type { Severity } from './types.ts';

export interface RuleText {
  readonly rule: string;
  /** Those that the rule can have, the worst first. */
  readonly severities: readonly Severity[];
  /** When it has which. */
  readonly severity: string;
  readonly sees: string;
  readonly costs: string;
  readonly fix: string;
  /** When it may be ignored. */
  readonly ignore: string;
}

/** Up to the next heading of any level. */
const SECTION = /^## (\S+)\n((?:(?!#+ ).*\n?)*)/gm;
const FIELD = /^- \*\*(\w+):\*\* (.*(?:\n {2}.*)*)/gm;
const SEVERITIES = ['error', 'warning', 'info'] as const;

/** In the order of the page, along the path of a packet. A section that lacks a field is left out. */
export function parseRuleTexts(page: string): readonly RuleText[] {
  return [...page.matchAll(SECTION)].flatMap(([, rule = '', body = '']): RuleText[] => {
    const fields = new Map(
      [...body.matchAll(FIELD)].map(([, name = '', text = '']) => [name, plainText(text)]),
    );
    const [severity, sees, costs, fix, ignore] = ['Severity', 'Sees', 'Costs', 'Fix', 'Ignore'].map(
      (name) => fields.get(name) || null,
    );
    if (!severity || !sees || !costs || !fix || !ignore) return [];
    const severities = SEVERITIES.filter((each) => new RegExp(`\\b${each}\\b`).test(severity));
    return [{ rule, severities, severity, sees, costs, fix, ignore }];
  });
}

/** One line, with the words of a link in place of the link. */
function plainText(markdown: string): string {
  return markdown
    .replace(/\s+/g, ' ')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim();
}

/** The first sentence of what a rule sees, for a list. A full stop within a word or a number ends none. */
export function inBrief({ sees }: RuleText): string {
  return /^.*?[.:](?= [A-Z]|$)/.exec(sees)?.[0] ?? sees;
}
