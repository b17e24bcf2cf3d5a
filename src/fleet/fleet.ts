/** Joins machines into a fleet: the worst first, common findings, odd ones out. */
import type { Severity } from '../diagnose/types.ts';
import { compareNatural } from '../host/order.ts';
import { differences } from './peers.ts';
import type { CommonFinding, Fleet, Machine, Member, Unread } from './types.ts';

export function fleetOf(machines: readonly Machine[], unread: readonly Unread[]): Fleet {
  const named = distinct(machines);
  const differs = differences(named);
  const hosts = named.map((machine): Member => {
    const { severityOf: _severity, traits: _traits, ...shown } = machine;
    return { ...shown, differs: differs.get(machine) ?? [] };
  });
  return { hosts: hosts.sort(worstFirst), findings: commonFindings(machines), unread };
}

/** Two machines with one name, or one machine at two times, are shown with their files. */
function distinct(machines: readonly Machine[]): readonly Machine[] {
  const byName = Map.groupBy(machines, ({ host }) => host);
  return machines.map((machine) => {
    const { host, source } = machine;
    return (byName.get(host)?.length ?? 0) > 1 && host !== source
      ? { ...machine, host: `${host} (${source})` }
      : machine;
  });
}

/** What is broken comes before what is slow; among equals the least local, and those of unknown locality last. */
function worstFirst(one: Member, other: Member): number {
  return (
    other.severities.error - one.severities.error ||
    (other.drift ?? 0) - (one.drift ?? 0) ||
    localityOf(one) - localityOf(other) ||
    other.severities.warning - one.severities.warning ||
    compareNatural(one.host, other.host)
  );
}

/** What was measured counts more than what is expected. */
const localityOf = ({ measured, expected }: Member): number => measured ?? expected ?? 2;

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

function commonFindings(machines: readonly Machine[]): readonly CommonFinding[] {
  const common = new Map<string, CommonFinding>();
  for (const { severityOf } of machines)
    for (const [rule, severity] of Object.entries(severityOf)) {
      const known = common.get(rule) ?? { rule, severity, hosts: 0 };
      const worse = RANK[severity] < RANK[known.severity] ? severity : known.severity;
      common.set(rule, { rule, severity: worse, hosts: known.hosts + 1 });
    }
  return [...common.values()].sort(
    (one, other) =>
      RANK[one.severity] - RANK[other.severity] ||
      other.hosts - one.hosts ||
      compareNatural(one.rule, other.rule),
  );
}
