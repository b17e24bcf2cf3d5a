/** The groups of a machine, the ones with the most to gain first. */
import type { Group } from '../host/types.ts';
import type { View } from '../path/view.ts';
import { inUse, unusedNics } from './quiet.ts';

/** A group and its expected locality over all NICs that feed it. */
export interface Ranked {
  readonly group: Group;
  /** The worst of its NICs, 0 to 1; null if that of any NIC is not known. */
  readonly now: number | null;
  /** The worst of its NICs with program `cpu`. */
  readonly cpu: number | null;
  /** Expected today for each NIC. */
  readonly byNic: readonly { readonly nic: string; readonly now: number | null }[];
  readonly notes: readonly string[];
}

/** Groups of several sockets: first those with the most to gain, then the unknown, then the rest. */
export function rank(view: View): readonly Ranked[] {
  const { host, expected } = view;
  const entries = Map.groupBy(expected, ({ group }) => group);
  const quiet = unusedNics(view);
  return host.groups
    .filter(({ size, kernelGroups }) => size > 1 || (kernelGroups ?? 1) > 1)
    .map((group) => {
      const all = entries.get(group.id) ?? [];
      const own = inUse(all, quiet);
      return {
        group,
        now: worst(own.map(({ now }) => now)),
        cpu: worst(own.map(({ cpu }) => cpu)),
        byNic: own.map(({ nic, now }) => ({ nic, now })),
        notes: [...new Set(own.flatMap(({ notes }) => notes))],
      };
    })
    .sort((a, b) => gain(b) - gain(a));
}

function worst(shares: readonly (number | null)[]): number | null {
  return shares.reduce(
    (least, share) => (least === null || share === null ? null : Math.min(least, share)),
    shares[0] ?? null,
  );
}

/** What `cpu` would add; an unknown present sorts after every sure gain and before "nothing to gain". */
function gain({ now, cpu }: Ranked): number {
  if (now === null) return 0;
  return now >= 0.995 ? -1 : Math.max(1 - now, (cpu ?? now) - now);
}
