/** Names of this machine for the shell's completion: quick to read, without the addon. */
import { leadingLines } from '../system/leading-lines.ts';
import type { Files } from '../system/types.ts';
import { parseProcNet } from './proc-net.ts';

export interface OpenPort {
  readonly port: number;
  /** `tcp` before `udp`. */
  readonly protocols: readonly ('tcp' | 'udp')[];
  /** Sockets of its largest reuseport group; 1 if no two share an address. */
  readonly sockets: number;
}

/** Interfaces of the network namespace of `proc` (`/proc/self`, `/proc/PID`), as /proc/net/dev lists them. */
export function interfaceNames(proc: string): string[] {
  return leadingLines(`${proc}/net/dev`, () => true).flatMap((line) => {
    const name = /^\s*([^:|\s]+):/.exec(line)?.[1];
    return name === undefined ? [] : [name];
  });
}

const TABLES = [
  ['tcp', 4],
  ['tcp', 6],
  ['udp', 4],
  ['udp', 6],
] as const;

/** tcp4_seq_show lists the listeners (state 0A) before the connections, of which there may be a million. */
const isListener = (line: string): boolean => /^\s*(sl\b|\d+: \S+ \S+ 0A )/.test(line);

/** Ports on which TCP listens or an unconnected UDP socket is bound. */
export function openPorts(proc: string): OpenPort[] {
  const sockets = TABLES.flatMap(([protocol, family]) =>
    parseProcNet(
      protocol,
      family,
      leadingLines(
        `${proc}/net/${protocol}${family === 6 ? '6' : ''}`,
        protocol === 'tcp' ? isListener : () => true,
      ).join('\n'),
    ).filter(({ protocol, peerPort }) => protocol === 'tcp' || peerPort === 0),
  );
  const byPort = Map.groupBy(sockets, ({ port }) => port);
  return [...byPort]
    .map(([port, of]) => ({
      port,
      protocols: [...new Set(of.map(({ protocol }) => protocol))],
      sockets: Math.max(
        ...[...Map.groupBy(of, (each) => `${each.protocol}${each.family}${each.address}`).values()].map(
          ({ length }) => length,
        ),
      ),
    }))
    .sort((a, b) => a.port - b.port);
}

/** Processes that have memory of their own, which kernel threads have not. */
export function processNames(files: Files): { readonly pid: number; readonly comm: string }[] {
  const pids = files.list('/proc').map(Number).filter(Number.isInteger);
  return pids
    .sort((a, b) => a - b)
    .flatMap((pid) => {
      const [, comm, flags] =
        /\((.*)\) \S (?:-?\d+ ){5}(\d+)/s.exec(files.text(`/proc/${pid}/stat`) ?? '') ?? [];
      return comm === undefined || (Number(flags) & PF_KTHREAD) !== 0 ? [] : [{ pid, comm }];
    });
}

/** include/linux/sched.h */
const PF_KTHREAD = 0x200000;
