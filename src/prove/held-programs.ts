/** The programs of groups during an experiment: read once, then remembered, because a look into the kernel loads BPF. */
import { disassemble } from '../cbpf/disassemble.ts';
import type { Instruction } from '../cbpf/instruction.ts';
import type { Group } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import type { Files, Kernel } from '../system/types.ts';
import type { Programs } from '../tune/settings/setting.ts';
import { type Handles, setThroughAny } from './restore-program.ts';

export interface Held {
  readonly group: Group;
  readonly handles: Handles;
}

/** @param held with the programs that they have now */
export function heldPrograms(
  machine: { readonly files: Files; readonly kernel: Kernel },
  held: readonly Held[],
): Programs {
  const now = new Map(held.map((each) => [each.group.id, each]));
  return {
    group: async (id) => now.get(id)?.group ?? null,
    lastSet: () => null,
    set: async (id, program) => {
      const each = now.get(id);
      if (each === undefined)
        throw failure('gone', `the group ${id} no longer exists`, 'see `locality-tune inspect`');
      await setThroughAny(machine, each.handles, program);
      now.set(id, { ...each, group: withProgram(each.group, program) });
    },
  };
}

export const withProgram = (group: Group, instructions: readonly Instruction[] | null): Group => ({
  ...group,
  selection: instructions === null ? 'hash' : 'cbpf',
  program: instructions && { kind: 'cbpf', name: null, asm: disassemble(instructions), instructions },
});
