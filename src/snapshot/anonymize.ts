/**
 * Replaces the host name, addresses and RSS keys of a snapshot; equal values stay equal, so that the data still joins.
 */
import { createHmac } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { Nic, NtupleMatch, NtupleRule, Owner, Rss } from '../host/types.ts';
import type { Snapshot } from './types.ts';

/**
 * Addresses become 198.18.0.1 (RFC 2544) and 2001:db8::1 (RFC 3849) and so on, in order of their first appearance,
 * because a hash of 32 bits could be broken by trying all addresses. The host name becomes its keyed hash. An RSS key
 * becomes null, with its keyed hash in the NIC's notes: any other key would put flows on wrong queues.
 * @param secret random and not kept, so that nobody can guess names by trying
 */
export function anonymize(snapshot: Snapshot, secret: Uint8Array): Snapshot {
  const hash = (text: string): string => createHmac('sha256', secret).update(text).digest('hex').slice(0, 8);
  const { host } = snapshot;
  const { hostname } = host.machine;
  const scrub = scrubber(hostname, hash);
  const listener = <T extends { readonly id: string; readonly address: string }>(of: T): T => ({
    ...of,
    id: scrub(of.id),
    address: scrub(of.address),
  });
  /** A template's instance may be an address: `tunnel@192.0.2.1.service`. */
  const belonging = (owner: Owner): Owner => ({
    ...owner,
    unit: owner.unit && scrub(owner.unit),
    container: owner.container && {
      ...owner.container,
      id: owner.container.id && scrub(owner.container.id),
      name: owner.container.name && scrub(owner.container.name),
      podName: owner.container.podName && scrub(owner.container.podName),
    },
  });
  return {
    ...snapshot,
    anonymized: true,
    host: {
      ...host,
      machine: { ...host.machine, hostname: hostname && scrub(hostname) },
      nics: host.nics.map((nic) =>
        withoutKeys(
          { ...nic, rss: nic.rss && scrubRules(nic.rss, scrub), notes: nic.notes.map(scrub) },
          hash,
        ),
      ),
      groups: host.groups.map((group) => ({
        ...listener(group),
        sockets: group.sockets.map((socket) => ({ ...socket, owners: socket.owners.map(belonging) })),
        notes: group.notes.map(scrub),
      })),
      lone: host.lone.map((socket) => ({ ...listener(socket), owners: socket.owners.map(belonging) })),
      notes: host.notes.map(scrub),
    },
  };
}

const WHOLE = new Set(['255.255.255.255', Array(8).fill('ffff').join(':')]);

/**
 * The replacement of a network address carries no information, so it is no longer known which hosts are in the network.
 */
function scrubRules({ rules, ...rss }: Rss, scrub: (text: string) => string): Rss {
  const address = (match: NtupleMatch<string> | null) => match && { ...match, value: scrub(match.value) };
  const isNetwork = (match: NtupleMatch<string> | null) => match !== null && !WHOLE.has(match.mask);
  const scrubbed = rules?.map(
    (rule): NtupleRule => ({
      ...rule,
      source: address(rule.source),
      destination: address(rule.destination),
      partial: rule.partial || isNetwork(rule.source) || isNetwork(rule.destination),
    }),
  );
  return { ...rss, rules: scrubbed ?? null };
}

function withoutKeys({ rss, ...nic }: Nic, hash: (text: string) => string): Nic {
  if (rss === null) return { ...nic, rss };
  const contextTables = rss.contextTables?.map((table) => ({ ...table, key: null })) ?? null;
  if (!rss.key) return { ...nic, rss: { ...rss, contextTables } };
  const mark = hash(rss.key);
  const note = `anonymised: the RSS key was removed (equal keys have the mark ${mark}); the queue of a single flow is not known, the share of each queue is`;
  return { ...nic, rss: { ...rss, key: null, contextTables }, notes: [...nic.notes, note] };
}

/**
 * The unspecified and loopback addresses reveal nothing about a network, and packet paths depend on them. In an
 * IPv4-mapped IPv6 address, the IPv4 address was replaced.
 */
const KEPT = /^(?:0\.0\.0\.0|127\..*|::1?|::ffff:[\d.]+)$/;

function scrubber(hostname: string | null, hash: (text: string) => string): (text: string) => string {
  const standIns = new Map<string, string>();
  let v4 = 0;
  let v6 = 0;
  const replace = (address: string, make: () => string): string => {
    if (KEPT.test(address)) return address;
    const standIn = standIns.get(address) ?? make();
    standIns.set(address, standIn);
    return standIn;
  };
  const nextV4 = (): string => {
    v4++;
    return `198.${18 + (v4 >> 16)}.${(v4 >> 8) & 0xff}.${v4 & 0xff}`;
  };
  const nextV6 = (): string => {
    v6++;
    return `2001:db8::${v6.toString(16)}`;
  };
  const named = hostname ? new RegExp(`(?<![\\w.-])${hostname.replace(/\W/g, '\\$&')}(?![\\w-])`, 'g') : null;
  return (text) => {
    const nameless = named === null ? text : text.replace(named, (name) => `host-${hash(name)}`);
    return nameless
      .replace(/\d+(?:\.\d+){3}/g, (found) => (isIPv4(found) ? replace(found, nextV4) : found))
      .replace(/[0-9a-f]*:[0-9a-f:.]*[0-9a-f:]/gi, (found) =>
        isIPv6(found) ? replace(found, nextV6) : found,
      );
  };
}
