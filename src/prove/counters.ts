/** Reads what a round is measured by. What runs in one arm runs in the other: an extra counter would be an effect. */
import type { Cpus } from '../host/cpus.ts';
import type { Group } from '../host/types.ts';
import { isFailure, isSystemError } from '../system/errors.ts';
import { countHardware, type HardwareCounter, type HardwareEvent } from '../system/hardware-counter.ts';
import { countTracepoint, type TracepointCounter, tracepointIds } from '../system/tracepoint-counter.ts';
import type { Files, Kernel } from '../system/types.ts';
import {
  accountsIrqTime,
  type IdleTimes,
  parseIdle,
  parseIpis,
  parseSchedstat,
  parseSnmp,
  parseSnmp6,
  type ThreadTimes,
} from './parse.ts';
import type { MetricName, Per, Values } from './types.ts';
import { groupSockets, threadsOf } from './workers.ts';

/** Sums since some moment before the experiment. */
export interface Counted {
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  /** By `pid:tid`. */
  readonly threads: ReadonlyMap<string, ThreadTimes>;
  readonly idle: IdleTimes | null;
  readonly ipis: number | null;
  /** What costs are divided by: accepted connections, packets or datagrams. null: not known. */
  readonly events: number | null;
  /** The same of all ports, but of this network namespace only; null: not known. */
  readonly inNamespace: number | null;
  /** Accepted connections; null: not known, or of a UDP group. */
  readonly accepts: number | null;
  readonly hardware: Readonly<Record<HardwareEvent, number | null>>;
  /** Wakeups of the workers, and of these the ones that come from another CPU than the worker's. */
  readonly wakeups: { readonly all: number; readonly remote: number } | null;
  /** By the groups' sockets. */
  readonly drops: number | null;
}

export interface Counters {
  read(): Promise<Counted>;
  /** What could not be counted, and why; one sentence each. */
  readonly notes: readonly string[];
  close(): void;
}

/** include/net/tcp_states.h: a handshake that is complete. */
const ACCEPTED = 'protocol == 6 && oldstate == 3 && newstate == 1';
/** kernel/trace/trace_events_filter.c refuses longer ones; a page less what surrounds it. */
const LONGEST_FILTER = 3_900;

export interface CountersOptions {
  readonly files: Files;
  readonly kernel: Kernel;
  /** Of one port and protocol. */
  readonly groups: readonly Group[];
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Those that are online. */
  readonly cpus: Cpus;
  readonly per: Per;
}

/** Never throws: what cannot be counted is null. */
export async function openCounters(options: CountersOptions): Promise<Counters> {
  const { files, kernel, groups, protocol, cpus, per } = options;
  const { open, notes } = await openTracepoints(options);
  const hardware = openHardware(cpus);
  const acceptsOf = () =>
    open.accepts?.read() ?? (protocol === 'tcp' ? eventsOf(files, 'tcp', 'connection') : null);
  return {
    notes: [...notes, ...hardware.notes, ...softirqNotes(files)],
    close: () => {
      for (const counter of [...Object.values(open), ...Object.values(hardware.open)]) counter?.close();
    },
    read: async () => {
      const sockets = await groupSockets(kernel, groups);
      return {
        at: performance.now(),
        threads: new Map(
          threadsOf(files, groups).flatMap(({ pid, tid }) => {
            const times = parseSchedstat(files.text(`/proc/${pid}/task/${tid}/schedstat`) ?? '');
            return times === null ? [] : [[`${pid}:${tid}`, times] as const];
          }),
        ),
        idle: parseIdle(files.text('/proc/stat') ?? ''),
        ipis: parseIpis(files.text('/proc/interrupts') ?? ''),
        events: (per === 'packet' ? open.packets : open.accepts)?.read() ?? eventsOf(files, protocol, per),
        inNamespace: eventsOf(files, protocol, per),
        accepts: acceptsOf(),
        hardware: {
          cycles: hardware.open.cycles?.read() ?? null,
          instructions: hardware.open.instructions?.read() ?? null,
          'llc-misses': hardware.open['llc-misses']?.read() ?? null,
        },
        wakeups:
          open.wakeups === null || open.remote === null
            ? null
            : { all: open.wakeups.read(), remote: open.remote.read() },
        drops: sockets.some(({ drops }) => drops === null)
          ? null
          : sockets.reduce((sum, { drops }) => sum + (drops ?? 0), 0),
      };
    },
  };
}

/** Of the whole network namespace: other ports count as well. */
function eventsOf(files: Files, protocol: 'tcp' | 'udp', per: Per): number | null {
  const snmp = files.text('/proc/net/snmp') ?? '';
  if (protocol === 'tcp') return parseSnmp(snmp, 'Tcp', per === 'packet' ? 'InSegs' : 'PassiveOpens');
  const four = parseSnmp(snmp, 'Udp', 'InDatagrams');
  const six = parseSnmp6(files.text('/proc/net/snmp6') ?? '', 'Udp6InDatagrams') ?? 0;
  return four === null ? null : four + six;
}

/** Of the whole machine: a counter of one thread costs that thread time at each switch. */
function openHardware(cpus: Cpus) {
  const open: Record<HardwareEvent, HardwareCounter | null> = {
    cycles: null,
    instructions: null,
    'llc-misses': null,
  };
  try {
    for (const event of ['cycles', 'instructions', 'llc-misses'] as const)
      open[event] = countHardware(event, cpus);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return { open, notes: [`cycles, instructions and LLC misses were not counted: ${error.message}`] };
  }
  const notes = Object.values(open).every((counter) => counter === null)
    ? ['cycles, instructions and LLC misses were not counted: this machine shows no PMU']
    : [];
  return { open, notes };
}

interface Open {
  packets: TracepointCounter | null;
  accepts: TracepointCounter | null;
  wakeups: TracepointCounter | null;
  remote: TracepointCounter | null;
}

/** sched_waking, not sched_wakeup: that one fires on the woken CPU, in the context of the task that runs there. */
async function openTracepoints({ files, groups, protocol, port, cpus, per }: CountersOptions) {
  const open: Open = { accepts: null, packets: null, wakeups: null, remote: null };
  const notes: string[] = [];
  try {
    const [waking = 0, state = 0, probe = 0] = await tracepointIds([
      'sched/sched_waking',
      'sock/inet_sock_set_state',
      ...(per === 'packet' ? (['tcp/tcp_probe'] as const) : []),
    ]);
    if (protocol === 'tcp')
      open.accepts = countTracepoint(state, cpus, () => `sport == ${port} && ${ACCEPTED}`);
    // Of established connections only: handshakes are not in it.
    if (per === 'packet') open.packets = countTracepoint(probe, cpus, () => `sport == ${port}`);
    const tids = threadsOf(files, groups).map(({ tid }) => `pid == ${tid}`);
    const workers = `(${tids.join(' || ')})`;
    if (tids.length === 0 || workers.length > LONGEST_FILTER)
      notes.push('wakeups were not counted: the workers have too many threads for one filter');
    else {
      open.remote = countTracepoint(waking, cpus, (cpu) => `${workers} && target_cpu != ${cpu}`);
      open.wakeups = countTracepoint(waking, cpus, () => workers);
    }
  } catch (error) {
    if (!isFailure(error) && !isSystemError(error)) throw error;
    notes.push(`wakeups were not counted: ${error.message}`);
  }
  if ((per === 'packet' ? open.packets : open.accepts) === null)
    notes.push(`${per}s of all ports of this network namespace were counted, not only those of port ${port}`);
  return { open, notes };
}

/**
 * A tracepoint does not know network namespaces: a container that serves the same port is counted, too. null if no more
 * were counted than there were here.
 */
export function foreignEvents(
  before: Counted,
  after: Counted,
  { port, per }: Pick<CountersOptions, 'port' | 'per'>,
): string | null {
  const counted = change(before.events, after.events);
  const here = change(before.inNamespace, after.inNamespace);
  if (counted === null || here === null || counted <= MOST_MORE * here + FEW) return null;
  return `${per}s of other network namespaces with a port ${port} were counted, too (${counted}, but ${here} in this one), so the costs per ${per} are too small`;
}

/** The two counts are not read at the same moment. */
const MOST_MORE = 1.1;
const FEW = 10;

const softirqNotes = (files: Files): readonly string[] =>
  accountsIrqTime(files.text('/proc/kallsyms') ?? '') === false
    ? [
        'this kernel charges softirqs to the task that they interrupt (no CONFIG_IRQ_TIME_ACCOUNTING), so the CPU time of the workers contains packets of others',
      ]
    : [];

const USER_HZ = 100;

/** What happened between two readings. Threads that came or went are not in it. */
export function between(
  before: Counted,
  after: Counted,
): {
  readonly seconds: number;
  readonly connections: number | null;
  readonly accepts: number | null;
  readonly values: Values;
  readonly hottest: number;
} {
  const seconds = (after.at - before.at) / 1000;
  const threads = [...after.threads].flatMap(([key, now]) => {
    const then = before.threads.get(key);
    return then === undefined
      ? []
      : [{ cpu: now.cpu - then.cpu, wait: now.wait - then.wait, runs: now.runs - then.runs }];
  });
  const total = (of: 'cpu' | 'wait' | 'runs') => threads.reduce((sum, each) => sum + each[of], 0);
  const hottest = Math.max(0, ...threads.map(({ cpu }) => cpu));
  const connections = change(before.events, after.events);
  const known = threads.length > 0 && connections !== null && connections > 0;
  const each = (value: number | null) => (value === null || !known ? null : value / connections);
  const wakeups = before.wakeups &&
    after.wakeups && {
      all: after.wakeups.all - before.wakeups.all,
      remote: after.wakeups.remote - before.wakeups.remote,
    };
  const ofCpus = (idle: (times: IdleTimes) => number) =>
    before.idle === null || after.idle === null || before.idle.cpus !== after.idle.cpus
      ? null
      : (100 * (idle(after.idle) - idle(before.idle))) / (USER_HZ * after.idle.cpus * seconds);
  const idle = ofCpus((times) => times.idle);
  const steal = ofCpus((times) => times.steal);
  const drops = change(before.drops, after.drops);
  const ofHardware = (event: HardwareEvent) => each(change(before.hardware[event], after.hardware[event]));
  const values: Record<MetricName, number | null> = {
    'worker-cpu': each(total('cpu') / 1e3),
    'remote-wakeups': wakeups === null || wakeups.all === 0 ? null : (100 * wakeups.remote) / wakeups.all,
    ipis: each(change(before.ipis, after.ipis)),
    'cpus-not-idle': idle === null || steal === null ? null : 100 - idle - steal,
    'run-queue-wait': each(total('wait') / 1e3),
    switches: each(total('runs')),
    'busiest-worker': known && hottest > 0 ? (100 * hottest) / total('cpu') : null,
    rate: connections === null ? null : connections / seconds,
    steal,
    drops: drops === null ? null : drops / seconds,
    cycles: ofHardware('cycles'),
    instructions: ofHardware('instructions'),
    'llc-misses': ofHardware('llc-misses'),
    number: null,
    'wait-median': null,
    'wait-p99': null,
  };
  const accepts = change(before.accepts, after.accepts);
  return { seconds, connections, accepts, values, hottest: hottest / (1e9 * seconds) };
}

const change = (before: number | null, after: number | null): number | null =>
  before === null || after === null ? null : after - before;
