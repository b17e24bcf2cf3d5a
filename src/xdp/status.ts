/** What is attached to the interfaces of this machine, and what it has counted. */
import type { Files, Kernel } from '../system/types.ts';
import { readCounters, type SpreadCounters } from './counters.ts';
import { ailments } from './hazards.ts';
import { readSituation } from './situation.ts';
import type { Spread } from './spread.ts';
import { type AttachedProgram, readSpread, type XdpState, xdpStates } from './state.ts';

export interface InterfaceStatus {
  readonly state: XdpState;
  readonly program: AttachedProgram;
  /** null: not ours. */
  readonly spread: Spread | null;
  readonly counters: SpreadCounters | null;
  /** What has become wrong since it was attached. */
  readonly warnings: readonly string[];
}

/** One for each program, ours or not. Throws SystemError. @param ifaces only these; empty: all */
export async function readStatus(
  system: { readonly files: Files; readonly kernel: Kernel },
  ifaces: readonly string[],
): Promise<readonly InterfaceStatus[]> {
  const states = (await xdpStates()).filter(({ name }) => ifaces.length === 0 || ifaces.includes(name));
  const found: InterfaceStatus[] = [];
  for (const state of states)
    for (const program of state.programs) {
      const situation = program.own === null ? null : await readSituation(system, state.name);
      const spread = situation === null ? null : readSpread(program, situation.possible);
      if (situation === null || spread === null) {
        found.push({ state, program, spread: null, counters: null, warnings: [] });
        continue;
      }
      const counters = await readCounters(program, spread.cpus, situation.possible);
      found.push({ state, program, spread, counters, warnings: ailments(spread, situation, []) });
    }
  return found;
}
