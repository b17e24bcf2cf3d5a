/** The rx queue of a flow: an ntuple rule decides, or the hash and the RSS table. */
import type { Nic, NtupleRule, Rss } from '../host/types.ts';
import type { Flow } from './flow.ts';
import { actionText, matchText, takingFlow } from './ntuple.ts';
import { type Given, type Hashes, hasher } from './rss-hash.ts';
import { type Landing, lander } from './rss-table.ts';

export interface Landed {
  readonly hashes: Hashes;
  readonly landing: Landing;
  /** That takes the flow, or may take it; null: none. */
  readonly rule: { readonly location: number; readonly certain: boolean; readonly why: string } | null;
}

type Port = Pick<Nic, 'driver' | 'rss' | 'rxQueues'>;

/** @param given what the user knows better than the driver shows */
export function queueOfFlow(nic: Port, given: Given): (flow: Flow) => Landed {
  const main = byTable(nic, given);
  const contexts = new Map(
    nic.rss?.contextTables?.map((table) => [table.context, byTable(inContext(nic, table), given)]),
  );
  return (flow) => {
    const { rule, maybe } = takingFlow(nic.rss, flow);
    const [first] = maybe;
    if (first !== undefined) return undecided(main(flow), first);
    if (rule === null) return { ...main(flow), rule: null };
    const taken = { location: rule.location, certain: true, why: `${matchText(rule)}: ${actionText(rule)}` };
    const table = rule.context === null ? undefined : contexts.get(rule.context);
    if (table === undefined) return { ...without(rule), rule: taken };
    const { hashes, landing } = table(flow);
    const queue = landing.queue === null ? null : landing.queue + (rule.queue ?? 0);
    return { hashes, landing: { ...landing, queue }, rule: taken };
  };
}

function byTable(nic: Port, given: Given): (flow: Flow) => Pick<Landed, 'hashes' | 'landing'> {
  const hash = hasher(nic, given);
  const land = lander(nic);
  return (flow) => {
    const hashes = hash(flow);
    return { hashes, landing: land(hashes) };
  };
}

/** A context has a table, and often a key, of its own. */
function inContext(
  { rss, ...nic }: Port,
  { key, hashFunction, indirection }: NonNullable<Rss['contextTables']>[number],
): Port {
  return {
    ...nic,
    rss: rss && { ...rss, key: key ?? rss.key, hashFunction: hashFunction ?? rss.hashFunction, indirection },
  };
}

/** A rule that names the queue itself, or leads to none. */
function without(rule: NtupleRule): Pick<Landed, 'hashes' | 'landing'> {
  const by = `ntuple rule ${rule.location}`;
  const why = {
    queue: `of ${by}, before the RSS table`,
    context: `${by} leads to RSS context ${rule.context}, whose table is not known`,
    drop: `${by} drops the packets`,
    vf: `${by} sends the packets to a virtual function`,
  }[rule.action];
  const queue = rule.action === 'queue' ? rule.queue : null;
  return {
    hashes: { possible: [], why: `${by} does not ask the hash` },
    landing: { entry: null, size: 0, queue, why },
  };
}

/** A rule that compares more than a flow shows. */
function undecided(otherwise: Pick<Landed, 'hashes' | 'landing'>, rule: NtupleRule): Landed {
  const why = `${matchText(rule)}: ${actionText(rule)}`;
  const maybe = { location: rule.location, certain: false, why };
  const same = rule.action === 'queue' && rule.queue === otherwise.landing.queue;
  if (same) return { ...otherwise, rule: maybe };
  const reason = `ntuple rule ${rule.location} may take it, which also compares other fields`;
  return { ...otherwise, landing: { ...otherwise.landing, queue: null, why: reason }, rule: maybe };
}
