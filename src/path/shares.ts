import { substitute } from '../host/no-interrupts.ts';
import type { Group, Nic, NtupleRule } from '../host/types.ts';
import { actionText, type Taking, takingGroup, unreadRules } from './ntuple.ts';

export interface QueueShares {
  /** How many of `size` parts of the flows arrive on each rx queue; queues without any are left out. */
  readonly ofQueue: ReadonlyMap<number, number>;
  readonly size: number;
  /** What was assumed, and what else could decide. */
  readonly notes: readonly string[];
  /** Is no rule left that may send a part of the flows elsewhere? */
  readonly whole: boolean;
}

type Count = Pick<QueueShares, 'ofQueue' | 'size'>;

/** With many flows, RSS spreads them evenly over the table's entries. */
export function queueShares(nic: Nic): QueueShares {
  const rules = unread(nic);
  return { ...byTable(nic), notes: [...tableNotes(nic), ...rules], whole: rules.length === 0 };
}

/** The same for what is sent to one group, which an ntuple rule may send to a queue or to another table. */
export function sharesOf(nic: Nic, group: Group): QueueShares {
  if ((nic.rss?.rules ?? []).length === 0) return queueShares(nic);
  const [first, other] = takingGroup(nic.rss, group).map((taking) => ({
    taking,
    shares: taken(nic, taking),
  }));
  if (first === undefined) return queueShares(nic);
  const differs = other !== undefined && other.taking.rule?.location !== first.taking.rule?.location;
  const same = other === undefined || textOf(first.shares) === textOf(other.shares);
  const split = differs && !same ? ['ntuple rules treat IPv4 and IPv6 differently: IPv6 is assumed'] : [];
  const whole = first.shares.whole && (other?.shares.whole ?? true) && split.length === 0;
  return { ...first.shares, notes: [...first.shares.notes, ...split], whole };
}

const textOf = ({ ofQueue }: QueueShares) => JSON.stringify([...ofQueue]);

function taken(nic: Nic, { rule, maybe }: Taking): QueueShares {
  const parts = maybe.map(
    ({ location, ...to }) =>
      `ntuple rule ${location} may take some of its flows (${actionText({ location, ...to })}), which are not counted`,
  );
  const others = [...parts, ...unread(nic)];
  const whole = others.length === 0;
  if (rule === null) return { ...byTable(nic), notes: [...tableNotes(nic), ...others], whole };
  const by = `ntuple rule ${rule.location} takes all flows to this port, ${actionText(rule)}`;
  const counted = byRule(nic, rule);
  const unknown = rule.context !== null && counted.size === 0 ? ', which is not known' : '';
  return { ...counted, notes: [`${by}${unknown}`, ...others], whole };
}

function byRule({ rss }: Nic, { queue, context }: NtupleRule): Count {
  if (context === null) return countOf(queue === null ? [] : [queue]);
  const table = rss?.contextTables?.find((each) => each.context === context)?.indirection ?? [];
  return countOf(table.map((entry) => entry + (queue ?? 0)));
}

function byTable({ rss, rxQueues }: Nic): Count {
  const table = rss?.indirection ?? [];
  return countOf(table.length > 0 ? table : rxQueues.map(({ index }) => index));
}

function countOf(entries: readonly number[]): Count {
  const ofQueue = new Map<number, number>();
  for (const queue of entries) ofQueue.set(queue, (ofQueue.get(queue) ?? 0) + 1);
  return { ofQueue, size: entries.length };
}

function tableNotes(nic: Nic): string[] {
  const size = nic.rss?.indirection.length ?? 0;
  const assumed = size === 0 && nic.rxQueues.length > 1 && substitute(nic) === null;
  return [
    ...(assumed ? ['the RSS table is not known, so equal shares of all queues are assumed'] : []),
    ...(nic.driver === 'virtio_net' && size > 1
      ? ['virtio_net may ignore its RSS table until `ethtool -X` has been called once']
      : []),
  ];
}

/** Rules that the driver counts and does not list. */
function unread({ rss }: Nic): string[] {
  const rules = unreadRules(rss);
  const contexts = rss?.rules === null || rules > 0 ? (rss?.contexts?.length ?? 0) : 0;
  return [
    ...(rules > 0 ? [`${rules} ntuple rules override the RSS table`] : []),
    ...(contexts > 0 ? [`${contexts} additional RSS contexts override the RSS table`] : []),
  ];
}
