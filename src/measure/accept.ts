/** Accepts as counted by accept.*.bt: by process, listener, and pair of CPUs. */
import { type AcceptScript, acceptScript } from '../../probes/accept.ts';
import { holesFor } from '../../probes/text.ts';
import { type Filter, filterParameters } from './filter.ts';
import { pairKeys } from './keys.ts';
import { percentOf } from './percent.ts';
import type { Counts, ProbeVariant, Question } from './types.ts';

export interface AcceptPair {
  readonly pid: number;
  /** The listener; null if the accept used no descriptor, or began before the measurement. */
  readonly fd: number | null;
  /** Where the accept ran. */
  readonly cpu: number;
  /** Where the connection's latest packet was received (SO_INCOMING_CPU); null if the kernel does not know. */
  readonly rxcpu: number | null;
  readonly count: number;
}

export interface AcceptListener {
  readonly pid: number;
  /** null if the process is gone. */
  readonly comm: string | null;
  readonly fd: number | null;
  readonly port: number;
  readonly accepts: number;
  /** Accepts whose rxcpu was the CPU of the accept. */
  readonly matched: number;
}

export interface Accepts {
  readonly accepts: number;
  readonly matched: number;
  readonly percent: number | null;
  /** The busiest first. */
  readonly listeners: readonly AcceptListener[];
  readonly pairs: readonly AcceptPair[];
  readonly notes: readonly string[];
}

/** One accept of an events run. */
export interface AcceptEvent {
  readonly cpu: number;
  readonly pid: number;
  readonly fd: number | null;
  /** The connection's descriptor. */
  readonly newFd: number;
  readonly rxcpu: number | null;
}

/** `events`: also print a line for each accept, which parseEvent() reads. */
export function acceptQuestion(filter: Filter, seconds: number, events = false): Question {
  const variant = (name: AcceptScript, notes: readonly string[]): ProbeVariant => ({
    name,
    program: acceptScript(name, holesFor(seconds, filter.comm)),
    fields: ['sock_common.skc_incoming_cpu'],
    notes,
  });
  const tracepoint = variant('tracepoint', ['accepts by io_uring are not counted']);
  return {
    // Only the end of the system call knows the connection's descriptor.
    variants: events ? [tracepoint] : [variant('fentry', []), tracepoint],
    parameters: [...filterParameters(filter), events ? '1' : '0'],
    seconds,
    keys: pairKeys(),
  };
}

/** A pair with the port of its listener. */
export type ListenerPair = AcceptPair & { readonly port: number };

export const toPairs = (counts: Counts): ListenerPair[] =>
  [...(counts.get('pairs') ?? [])].map(([key, count]) => ({ ...parsePair(key), count }));

/** `commOf` gives the name of a process. */
export function toAccepts(counted: readonly ListenerPair[], commOf: (pid: number) => string | null): Accepts {
  const unnamed = counted.reduce((sum, { fd, count }) => sum + (fd === null ? count : 0), 0);
  const note = `accepts without a known listener (the call began before the probe, or has no descriptor): ${unnamed}`;
  return summarise(counted, unnamed > 0 ? [note] : [], commOf);
}

/** The common part of a probe and a sample. */
export function summarise(
  counted: readonly ListenerPair[],
  notes: readonly string[],
  commOf: (pid: number) => string | null,
): Accepts {
  const listeners = new Map<string, AcceptListener>();
  for (const { pid, fd, port, cpu, rxcpu, count } of counted) {
    const key = `${pid},${fd},${port}`;
    const known = listeners.get(key) ?? { pid, comm: commOf(pid), fd, port, accepts: 0, matched: 0 };
    const local = cpu === rxcpu ? count : 0;
    listeners.set(key, { ...known, accepts: known.accepts + count, matched: known.matched + local });
  }
  const all = [...listeners.values()];
  const accepts = all.reduce((sum, listener) => sum + listener.accepts, 0);
  const matched = all.reduce((sum, listener) => sum + listener.matched, 0);
  return {
    accepts,
    matched,
    percent: percentOf(matched, accepts),
    listeners: all.sort((a, b) => b.accepts - a.accepts || byDescriptor(a, b)),
    pairs: counted
      .map(({ port: _, ...pair }) => pair)
      .sort((a, b) => byDescriptor(a, b) || a.cpu - b.cpu || (a.rxcpu ?? -1) - (b.rxcpu ?? -1)),
    notes,
  };
}

type Described = Pick<AcceptPair, 'pid' | 'fd'>;
const byDescriptor = (a: Described, b: Described) => a.pid - b.pid || (a.fd ?? -1) - (b.fd ?? -1);

/** `pid,fd + 1,port,cpu,rxcpu`. */
function parsePair(key: string): Omit<ListenerPair, 'count'> {
  const [pid = 0, listener = 0, port = 0, cpu = 0, rxcpu = -1] = key.split(',').map(Number);
  return { pid, fd: listener === 0 ? null : listener - 1, port, cpu, rxcpu: known(rxcpu) };
}

/** -1 means unset; some versions of bpftrace print it unsigned. */
const known = (rxcpu: number): number | null => ((rxcpu | 0) < 0 ? null : rxcpu);

const EVENT = /^cpu=#(\d+) pid=(\d+) accept\((-?\d+)\) -> fd=(\d+) rxcpu=#(-?\d+)$/;

/** A line that the probe prints for an accept; null for any other. */
export function parseEvent(line: string): AcceptEvent | null {
  const match = EVENT.exec(line.trimEnd());
  if (match === null) return null;
  const [cpu = 0, pid = 0, fd = -1, newFd = 0, rxcpu = -1] = match.slice(1).map(Number);
  return { cpu, pid, fd: fd < 0 ? null : fd, newFd, rxcpu: known(rxcpu) };
}

/** In the form of the SystemTap script of 2017. */
export function formatEvent({ cpu, pid, fd, newFd, rxcpu }: AcceptEvent): string {
  return `cpu=#${cpu} pid=${pid} accept(${fd ?? '?'}) -> fd=${newFd} rxcpu=#${rxcpu ?? '?'}`;
}
