/** Names of rules on a command line. */
import type { RuleText } from '../diagnose/rule-texts.ts';
import { nearest } from '../words/nearest.ts';
import { type CliError, usage } from './errors.ts';

/** @param where the command or option that was given the name */
export function noSuchRule(where: string, rule: string, rules: readonly RuleText[]): CliError {
  const meant = nearest(
    rule,
    rules.map((each) => each.rule),
  );
  return usage(
    `${where} '${rule}': no such rule`,
    meant === null ? '`locality-tune findings` lists them' : `did you mean ${meant}?`,
  );
}
