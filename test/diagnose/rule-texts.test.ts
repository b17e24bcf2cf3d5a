import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inBrief, parseRuleTexts } from '../../src/diagnose/rule-texts.ts';
import { findingsPage } from '../../src/system/package.ts';

const RULES = join(import.meta.dirname, '../../src/diagnose/rules');
const rules = readdirSync(RULES).map((file) => file.replace('.ts', ''));
const texts = parseRuleTexts(findingsPage());

describe('docs/findings.md', () => {
  it('has a section with every field for each rule, named as its file, and no other', () => {
    expect(texts.map(({ rule }) => rule).toSorted()).toEqual(rules.toSorted());
    expect(findingsPage().match(/(?<=^## ).*/gm)).toEqual(texts.map(({ rule }) => rule));
  });

  it.each(rules)('of %s names the severities that the rule can have', (rule) => {
    const code = readFileSync(join(RULES, `${rule}.ts`), 'utf8');
    expect(code).toContain(`rule: '${rule}'`);
    const own = ['error', 'warning', 'info'].filter((severity) => code.includes(`'${severity}'`));
    expect(texts.find((text) => text.rule === rule)?.severities).toEqual(own);
  });

  it('holds nothing that only Markdown shows', () => {
    for (const text of texts)
      for (const value of [text.severity, text.sees, text.costs, text.fix, text.ignore])
        expect(value).not.toMatch(/\*\*|\]\(|\n| {2}|^[-#|]/);
  });
});

describe('the texts of a page', () => {
  const section = (rule: string) =>
    `## ${rule}\n- **Severity:** warning; info on [lo](x.md#y).\n- **Sees:** a thing\n  of two lines. More.\n- **Costs:** much.\n- **Fix:** \`it\`.\n- **Ignore:** never.\n`;

  it('are its sections up to the next heading, each field as one line', () => {
    const [first, second, ...rest] = parseRuleTexts(
      `# T\n\nText.\n\n${section('a')}\n${section('b-c')}\n# End\n- **Fix:** none.\n`,
    );
    expect(rest).toEqual([]);
    expect(second?.rule).toBe('b-c');
    expect(first).toEqual({
      rule: 'a',
      severities: ['warning', 'info'],
      severity: 'warning; info on lo.',
      sees: 'a thing of two lines. More.',
      costs: 'much.',
      fix: '`it`.',
      ignore: 'never.',
    });
    expect(first && inBrief(first)).toBe('a thing of two lines.');
  });

  it.each(['Severity', 'Sees', 'Costs', 'Fix', 'Ignore'])('are left out without %s', (field) => {
    expect(parseRuleTexts(section('a').replace(`**${field}:**`, '**Other:**'))).toEqual([]);
  });

  it('of any page are read', () => {
    const words = fc.constantFrom('## a\n', '- **Sees:** ', '  ', '\n', '# ', 'info', '**', '](', 'x');
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (parts) => void parseRuleTexts(parts.join(''))),
    );
    fc.assert(fc.property(fc.string(), (page) => void parseRuleTexts(page)));
  });
});
