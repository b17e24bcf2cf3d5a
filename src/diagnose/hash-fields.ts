/** The RSS hash fields for the datagrams of a group. */
import type { Group, Nic } from '../host/types.ts';

/** Does RSS hash this type of flow by addresses, without ports? */
export function byAddress(nic: Nic, type: 'udp4' | 'udp6'): boolean {
  const fields = nic.rss?.fields[type] ?? null;
  return fields !== null && /s|d/.test(fields) && !/f|n/.test(fields);
}

/** A socket on `::` also accepts IPv4 unless it is v6only, which the group does not say. */
export function receives({ address }: Group, type: 'udp4' | 'udp6'): boolean {
  return address === '::' || address.includes(':') === (type === 'udp6');
}
