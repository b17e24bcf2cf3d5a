/** `--fail-on` and `--ignore`: findings as an exit status. */
import type { Command } from 'commander';
import type { Finding, Severity } from '../../diagnose/types.ts';
import { usage } from '../errors.ts';
import { collect } from '../options.ts';

const FAIL_ON = ['warning', 'error'] as const;

export interface FailOnOptions {
  /** Findings of this severity or a worse one fail the command. */
  readonly failOn?: (typeof FAIL_ON)[number];
  readonly ignore?: readonly string[];
}

export const addFailOn = (command: Command): Command =>
  command
    .option(
      '--fail-on <severity>',
      'exit with 1, after printing, if there is a finding of this severity or a worse one: warning or error',
      severity,
    )
    .option('--ignore <rule>', 'leave out the findings of this rule (repeatable)', collect);

function severity(text: string): (typeof FAIL_ON)[number] {
  const known = FAIL_ON.find((each) => each === text);
  if (known === undefined) throw usage(`--fail-on '${text}': must be one of ${FAIL_ON.join(', ')}`);
  return known;
}

/** Throws usage if there is no such rule. Reads the names of rules only if one is given. */
export async function requireRules({ ignore = [] }: FailOnOptions): Promise<void> {
  if (ignore.length === 0) return;
  const { parseRuleTexts } = await import('../../diagnose/rule-texts.ts');
  const { findingsPage } = await import('../../system/package.ts');
  const { noSuchRule } = await import('../rule-names.ts');
  const rules = parseRuleTexts(findingsPage());
  const unknown = ignore.find((name) => rules.every(({ rule }) => rule !== name));
  if (unknown !== undefined) throw noSuchRule('--ignore', unknown, rules);
}

export interface Sifted {
  readonly findings: readonly Finding[];
  /** How many findings of each rule were left out. */
  readonly ignored: Readonly<Record<string, number>>;
}

export function sift(findings: readonly Finding[], { ignore = [] }: FailOnOptions): Sifted {
  const left = findings.filter(({ rule }) => ignore.includes(rule));
  const ignored = Object.fromEntries(
    [...Map.groupBy(left, ({ rule }) => rule)].map(([rule, of]) => [rule, of.length]),
  );
  return { findings: findings.filter(({ rule }) => !ignore.includes(rule)), ignored };
}

const RANK: Readonly<Record<Severity, number>> = { error: 2, warning: 1, info: 0 };

/** The findings for which the command fails; none without --fail-on. */
export function failing(findings: readonly Finding[], { failOn }: FailOnOptions): readonly Finding[] {
  if (failOn === undefined) return [];
  return findings.filter(({ severity }) => RANK[severity] >= RANK[failOn]);
}
