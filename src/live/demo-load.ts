/** The demo's server under continuous load, so that there is something to watch and to fix on any machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../demo/child.ts';
import type { ClientOrders, WorkerOrders } from '../demo/messages.ts';
import { percentOf } from '../measure/percent.ts';
import type { Kernel } from '../system/types.ts';
import type { Accept } from './types.ts';

export interface DemoLoad {
  readonly port: number;
  /** The workers' own counts since the last call; needs no root. */
  readonly accepts: () => Accept | null;
  stop(): Promise<void>;
}

/** A process takes about 50 MB. */
const MOST_CPUS = 16;
/** Connections of each client in a burst, and the pause after it: about 200 a second. */
const BURST = 20;
const PAUSE_MS = 80;

/** One worker and one client on each CPU, all on a loopback port that the kernel chooses. */
export async function startDemoLoad(kernel: Kernel): Promise<DemoLoad> {
  const cpus = kernel.affinity(0).slice(0, MOST_CPUS);
  const abort = new AbortController();
  const workers = cpus.map((cpu) => startChild<WorkerOrders>('worker', cpu));
  const clients = cpus.map((cpu) => startChild<ClientOrders>('client', cpu));
  let counted: Accept | null = null;
  const stop = async (): Promise<void> => {
    abort.abort();
    await Promise.all([...clients, ...workers].map((child) => child.stop()));
  };
  try {
    const port = await listenInOrder(workers);
    for (const client of clients) void load(client, port, abort.signal);
    void count(workers, port, abort.signal, (accept) => {
      counted = accept;
    });
    return { port, accepts: () => counted, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Slots are given in the order of listen(). */
async function listenInOrder(workers: readonly Child<WorkerOrders>[]): Promise<number> {
  let [tcpPort, udpPort] = [0, 0];
  for (const worker of workers) {
    const { tcp, udp } = await worker.ask('listen', { tcpPort, udpPort });
    [tcpPort, udpPort] = [tcp.port, udp.port];
  }
  return tcpPort;
}

async function load(client: Child<ClientOrders>, port: number, signal: AbortSignal): Promise<void> {
  await untilStopped(signal, async () => {
    await client.ask('connect', { port, count: BURST });
    await sleep(PAUSE_MS);
  });
}

const COUNT_MS = 1_000;

async function count(
  workers: readonly Child<WorkerOrders>[],
  port: number,
  signal: AbortSignal,
  onAccepts: (accept: Accept) => void,
): Promise<void> {
  let since = performance.now();
  await untilStopped(signal, async () => {
    await sleep(COUNT_MS);
    const taken = await Promise.all(workers.map((worker) => worker.ask('take', {})));
    const now = performance.now();
    const listeners = workers.map(({ pid }, index) => ({
      pid,
      comm: 'demo worker',
      fd: null,
      port,
      accepts: taken[index]?.accepts ?? 0,
      matched: taken[index]?.matched ?? 0,
    }));
    const accepts = listeners.reduce((sum, listener) => sum + listener.accepts, 0);
    const matched = listeners.reduce((sum, listener) => sum + listener.matched, 0);
    const seconds = (now - since) / 1000;
    since = now;
    onAccepts({
      source: 'sample',
      seconds,
      accepts,
      matched,
      percent: percentOf(matched, accepts),
      listeners,
      pairs: [],
    });
  });
}

/** What ends a child may also be about to end this process: a closed terminal, a shutdown. */
const GRACE_MS = 500;

/** A child that is asked while it is being stopped must fail; any other failure is reported. */
async function untilStopped(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await act();
    } catch (error) {
      if (!signal.aborted) await sleep(GRACE_MS);
      if (!signal.aborted) throw error;
    }
  }
}
