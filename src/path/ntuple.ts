/** ntuple rules: which one takes a flow, or all flows to a port, before the RSS table applies. */
import type { Group, Nic, NtupleMatch, NtupleRule, Rss } from '../host/types.ts';
import { parseAddress } from '../system/address.ts';
import type { Flow } from './flow.ts';

/** `some`: a part of the flows, or it cannot be known from a flow alone. */
type Extent = 'all' | 'some' | 'none';

/** What is known of some flows; null: any. */
interface Traffic {
  readonly protocol: 'tcp' | 'udp';
  readonly family: 4 | 6;
  readonly source: Uint8Array | null;
  readonly destination: Uint8Array | null;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
}

export interface Taking {
  /** Takes all remaining flows; null: none does, so the RSS table applies. */
  readonly rule: NtupleRule | null;
  /** Rules before it that may take a part. */
  readonly maybe: readonly NtupleRule[];
}

const NOBODY: Taking = { rule: null, maybe: [] };

/** Of several, the lowest location comes first in most drivers. */
function taking(rules: readonly NtupleRule[], traffic: Traffic): Taking {
  const maybe: NtupleRule[] = [];
  for (const rule of rules) {
    const extent = extentOf(rule, traffic);
    if (extent === 'all') return { rule, maybe };
    if (extent === 'some') maybe.push(rule);
  }
  return { rule: null, maybe };
}

/** How many rules the driver counts that it does not list. */
export function unreadRules(rss: Rss | null): number {
  return Math.max(0, (rss?.ntupleRules ?? 0) - (rss?.rules?.length ?? 0));
}

/** The rule that takes one flow. */
export function takingFlow(rss: Rss | null, { protocol, source, destination }: Flow): Taking {
  const rules = rss?.rules ?? [];
  if (rules.length === 0) return NOBODY;
  return taking(rules, {
    protocol,
    family: source.bytes.length === 4 ? 4 : 6,
    source: source.bytes,
    destination: destination.bytes,
    sourcePort: source.port,
    destinationPort: destination.port,
  });
}

/** The rule that takes what is sent to a group; one for IPv4 and one for IPv6 if its address is of both. */
export function takingGroup(rss: Rss | null, { protocol, address, port }: Group): readonly Taking[] {
  const rules = rss?.rules ?? [];
  if (rules.length === 0) return [NOBODY];
  const any = address === '0.0.0.0' || address === '::';
  const bytes = any ? null : parseAddress(address);
  const families = address === '::' ? ([6, 4] as const) : ([bytes?.length === 16 ? 6 : 4] as const);
  return families.map((family) =>
    taking(rules, {
      protocol,
      family,
      source: null,
      destination: bytes,
      sourcePort: null,
      destinationPort: port,
    }),
  );
}

const PROTOCOLS = { tcp: 6, udp: 17 };
const ETHERTYPES = { 4: '0800', 6: '86dd' };

function extentOf(rule: NtupleRule, traffic: Traffic): Extent {
  const { protocol, family } = traffic;
  const [, ether] = /^ether 0x([0-9a-f]{4})$/.exec(rule.flow) ?? [];
  if (ether !== undefined) return ether !== ETHERTYPES[family] ? 'none' : rule.partial ? 'some' : 'all';
  const type = /^(tcp|udp|sctp|ip)([46])$/.exec(rule.flow);
  const [, name = null, version] = type ?? [];
  // Another type says nothing of addresses.
  if (name === null) return 'some';
  if (Number(version) !== family || (name !== 'ip' && name !== protocol)) return 'none';
  const fields = [
    numbers(rule.protocol, PROTOCOLS[protocol]),
    numbers(rule.sourcePort, traffic.sourcePort),
    numbers(rule.destinationPort, traffic.destinationPort),
    addresses(rule.source, traffic.source),
    addresses(rule.destination, traffic.destination),
  ];
  if (fields.includes('none')) return 'none';
  return rule.partial || fields.includes('some') ? 'some' : 'all';
}

function numbers(match: NtupleMatch<number> | null, is: number | null): Extent {
  if (match === null || match.mask === 0) return 'all';
  if (is === null) return 'some';
  return (is & match.mask) === (match.value & match.mask) ? 'all' : 'none';
}

function addresses(match: NtupleMatch<string> | null, is: Uint8Array | null): Extent {
  if (match === null) return 'all';
  const [value, mask] = [bytesOf(match.value), bytesOf(match.mask)];
  if (value === null || mask === null || is === null) return 'some';
  if (value.length !== is.length || mask.length !== is.length) return 'none';
  return is.every((byte, at) => (byte & (mask[at] ?? 0)) === ((value[at] ?? 0) & (mask[at] ?? 0)))
    ? 'all'
    : 'none';
}

const bytesOf = (text: string): Uint8Array | null => parseAddress(text);

/** `rule 5: tcp4 to port 443, to rx-3`. */
export function ruleText(rule: NtupleRule): string {
  return `rule ${rule.location}: ${matchText(rule)}, ${actionText(rule)}`;
}

/** `tcp4 from 192.0.2.0/255.255.255.0 to port 443`. */
export function matchText(rule: NtupleRule): string {
  const address = ({ value, mask }: NtupleMatch<string>) =>
    /^(255\.255\.255\.255|ffff(:ffff){7})$/.test(mask) ? value : `${value}/${mask}`;
  const port = ({ value, mask }: NtupleMatch<number>) =>
    mask === 0xffff ? `${value}` : `${value}/0x${mask.toString(16)}`;
  const end = (word: string, at: NtupleMatch<string> | null, of: NtupleMatch<number> | null) => {
    const parts = [at === null ? '' : address(at), of === null ? '' : `port ${port(of)}`].filter(Boolean);
    return parts.length === 0 ? '' : ` ${word} ${parts.join(' ')}`;
  };
  const protocol = rule.protocol === null ? '' : ` protocol ${rule.protocol.value}`;
  const more = rule.partial ? ' and more' : '';
  const ends = `${end('from', rule.source, rule.sourcePort)}${end('to', rule.destination, rule.destinationPort)}`;
  return `${rule.flow}${protocol}${ends}${more}`;
}

export function actionText({ action, queue, context }: NtupleRule): string {
  switch (action) {
    case 'queue':
      return `to rx-${queue}`;
    case 'context':
      return `by the table of RSS context ${context}${queue === 0 || queue === null ? '' : `, ${queue} queues further`}`;
    case 'drop':
      return 'dropped';
    case 'vf':
      return 'to a virtual function';
  }
}

/** The queues that rules and contexts use, each with its user: `rule 5`, `RSS context 1`. */
export function ownedQueues({ rss, rxQueues }: Pick<Nic, 'rss' | 'rxQueues'>): ReadonlyMap<number, string> {
  const owned = new Map<number, string>();
  const there = new Set(rxQueues.map(({ index }) => index));
  const own = (queue: number, owner: string) => {
    if (there.has(queue) && !owned.has(queue)) owned.set(queue, owner);
  };
  for (const { location, action, queue } of rss?.rules ?? [])
    if (action === 'queue' && queue !== null) own(queue, `rule ${location}`);
  for (const { context, indirection } of rss?.contextTables ?? []) {
    const further = (rss?.rules ?? []).flatMap((rule) => (rule.context === context ? [rule.queue ?? 0] : []));
    for (const queue of indirection)
      for (const by of further.length > 0 ? further : [0]) own(queue + by, `RSS context ${context}`);
  }
  return owned;
}
