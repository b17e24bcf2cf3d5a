/** What is attached to the interfaces of this machine, and what it has counted. */
import type { Files, Kernel } from '../system/types.ts';
import {
  readCounters,
  readRestored,
  readSportCounters,
  type SportCounters,
  type SpreadCounters,
} from './counters.ts';
import { readEgress } from './egress.ts';
import { ailments, sportAilments } from './hazards.ts';
import { possibleCpus, readSituation } from './situation.ts';
import type { Sport } from './sport.ts';
import type { Spread } from './spread.ts';
import { type AttachedProgram, readSport, readSpread, type XdpState, xdpStates } from './state.ts';

export interface InterfaceStatus {
  readonly state: XdpState;
  readonly program: AttachedProgram;
  readonly spread: { readonly settings: Spread; readonly counters: SpreadCounters | null } | null;
  readonly sport: SportStatus | null;
  /** What has become wrong since it was attached. */
  readonly warnings: readonly string[];
}

export interface SportStatus {
  readonly settings: Sport;
  readonly counters: SportCounters | null;
  /** Answers that got the peer's own port; null: without `--restore`, or the filter is gone. */
  readonly restored: number | null;
}

type System = { readonly files: Files; readonly kernel: Kernel };

/** One for each program, ours or not. Throws SystemError. @param ifaces only these; empty: all */
export async function readStatus(
  system: System,
  ifaces: readonly string[],
): Promise<readonly InterfaceStatus[]> {
  const states = (await xdpStates()).filter(({ name }) => ifaces.length === 0 || ifaces.includes(name));
  const found: InterfaceStatus[] = [];
  for (const state of states)
    for (const program of state.programs) found.push(await statusOf(system, state, program));
  return found;
}

async function statusOf(system: System, state: XdpState, program: AttachedProgram): Promise<InterfaceStatus> {
  const nothing = { state, program, spread: null, sport: null, warnings: [] };
  const possible = possibleCpus(system.files);
  const sport = readSport(program);
  if (sport !== null) {
    const egress = sport.restore ? await readEgress(state.ifindex) : null;
    const restored = egress?.ours ? readRestored(egress.ours.programId, possible) : null;
    return {
      ...nothing,
      sport: { settings: sport, counters: readSportCounters(program, possible), restored },
      warnings: egress === null ? [] : sportAilments(state.name, egress),
    };
  }
  const settings = readSpread(program, possible);
  if (settings === null) return nothing;
  const situation = await readSituation(system, state.name);
  const counters = await readCounters(program, settings.cpus, possible);
  const warnings = situation === null ? [] : ailments(settings, situation, []);
  return { ...nothing, spread: { settings, counters }, warnings };
}
