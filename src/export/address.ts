/** `ADDRESS:PORT` of --listen. Pure. */
import { isIP } from '../system/ip.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export const DEFAULT_ADDRESS = '127.0.0.1:9884';

/** `127.0.0.1:9884`, `[::1]:9884`, `localhost:9884`, `*:9884` for all; a port alone is on loopback. null: none of these. */
export function parseListen(text: string): ListenAddress | null {
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = digits === '' ? -1 : Number(digits);
  if (port < 0 || port > 65_535) return null;
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? { host: bracketed, port } : null;
  if (plain === undefined || plain === 'localhost') return { host: '127.0.0.1', port };
  if (plain === '*') return { host: '::', port };
  return isIP(plain) === 4 ? { host: plain, port } : null;
}

/** The other way round. */
export const formatListen = ({ host, port }: ListenAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

export const isLoopback = (host: string): boolean => /^127\.|^::1$/.test(host);
