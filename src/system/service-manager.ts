/**
 * The service manager's protocols: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3). Without it (in a terminal) there
 * is nobody to notify, no watchdog, and no socket.
 */
import { fstatSync } from 'node:fs';
import type { SystemError } from './errors.ts';
import { isSystemError } from './errors.ts';
import { native } from './native.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Each sends one datagram, and returns the error if it was not received. */
export interface Notifier {
  /** Started, or reloaded. `status`: one sentence for `systemctl status`. */
  ready(status: string): SystemError | null;
  status(status: string): SystemError | null;
  /** The configuration is read again; `ready` ends that. */
  reloading(): SystemError | null;
  stopping(status: string): SystemError | null;
  /** To be sent at half of the watchdog's interval. */
  alive(): SystemError | null;
}

const SUN_PATH_MAX = 108;

/** null if no service manager expects it, or only through vsock (that of a virtual machine's host). */
export function openNotifier(environment: Environment): Notifier | null {
  const address = addressOf(environment['NOTIFY_SOCKET'] ?? '');
  if (address === null) return null;
  const send = (...lines: readonly string[]): SystemError | null => {
    try {
      native().sendDatagram(address, Buffer.from(lines.join('\n')));
      return null;
    } catch (error) {
      if (isSystemError(error)) return error;
      throw error;
    }
  };
  return {
    ready: (status) => send('READY=1', statusLine(status)),
    status: (status) => send(statusLine(status)),
    // Type=notify-reload needs the time, by which it knows that this follows its signal.
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: (status) => send('STOPPING=1', statusLine(status)),
    alive: () => send('WATCHDOG=1'),
  };
}

/** A line ends a field. */
const statusLine = (status: string): string => `STATUS=${status.replace(/[\r\n]+/g, ' ')}`;

/** sun_path of NOTIFY_SOCKET: a path, or `@` for an abstract address; null for anything else. */
export function addressOf(socket: string): Uint8Array | null {
  const address = Buffer.from(socket);
  if ((address[0] !== 0x2f && address[0] !== 0x40) || address.length < 2) return null;
  if (address.length > SUN_PATH_MAX || address.includes(0)) return null;
  if (address[0] === 0x40) address[0] = 0;
  return address;
}

/** Milliseconds within which the manager expects a message of this process; null: none. */
export function watchdogMs(environment: Environment, pid: number): number | null {
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: wanted } = environment;
  if (wanted !== undefined && wanted !== String(pid)) return null;
  return usec !== undefined && /^[1-9]\d{0,15}$/.test(usec) ? Number(usec) / 1000 : null;
}

export interface PassedSocket {
  /** For `listen({ fd })` of node:net and node:http. */
  readonly fd: number;
  /** FileDescriptorName= of its socket unit; null without one. */
  readonly name: string | null;
}

const SD_LISTEN_FDS_START = 3;
const MOST_SOCKETS = 1024;

/** The sockets that the manager has opened for this process (.socket units, systemd-socket-activate). */
export function passedSockets(environment: Environment, pid: number): PassedSocket[] {
  const { LISTEN_PID: wanted, LISTEN_FDS: count = '', LISTEN_FDNAMES: names = '' } = environment;
  if (wanted !== String(pid) || !/^\d{1,4}$/.test(count) || Number(count) > MOST_SOCKETS) return [];
  return Array.from({ length: Number(count) }, (_, at) => ({
    fd: SD_LISTEN_FDS_START + at,
    name: names.split(':')[at] || null,
  })).filter(({ fd }) => isSocket(fd));
}

/** Whoever passes something else, passes nothing that can be served. */
function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
