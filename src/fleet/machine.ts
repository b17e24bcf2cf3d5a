/** One machine of a fleet: what is kept of its `Host`. */
import { diagnose } from '../diagnose/diagnose.ts';
import { unusedNics } from '../diagnose/quiet.ts';
import { rank } from '../diagnose/ranked.ts';
import type { Finding, Severity } from '../diagnose/types.ts';
import type { Host } from '../host/types.ts';
import { viewOf } from '../path/view.ts';
import { isShared, portOf, traitsOf } from './traits.ts';
import type { Machine } from './types.ts';

export interface Origin {
  readonly source: string;
  /** ISO 8601; null if not known. */
  readonly time: string | null;
  /** 0 to 1; null if not measured. */
  readonly measured: number | null;
}

export function machineOf(host: Host, origin: Origin): Machine {
  const view = viewOf(host);
  const findings = diagnose(view);
  // Beside a group of unknown locality the others still say something.
  const known = rank(view).filter(({ now }) => now !== null);
  const worst = known.toSorted((a, b) => Number(a.now) - Number(b.now))[0];
  const unused = unusedNics(view);
  const receiving = view.expected.flatMap(({ nic }) => (unused.has(nic) ? [] : [nic]));
  return {
    host: host.machine.hostname ?? origin.source,
    ...origin,
    role: [...new Set(host.groups.filter(isShared).map(portOf))].sort(),
    expected: worst?.now ?? null,
    group: worst?.group.id ?? null,
    drift: null,
    findings: tally(findings, ({ rule }) => rule),
    // The worst come first, and the first one of a rule must win.
    severityOf: Object.fromEntries(findings.toReversed().map(({ rule, severity }) => [rule, severity])),
    severities: { ...NONE, ...tally(findings, ({ severity }) => severity) },
    traits: traitsOf(host, new Set(receiving)),
  };
}

export const NONE: Readonly<Record<Severity, number>> = { error: 0, warning: 0, info: 0 };

function tally(findings: readonly Finding[], by: (finding: Finding) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const finding of findings) counts[by(finding)] = (counts[by(finding)] ?? 0) + 1;
  return counts;
}
