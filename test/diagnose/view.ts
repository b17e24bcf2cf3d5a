import { diagnose } from '../../src/diagnose/diagnose.ts';
import type { Finding, View } from '../../src/diagnose/types.ts';
import type { Host } from '../../src/host/types.ts';
import { expectedLocality } from '../../src/path/expected.ts';
import { joinPaths } from '../../src/path/join.ts';

export function viewOf(host: Host): View {
  return { host, paths: joinPaths(host), expected: expectedLocality(host) };
}

export function findings(host: Host): readonly Finding[] {
  return diagnose(viewOf(host));
}

/** What one rule finds, after all of them ran: one at most in these tests. */
export function found(rule: string, host: Host): Finding | undefined {
  return findings(host).find((finding) => finding.rule === rule);
}
