import { expect } from 'vitest';
import type { Nic } from '../../src/host/types.ts';
import { type Flow, parseFlow } from '../../src/path/flow.ts';
import { type NicFacts, nic } from '../fixtures/hosts.ts';

/** Microsoft's. */
export const KEY = '6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa';

export function flow(text: string): Flow {
  const [protocol = '', source = '', destination = ''] = text.split(' ');
  const parsed = parseFlow(protocol, source, destination);
  return typeof parsed === 'string' ? expect.fail(parsed) : parsed;
}

/** A NIC whose RSS key is known. */
export function keyed(facts: NicFacts, rss: Partial<NonNullable<Nic['rss']>> = {}): Nic {
  const made = nic(facts);
  return { ...made, rss: made.rss && { ...made.rss, key: KEY, ...rss } };
}

/** Client ports 1024, 1025, … of one address. */
export function flowsTo(destination: string, count: number, protocol = 'tcp'): Flow[] {
  return Array.from({ length: count }, (_, index) =>
    flow(`${protocol} 198.51.100.7:${1024 + index} ${destination}`),
  );
}
