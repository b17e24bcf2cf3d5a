/**
 * This machine as a source of samples. Three activities run at their own pace, and none waits for another: counters are
 * read for each sample, the configuration every few seconds, and bpftrace counts as long as it runs.
 */
import type { NamedNetns } from '../host/netns-target.ts';
import type { Nic } from '../host/types.ts';
import { commOf } from '../measure/process.ts';
import { readRunning } from '../prove/running.ts';
import { netnsInode } from '../system/netns.ts';
import type { Kernel, System } from '../system/types.ts';
import { createTimer, createWakeUp, type WakeUp } from '../system/wake-up.ts';
import { places } from '../tune/places.ts';
import { openMachine } from '../use-cases/machine.ts';
import { askWatchers, newestEvents } from '../watch/ask.ts';
import { watchConfiguration } from './configuration-watch.ts';
import { createControl } from './control.ts';
import { type Counting, startCounting } from './counted-sample.ts';
import { type Counters, loadsBetween, packetRatesBetween, queueSamples, readCounters } from './counters.ts';
import { createEvents, type Events } from './events.ts';
import { membersByProcess, NO_PACKETS, toAccept, toMembers } from './probes.ts';
import type { Accept, Configuration, ProbeState, Sample, Source } from './types.ts';
import { followWatchers } from './watcher-events.ts';
import { watchXdp } from './xdp-figures.ts';

export interface LiveOptions {
  /** The network namespace, as `--netns` named it; null: the user's own. */
  readonly netns: NamedNetns | null;
  readonly ifaces: readonly string[];
  /** null: all. */
  readonly port: number | null;
  /** Seconds between samples; at least 1. */
  readonly interval: number;
  /** Run bpftrace; without it there are only counters and configuration. */
  readonly probes: boolean;
  /** Accepts since the last call that another source has counted, if no probe does. */
  readonly accepts?: () => Accept | null;
}

export interface LiveSystem extends System {
  readonly kernel: Kernel;
}

/** A sample uses the end of a probe's interval within this many seconds before and after its own time. */
const SLACK = 0.3;
/** How long a sample waits for counters. */
const PATIENCE_MS = 500;

/** Of the watchers, at each question. */
const NEWEST_EVENTS = 200;

const NO_ROOT =
  'not root: locality is not measured; slots, programs and workers of other users are not known';
const NO_PROBES = '--no-probes: locality is not measured';

export function openLive(system: LiveSystem, options: LiveOptions): Source {
  let { interval } = options;
  const hurry = createWakeUp();
  const wishes = { refresh: false, listen: false };
  const events = createEvents();
  return {
    live: true,
    replay: null,
    control: createControl(openMachine(system.kernel), options.netns, (text) =>
      events.report('action', text),
    ),
    setInterval: (seconds) => {
      interval = seconds;
      hurry.wake();
    },
    refresh: () => {
      wishes.refresh = true;
      hurry.wake();
    },
    listen: (wanted) => {
      wishes.listen = wanted;
    },
    samples: (signal) => run(system, options, () => interval, wishes, events, hurry, signal),
  };
}

async function* run(
  system: LiveSystem,
  options: LiveOptions,
  interval: () => number,
  wishes: { refresh: boolean; listen: boolean },
  events: Events,
  hurry: WakeUp,
  signal: AbortSignal,
): AsyncGenerator<Sample, void, undefined> {
  const root = options.probes && process.geteuid?.() === 0;
  const configurations = await watchConfiguration(system, options, root, events.report);
  const watchers = followWatchers(
    async () => newestEvents(await askWatchers(netnsInode()), NEWEST_EVENTS),
    events.report,
  );
  const programs = watchXdp(system.files);
  // The reader may also end without the signal, such as when a recording cannot be written any more.
  const left = new AbortController();
  const untilLeft = AbortSignal.any([signal, left.signal]);
  const probes = root ? startCounting(options.port, untilLeft, events, hurry.wake) : null;
  const missing = options.probes ? NO_ROOT : NO_PROBES;
  const countersOf = ({ host: { nics, machine } }: Configuration) =>
    readCounters(system, nics, machine.cpus.online);
  try {
    let before = await countersOf(configurations.now());
    let [since, reading]: [number, Promise<Counters> | null] = [before.at, null];
    yield firstSample(
      configurations.now(),
      options.port,
      probes?.state([]) ?? { state: 'missing', coverage: null, notes: [missing] },
    );
    while (!signal.aborted) {
      await untilDue(since, interval, probes, hurry, signal);
      if (signal.aborted) return;
      configurations.lookAgain(wishes.refresh);
      void watchers.lookAgain();
      wishes.refresh = false;
      const configuration = configurations.now();
      const seconds = Math.round(performance.now() - since) / 1000;
      since = performance.now();
      reading ??= countersOf(configuration);
      const after = await inTime(reading);
      const counted = probes?.take(configuration, wishes.listen) ?? null;
      const { packets = NO_PACKETS, accepts = null, datagrams = null, probe } = counted ?? {};
      const rates = after === null ? { rx: null, tx: null } : packetRatesBetween(before, after);
      const own = accepts === null ? (options.accepts?.() ?? null) : null;
      const { groups } = configuration.host;
      yield {
        time: new Date().toISOString(),
        seconds,
        cpus: configuration.host.machine.cpus.online,
        port: options.port,
        rx: { ...packets.rx, pps: rates.rx },
        tx: { ...packets.tx, pps: rates.tx },
        rxMatrix: packets.rxMatrix,
        txMatrix: packets.txMatrix,
        accept: accepts === null ? own : toAccept(accepts, commOf(system.files)),
        loads: after === null ? [] : loadsBetween(before, after, configuration.host.machine.cpus.online),
        queues: after === null ? [] : queueSamples(configuration.host.nics, before, after),
        members: own === null ? toMembers(groups, accepts, datagrams) : membersByProcess(groups, own),
        events: events.take(),
        ...programs.take(),
        probe: probe ?? { state: 'missing', coverage: null, notes: [missing] },
        ...experimentOn(system.files),
        configuration,
      };
      // A reading that is late goes to the next sample.
      if (after !== null) [before, reading] = [after, null];
    }
  } finally {
    left.abort();
    await probes?.ended();
  }
}

/** null if it takes too long: another process holds the lock under which drivers answer. */
async function inTime(reading: Promise<Counters>): Promise<Counters | null> {
  const late = createTimer(PATIENCE_MS);
  try {
    return await Promise.race([reading, late.over.then(() => null)]);
  } finally {
    late.cancel();
  }
}

function firstSample(configuration: Configuration, port: number | null, probe: ProbeState): Sample {
  const none = { packets: null, local: null, percent: null, pps: null };
  return {
    time: new Date().toISOString(),
    seconds: 0,
    cpus: configuration.host.machine.cpus.online,
    port,
    rx: none,
    tx: none,
    rxMatrix: null,
    txMatrix: null,
    accept: null,
    loads: [],
    queues: queuesOf(configuration.host.nics),
    members: toMembers(configuration.host.groups, null, null),
    events: [],
    probe,
    configuration,
  };
}

function queuesOf(nics: readonly Nic[]) {
  const nothing: Counters = {
    interfaces: { packets: new Map(), at: 0 },
    rx: new Map(),
    tx: new Map(),
    interrupts: new Map(),
    cpus: { times: new Map(), packets: new Map() },
    at: 0,
  };
  return queueSamples(nics, nothing, nothing);
}

/**
 * Waits until the interval is over. If a probe counts, also waits a little for the end of its interval, so that each
 * sample has exactly one. A change of the interval takes effect at once.
 */
async function untilDue(
  since: number,
  interval: () => number,
  probes: Counting | null,
  hurry: WakeUp,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const left = interval() - (performance.now() - since) / 1000;
    const counting = probes?.counting() === true;
    if (left <= (counting ? -SLACK : 0) || (counting && left <= SLACK && probes.fresh())) return;
    await hurry.wait(Math.max(1, 1000 * (left + (counting ? SLACK : 0))), signal);
  }
}

function experimentOn(files: LiveSystem['files']): Pick<Sample, 'experiment'> {
  const experiment = readRunning(places().state, files);
  return experiment === null ? {} : { experiment };
}
