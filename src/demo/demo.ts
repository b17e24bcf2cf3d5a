/**
 * Shows the effect on a machine without a spare NIC: a built-in reuseport server, one worker pinned to each CPU, under
 * loopback load, before and after a program is attached from outside.
 */

import type { Instruction } from '../cbpf/instruction.ts';
import { cpu, map, rand } from '../cbpf/programs.ts';
import {
  type BeforeAndAfter,
  countGroup,
  countReads,
  type LocalityCount,
  type LocalityCounter,
} from '../measure/locality-counter.ts';
import { percentOf } from '../measure/percent.ts';
import { identify } from '../steer/member.ts';
import { setGroupProgram } from '../steer/set-program.ts';
import { isFailure } from '../system/errors.ts';
import type { Kernel } from '../system/types.ts';
import { type Child, type Orders, startChild } from './child.ts';
import type { Bound, ClientOrders, WorkerCounts, WorkerOrders } from './messages.ts';

export interface DemoOptions {
  /** Use at most this many CPUs: a process takes about 50 MB. */
  readonly maxWorkers: number;
  readonly connections: number;
  readonly datagrams: number;
  readonly signal: AbortSignal;
  readonly onStep: (step: string) => void;
}

export interface LoadResult {
  /** Accepted, or received. */
  readonly total: number;
  /** Sent but not received: the one worker that got everything could not keep up. */
  readonly lost: number;
  /**
   * TCP: accepts whose rxcpu was the worker's CPU, and their percentage; null for UDP, where the kernel does not report
   * it.
   */
  readonly matched: number | null;
  readonly percent: number | null;
  readonly workers: readonly { readonly cpu: number; readonly count: number }[];
}

export interface Act {
  readonly port: number;
  readonly program: string;
  readonly before: LoadResult;
  readonly after: LoadResult;
  /** The same accepts counted by a kernel probe; null for UDP, and without a probe (it needs root). */
  readonly byProbe: BeforeAndAfter | null;
  /** The requests, one packet per connection: were they read on the CPU that received them? null as above. */
  readonly skbs: BeforeAndAfter | null;
}

export interface DemoResult {
  /** The CPUs that were used, with one worker and one client each. */
  readonly cpus: readonly number[];
  /** null on a single CPU: there is nothing to show. */
  readonly tcp: Act | null;
  readonly udp: Act | null;
  readonly notes: readonly string[];
}

/** Stops everything that it starts and detaches every program, also if `signal` aborts it. */
export async function demonstrate(kernel: Kernel, options: DemoOptions): Promise<DemoResult> {
  const allowed = kernel.affinity(0);
  const cpus = allowed.slice(0, options.maxWorkers);
  const notes =
    cpus.length < allowed.length
      ? [`${cpus.length} of the ${allowed.length} CPUs are used; --workers changes that`]
      : [];
  if (cpus.length < 2) return { cpus, tcp: null, udp: null, notes };

  const children: { stop(): Promise<void> }[] = [];
  const start = <T extends Orders<T>>(name: 'worker' | 'client', on: number): Child<T> => {
    const child = startChild<T>(name, on);
    children.push(child);
    return child;
  };
  const stopAll = () => Promise.all(children.map((child) => child.stop()));
  options.signal.addEventListener('abort', stopAll, { once: true });
  try {
    options.onStep(`starting ${cpus.length} workers and ${cpus.length} clients`);
    const workers = cpus.map((on) => start<WorkerOrders>('worker', on));
    const clients = cpus.map((on) => start<ClientOrders>('client', on));
    const sockets = await listenInOrder(workers);
    const stage: Stage = { kernel, cpus, workers, clients, sockets, notes, ...options };
    return { cpus, tcp: await playTcp(stage), udp: await playUdp(stage), notes };
  } finally {
    options.signal.removeEventListener('abort', stopAll);
    await stopAll();
  }
}

interface Stage extends DemoOptions {
  readonly kernel: Kernel;
  readonly cpus: readonly number[];
  readonly workers: readonly Child<WorkerOrders>[];
  readonly clients: readonly Child<ClientOrders>[];
  readonly sockets: readonly { readonly tcp: Bound; readonly udp: Bound }[];
  readonly notes: string[];
}

/** Slots are given in the order of listen() and bind(), so worker i must be ready before worker i + 1 opens. */
async function listenInOrder(workers: Stage['workers']): Promise<Stage['sockets']> {
  const sockets: { tcp: Bound; udp: Bound }[] = [];
  for (const worker of workers) {
    const [first] = sockets;
    sockets.push(
      await worker.ask('listen', { tcpPort: first?.tcp.port ?? 0, udpPort: first?.udp.port ?? 0 }),
    );
  }
  return sockets;
}

async function playTcp(stage: Stage): Promise<Act> {
  const { cpus, clients, workers, connections } = stage;
  const port = portOf(stage, 'tcp');
  const load = async (step: string): Promise<LoadResult> => {
    stage.onStep(`TCP: ${connections.toLocaleString('en')} connections ${step}`);
    const count = Math.ceil(connections / clients.length);
    await Promise.all(clients.map((client) => client.ask('connect', { port, count })));
    const taken = await Promise.all(workers.map((worker) => worker.ask('take', {})));
    return summary(cpus, count * clients.length, taken, 'accepts');
  };
  const { name, instructions } = localProgram(cpus);
  const sockets = workers.map(({ pid }, index) => ({
    inode: 0,
    holders: [{ pid, fd: stage.sockets[index]?.tcp.fd ?? -1 }],
  }));
  const [accepts, skbs] = await Promise.all([
    countGroup({ protocol: 'tcp', port, sockets }),
    countReads(port),
  ]);
  try {
    const act = await play(stage, 'tcp', name, instructions, load, { accepts, skbs });
    const why = accepts.why() ?? skbs.why();
    if (why !== null && process.geteuid?.() === 0)
      stage.notes.push(`the result was not double-checked with bpftrace: ${why}`);
    return act;
  } finally {
    await Promise.all([accepts.stop(), skbs.stop()]);
  }
}

/** `ld cpu` indexes by CPU number, which is the slot only if the CPUs are 0, 1, 2 … */
export function localProgram(cpus: readonly number[]): { name: 'cpu' | 'map'; instructions: Instruction[] } {
  if (cpus.every((one, slot) => one === slot)) return { name: 'cpu', instructions: cpu(cpus.length) };
  return { name: 'map', instructions: map(new Map(cpus.map((one, slot) => [one, slot]))) };
}

async function playUdp(stage: Stage): Promise<Act> {
  const { cpus, clients, datagrams } = stage;
  const port = portOf(stage, 'udp');
  const load = async (step: string): Promise<LoadResult> => {
    stage.onStep(`UDP: ${datagrams.toLocaleString('en')} datagrams from one address and port ${step}`);
    await clients[0]?.ask('send', { port, count: datagrams });
    return summary(cpus, datagrams, await takeDatagrams(stage), 'datagrams');
  };
  return play(stage, 'udp', 'rand', rand(cpus.length), load);
}

async function play(
  stage: Stage,
  protocol: 'tcp' | 'udp',
  name: string,
  program: readonly Instruction[],
  load: (step: string) => Promise<LoadResult>,
  counters: { readonly accepts: LocalityCounter; readonly skbs: LocalityCounter } | null = null,
): Promise<Act> {
  const take = () => Promise.all([counters?.accepts.take(), counters?.skbs.take()]);
  const before = await load('by hash');
  const [acceptsBefore, skbsBefore] = await take();
  await steer(stage, protocol, program);
  const after = await load(`with \`${name}\``);
  const [acceptsAfter, skbsAfter] = await take();
  await steer(stage, protocol, null);
  return {
    port: portOf(stage, protocol),
    program: name,
    before,
    after,
    byProbe: bothOf(acceptsBefore, acceptsAfter),
    skbs: bothOf(skbsBefore, skbsAfter),
  };
}

const bothOf = (
  before: LocalityCount | null = null,
  after: LocalityCount | null = null,
): BeforeAndAfter | null => (before === null || after === null ? null : { before, after });

const portOf = ({ sockets }: Stage, protocol: 'tcp' | 'udp') => sockets[0]?.[protocol].port ?? 0;

/** Attaches from outside, as `attach` does. If the kernel's ptrace rules forbid that, the worker attaches it itself. */
async function steer(
  stage: Stage,
  protocol: 'tcp' | 'udp',
  program: readonly Instruction[] | null,
): Promise<void> {
  const [worker] = stage.workers;
  const socket = stage.sockets[0]?.[protocol];
  if (!worker || !socket) return;
  try {
    await setGroupProgram(await identify(stage.kernel, worker.pid, socket.fd), program);
  } catch (error) {
    if (!isFailure(error) || (error.code !== 'EPERM' && error.code !== 'ENOSYS')) throw error;
    await worker.ask('setProgram', { fd: socket.fd, program });
    const note = `${error.message}: the worker attached the program itself`;
    if (!stage.notes.includes(note)) stage.notes.push(note);
  }
}

/** A datagram is counted when its worker reads it, so wait until no worker has any left. */
async function takeDatagrams({ workers }: Stage): Promise<WorkerCounts[]> {
  const take = () => Promise.all(workers.map((worker) => worker.ask('take', {})));
  const sum = (await take()).map((counts) => ({ ...counts }));
  for (let more = true; more; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const late = await take();
    more = late.some(({ datagrams }) => datagrams > 0);
    late.forEach(({ datagrams }, index) => {
      const counts = sum[index];
      if (counts) counts.datagrams += datagrams;
    });
  }
  return sum;
}

function summary(
  cpus: readonly number[],
  sent: number,
  taken: readonly WorkerCounts[],
  what: 'accepts' | 'datagrams',
): LoadResult {
  const workers = cpus.map((cpu, index) => ({ cpu, count: taken[index]?.[what] ?? 0 }));
  const total = workers.reduce((sum, { count }) => sum + count, 0);
  const matched = what === 'accepts' ? taken.reduce((sum, counts) => sum + counts.matched, 0) : null;
  const percent = matched === null ? null : percentOf(matched, total);
  return { total, lost: sent - total, matched, percent, workers };
}
