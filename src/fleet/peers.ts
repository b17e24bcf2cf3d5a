/** Which machine differs from its peers, and in what. */
import type { Difference, Machine } from './types.ts';

/** Of two machines that differ, neither is the odd one. */
const LEAST_PEERS = 2;
/** A smaller majority is no custom that one could depart from. */
const MAJORITY = 2 / 3;

/**
 * Peers serve the same ports; a machine without reuseport groups has none. A machine differs in a trait if two thirds of
 * its peers, and at least two, agree on another value. What a peer does not have or does not tell is no difference.
 */
export function differences(machines: readonly Machine[]): ReadonlyMap<Machine, readonly Difference[]> {
  const result = new Map<Machine, readonly Difference[]>();
  const serving = machines.filter(({ role }) => role.length > 0);
  for (const peers of Map.groupBy(serving, ({ role }) => role.join()).values()) {
    const values = valuesOf(peers);
    for (const machine of peers) result.set(machine, differencesOf(machine, values));
  }
  return result;
}

/** Trait -> value -> number of machines. */
type Values = ReadonlyMap<string, ReadonlyMap<string, number>>;

function valuesOf(peers: readonly Machine[]): Values {
  const values = new Map<string, Map<string, number>>();
  for (const { traits } of peers)
    for (const [trait, value] of Object.entries(traits)) {
      const counts = values.get(trait) ?? new Map<string, number>();
      values.set(trait, counts.set(value, (counts.get(value) ?? 0) + 1));
    }
  return values;
}

const differencesOf = ({ traits }: Machine, values: Values): readonly Difference[] =>
  Object.entries(traits).flatMap(([trait, value]) => {
    const counts = values.get(trait) ?? new Map<string, number>();
    const of = [...counts.values()].reduce((sum, each) => sum + each, 0) - 1;
    const [peers = value, agree = 0] = [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? [];
    return peers !== value && agree >= LEAST_PEERS && agree >= of * MAJORITY
      ? [{ trait, value, peers, agree, of }]
      : [];
  });
