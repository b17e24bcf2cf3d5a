/** A flow: protocol, source and destination. */

import type { Protocol } from '../host/types.ts';
import { formatAddress, parseAddress } from '../system/address.ts';
import { isIP } from '../system/ip.ts';

export interface Endpoint {
  /** Text as of inet_ntop(3). */
  readonly address: string;
  /** 4 or 16, in network order. */
  readonly bytes: Uint8Array;
  readonly port: number;
}

export interface Flow {
  readonly protocol: Protocol;
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** `tcp 198.51.100.7:40001 192.0.2.10:443`, which {@link parseFlow} parses. */
export function formatFlow({ protocol, source, destination }: Flow): string {
  return `${protocol} ${formatEndpoint(source)} ${formatEndpoint(destination)}`;
}

export function formatEndpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** An endpoint, or what is wrong with the text. `198.51.100.7:40001`, `[2001:db8::7]:4000`. */
export function parseFlow(protocol: string, source: string, destination: string): Flow | string {
  if (protocol !== 'tcp' && protocol !== 'udp') return `${quoted(protocol)}: neither tcp nor udp`;
  const [from, to] = [parseEndpoint(source), parseEndpoint(destination)];
  if (from === null) return `${quoted(source)}: ${NO_ENDPOINT}`;
  if (to === null) return `${quoted(destination)}: ${NO_ENDPOINT}`;
  if (from.bytes.length !== to.bytes.length) return `${source}, ${destination}: one is IPv4, the other IPv6`;
  return { protocol, source: from, destination: to };
}

/** More than the longest endpoint; a file may hold anything. */
const LONG = 60;

const quoted = (text: string): string => `'${text.length > LONG ? `${text.slice(0, LONG - 1)}…` : text}'`;

const NO_ENDPOINT = 'not an address and a port, as 198.51.100.7:40001 or [2001:db8::7]:40001';

function parseEndpoint(text: string): Endpoint | null {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const [, inBrackets, plain] = match ?? [];
  if (match === null || port > 0xffff || isIP(inBrackets ?? plain ?? '') !== (plain === undefined ? 6 : 4))
    return null;
  const bytes = parseAddress(inBrackets ?? plain ?? '');
  return bytes && endpoint(bytes, port);
}

/** An endpoint from a packet's header, or from parsed text. */
export function endpoint(bytes: Uint8Array, port: number): Endpoint {
  return { address: formatAddress(bytes.length === 4 ? 4 : 6, bytes), bytes, port };
}

/** Flows, one per line, as {@link formatFlow} writes them; empty lines and text after a `#` are ignored. */
export function parseFlows(text: string): Flow[] | string {
  const flows: Flow[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/, '').trim().split(/\s+/);
    if (words.length === 1 && words[0] === '') continue;
    const [protocol = '', source = '', destination = '', ...more] = words;
    const flow =
      more.length > 0
        ? 'more than a protocol, a source and a destination'
        : parseFlow(protocol, source, destination);
    if (typeof flow === 'string') return `line ${index + 1}: ${flow}`;
    flows.push(flow);
  }
  return flows;
}
