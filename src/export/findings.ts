/** Metrics of findings: how many each rule has, with a zero for every rule without any. */
import type { Finding } from '../diagnose/types.ts';
import type { Scrape } from './scrape.ts';
import type { RuleSeverities } from './types.ts';

export function addFindings(
  scrape: Scrape,
  findings: readonly Finding[],
  rules: readonly RuleSeverities[],
): void {
  const keyOf = (rule: string, severity: string) => `${severity} ${rule}`;
  const counts = new Map(
    rules.flatMap(({ rule, severities }) => severities.map((severity) => [keyOf(rule, severity), 0])),
  );
  for (const { rule, severity } of findings) {
    const key = keyOf(rule, severity);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const [key, count] of counts) {
    const [severity = '', rule = ''] = key.split(' ');
    scrape.add('findings', { rule, severity }, count);
  }
}
