/** The sockets that get new flows, grouped by what they are bound to. */
import { isSystemError } from '../system/errors.ts';
import type { DiagSocket, Files, System } from '../system/types.ts';
import { pushTo } from './multimap.ts';
import { compareText } from './order.ts';
import { parseProcNet } from './proc-net.ts';
import type { Protocol } from './types.ts';

/** Sockets with everything in common that a reuseport group must share; no attribute names the group. */
export interface Listener {
  /** `tcp 0.0.0.0:8080`, `udp [::]%eth1:443`. */
  readonly id: string;
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** SO_BINDTODEVICE. */
  readonly device: string | null;
  readonly uid: number;
  /** TCP listeners, UDP sockets without a peer; at least one. By inode. */
  readonly sockets: readonly DiagSocket[];
  /**
   * Inode of the first of `sockets` in the kernel's lookup, whose group gets the flows of new senders: the first in the
   * port's hash bucket, as a dump lists it (net/ipv4/udp.c, udp4_lib_lookup2).
   */
  readonly foremost: number;
  /** UDP sockets with a peer: they may be in the group's slots, but get no new flows. */
  readonly connected: readonly DiagSocket[];
}

export interface ListedSockets {
  readonly sockets: readonly DiagSocket[];
  readonly notes: readonly string[];
}

/** Listening TCP and all UDP sockets of this network namespace, or of a captured tree. */
export async function listSockets({ files, kernel }: System): Promise<ListedSockets> {
  if (kernel === null) return fromProcNet(files, 'a captured tree');
  try {
    return { sockets: await kernel.sockets(), notes: [] };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return fromProcNet(files, `sock_diag answers ${error.code} (modules tcp_diag, udp_diag), and /proc/net`);
  }
}

function fromProcNet(files: Files, source: string): ListedSockets {
  const texts = PROC_NET.map(({ name, ...kind }) => ({ ...kind, text: files.text(`/proc/net/${name}`) }));
  const sockets = texts.flatMap(({ protocol, family, text }) => parseProcNet(protocol, family, text ?? ''));
  const note = texts.every(({ text }) => text === null)
    ? `${source} has no proc/net/tcp, udp, tcp6, udp6, so sockets are not known`
    : `${source} has no SO_BINDTODEVICE and IPV6_V6ONLY: sockets that differ only in these are shown as one group`;
  return { sockets, notes: [note] };
}

/** Files of /proc/net and their content. */
export const PROC_NET = [
  { name: 'tcp', protocol: 'tcp', family: 4 },
  { name: 'tcp6', protocol: 'tcp', family: 6 },
  { name: 'udp', protocol: 'udp', family: 4 },
  { name: 'udp6', protocol: 'udp', family: 6 },
] as const;

/** Names of interfaces by index. */
export const readDevices = (files: Files): ReadonlyMap<number, string> =>
  new Map(
    files.list('/sys/class/net').map((name) => [Number(files.text(`/sys/class/net/${name}/ifindex`)), name]),
  );

/** `port` null: all of them. Sorted by protocol, port and id. */
export function toListeners(
  sockets: readonly DiagSocket[],
  devices: ReadonlyMap<number, string>,
  port: number | null,
): Listener[] {
  const byBinding = new Map<string, DiagSocket[]>();
  for (const socket of sockets) {
    const { protocol, family, v6only, address, ifindex, uid } = socket;
    // An inode of 0 belongs to a socket that its process has already closed.
    if (socket.inode === 0 || (port !== null && socket.port !== port)) continue;
    pushTo(byBinding, `${protocol} ${family} ${v6only} ${address} ${socket.port} ${ifindex} ${uid}`, socket);
  }
  const listeners = [...byBinding.values()].flatMap((bound) => toListener(bound, devices));
  return distinct(listeners).sort(
    (a, b) => compareText(a.protocol, b.protocol) || a.port - b.port || compareText(a.id, b.id),
  );
}

function toListener(bound: readonly DiagSocket[], devices: ReadonlyMap<number, string>): Listener[] {
  const [first, ...others] = bound.filter(({ peerPort }) => peerPort === 0);
  if (first === undefined) return [];
  const sockets = [first, ...others].sort((a, b) => a.inode - b.inode);
  const { protocol, family, address, port, ifindex, uid } = first;
  const device = ifindex === 0 ? null : (devices.get(ifindex) ?? `if${ifindex}`);
  const host = `${family === 6 ? `[${address}]` : address}${device === null ? '' : `%${device}`}`;
  const connected = bound.filter(({ peerPort }) => peerPort !== 0);
  const id = `${protocol} ${host}:${port}`;
  return [{ id, protocol, address, port, device, uid, sockets, foremost: first.inode, connected }];
}

/** A dual-stack and a v6only socket, or two users' UDP sockets, may be bound to one address and port. */
function distinct(listeners: readonly Listener[]): Listener[] {
  const byId = new Map<string, Listener[]>();
  for (const listener of listeners) pushTo(byId, listener.id, listener);
  return [...byId.values()].flatMap((same) =>
    same.length === 1
      ? same
      : same.map((listener) => {
          const v6only = listener.sockets[0]?.v6only === true ? ' v6only' : '';
          return { ...listener, id: `${listener.id}${v6only} uid ${listener.uid}` };
        }),
  );
}
