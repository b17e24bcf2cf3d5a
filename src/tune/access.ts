/** Opens the live machine for settings. */
import type { Instruction } from '../cbpf/instruction.ts';
import { readInterrupts } from '../host/interrupts.ts';
import { readNics } from '../host/nics.ts';
import { readMachine } from '../host/topology.ts';
import type { Group, Nic } from '../host/types.ts';
import { openControls } from '../system/controls.ts';
import type { Files, Kernel } from '../system/types.ts';
import { openIrqbalance } from './irqbalance.ts';
import { type JustRead, openPrograms } from './settings/program.ts';
import type { Access } from './settings/setting.ts';

/** @param noted hears of each program that was attached, and (null) detached @param justRead as for `openPrograms` */
export function openAccess(
  system: { readonly files: Files; readonly kernel: Kernel },
  /** As `uname -m` prints it. */
  arch: string,
  noted: (group: Group, program: readonly Instruction[] | null) => void = () => {},
  justRead?: JustRead,
): Access {
  const nics = new Map<string, Promise<Nic | null>>();
  return {
    ...system,
    controls: openControls(),
    irqbalance: openIrqbalance(system.files),
    programs: openPrograms(system, arch, noted, justRead),
    nic: (name) => {
      const nic = nics.get(name) ?? readNic(system, name);
      nics.set(name, nic);
      return nic;
    },
    forget: (name) => nics.delete(name),
  };
}

async function readNic(system: { readonly files: Files; readonly kernel: Kernel }, name: string) {
  const interrupts = readInterrupts(system.files);
  const found = await readNics(system, readMachine(system, interrupts), interrupts, [name]);
  return found.find((nic) => nic.name === name) ?? null;
}
