/** The probes of one view, each at its own pace: their counts are taken when a sample is due. */
import type { Events } from './events.ts';
import {
  NO_PACKETS,
  type Packets,
  probeState,
  toPackets,
  watchAccepts,
  watchDatagrams,
  watchEvents,
  watchSkbs,
} from './probes.ts';
import type { Gathered, Probe } from './restarting-probe.ts';
import type { Configuration, ProbeState } from './types.ts';

export interface Counting {
  /** The packet probe runs and reports every second. */
  counting(): boolean;
  /** The probe has reported an interval since the last `take`. */
  fresh(): boolean;
  /** @param listen also report single accepts */
  take(configuration: Configuration, listen: boolean): ProbeCounts;
  state(notes: readonly string[]): ProbeState;
  /** Resolves when all have ended, after the signal. */
  ended(): Promise<void>;
}

export interface ProbeCounts {
  readonly packets: Packets;
  readonly accepts: Gathered | null;
  readonly datagrams: Gathered | null;
  readonly probe: ProbeState;
}

/** How long single accepts are still traced after they were last shown: restarting a probe costs more. */
const LINGER_MS = 30_000;

export function startCounting(
  port: number | null,
  signal: AbortSignal,
  events: Events,
  onChange: () => void,
): Counting {
  const skbs = watchSkbs(port, signal, onChange);
  const accepts = watchAccepts(port, signal, () => {});
  let datagrams: Probe | null = null;
  let listening: { readonly probe: Probe; readonly abort: AbortController } | null = null;
  let wantedAt = 0;
  const listen = (wanted: boolean): void => {
    if (wanted) wantedAt = performance.now();
    if (wanted && listening === null) {
      const abort = new AbortController();
      const report = (text: string) => events.report('accept', text);
      listening = { probe: watchEvents(port, AbortSignal.any([signal, abort.signal]), report), abort };
    } else if (listening !== null && performance.now() - wantedAt > LINGER_MS) {
      listening.abort.abort();
      listening = null;
    }
  };
  const state = (notes: readonly string[]) =>
    probeState(skbs, { accepts, datagrams, events: listening?.probe ?? null }, notes);
  return {
    counting: () => skbs.counting,
    fresh: () => skbs.fresh,
    take: ({ host: { machine, groups } }, wanted) => {
      listen(wanted);
      if (groups.some(({ protocol, size }) => protocol === 'udp' && size > 1))
        datagrams ??= watchDatagrams(port, signal, () => {});
      const gathered = skbs.take();
      const packets = gathered === null ? NO_PACKETS : toPackets(gathered, machine.cpus.online);
      return {
        packets,
        accepts: accepts.take(),
        datagrams: datagrams?.take() ?? null,
        probe: state(packets.notes),
      };
    },
    state,
    ended: async () => {
      await Promise.all([skbs, accepts, datagrams, listening?.probe].map((probe) => probe?.ended));
    },
  };
}
