import { describe, expect, it } from 'vitest';
import { parseRuleTexts } from '../../../src/diagnose/rule-texts.ts';
import { findingsPage } from '../../../src/system/package.ts';
import { run } from '../run.ts';

const texts = parseRuleTexts(findingsPage());

describe('findings', () => {
  it('lists every rule with its severities and what it sees, in 100 columns', async () => {
    const { status, stdout, stderr } = await run(['findings']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    for (const { rule, severities } of texts) {
      const line = lines.find((each) => each.startsWith(`${rule} `));
      expect(line).toContain(severities.join(', '));
    }
    expect(stdout).toContain('`locality-tune findings RULE`');
  });

  it('explains one rule, with the words of the page', async () => {
    const { status, stdout } = await run(['findings', 'threaded-napi']);
    expect(status).toBe(0);
    const text = texts.find(({ rule }) => rule === 'threaded-napi');
    const words = stdout.replace(/\s+/g, ' ');
    expect(stdout).toMatch(/^threaded-napi\n/);
    for (const value of [text?.severity, text?.sees, text?.costs, text?.fix, text?.ignore])
      expect(words).toContain(value);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('prints both as JSON', async () => {
    const [all, one] = await Promise.all([run(['findings', '-j']), run(['findings', 'group-drops', '-j'])]);
    expect(JSON.parse(all.stdout)).toEqual({ schema: 'locality-tune.findings/1', rules: texts });
    const text = texts.find(({ rule }) => rule === 'group-drops');
    expect(JSON.parse(one.stdout)).toEqual({ schema: 'locality-tune.findings/1', ...text });
  });

  it.each([
    ['irq-share-cpu', 'did you mean irqs-share-cpu?'],
    ['nonsense', '`locality-tune findings` lists them'],
  ])('does not know %s, exit 2', async (rule, hint) => {
    const stderr = `locality-tune: findings '${rule}': no such rule; ${hint}\n`;
    expect(await run(['findings', rule])).toEqual({ status: 2, stdout: '', stderr });
  });
});
