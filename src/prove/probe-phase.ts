/**
 * Rounds in which a probe also counts how long connections or datagrams wait for a worker. It costs the server too much for
 * the rounds that decide, so these come after them.
 */
import { compare } from './compare.ts';
import type { Counters } from './counters.ts';
import type { Phase } from './experiment.ts';
import { byCounters, byProbe } from './measuring.ts';
import { SHORT } from './metrics.ts';
import type { Design, Metrics, Per, Round } from './types.ts';
import { isQuiet, LEAST_BLOCKS } from './verdict.ts';
import { startWaitProbe, type WaitProbe } from './wait-probe.ts';

export interface ProbePhase extends Phase {
  notes(probed: readonly Round[]): readonly string[];
}

/** @param design of the rounds that decide */
export function probePhase(
  { seed, blocks, ...rest }: Design,
  counters: Counters,
  { port, per }: { readonly port: number; readonly per: Per },
): ProbePhase {
  let probe: WaitProbe | null = null;
  const problem = () => probe?.problem() ?? null;
  return {
    // Another order than before: nothing should be in step with both.
    design: { ...rest, untilClear: false, seed: seed + 1, blocks: Math.min(blocks, LEAST_BLOCKS) },
    begin: async () => {
      probe = await startWaitProbe(port, per);
      return byProbe(probe, byCounters(counters, null));
    },
    isEnough: ([rounds = []]) => isQuiet(rounds) || problem() !== null,
    notes: (probed) => {
      const why = problem();
      if (why !== null) return [`how long ${per}s wait was not measured: ${why}`];
      return Object.keys(waitsIn(probed)).length === 0 ? [] : [NOTE];
    },
  };
}

const NOTE =
  'the waits for a worker are from further rounds, in which bpftrace ran, and show nothing about the cost';

/** The metrics that only the probe knows. */
export function waitsIn(probed: readonly Round[]): Metrics {
  const { 'wait-median': median, 'wait-p99': p99 } = compare(probed, SHORT.connection);
  return { ...(median && { 'wait-median': median }), ...(p99 && { 'wait-p99': p99 }) };
}
