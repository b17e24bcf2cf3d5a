import { diagnose } from '../../src/diagnose/diagnose.ts';
import type { Finding } from '../../src/diagnose/types.ts';
import type { Host } from '../../src/host/types.ts';
import { viewOf } from '../../src/path/view.ts';

export { viewOf };

export function findings(host: Host): readonly Finding[] {
  return diagnose(viewOf(host));
}

/** What one rule finds, after all of them ran: one at most in these tests. */
export function found(rule: string, host: Host): Finding | undefined {
  return findings(host).find((finding) => finding.rule === rule);
}
