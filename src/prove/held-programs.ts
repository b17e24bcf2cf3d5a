/** The programs of groups during an experiment: read once, then remembered, because a look into the kernel loads BPF. */
import type { Group } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import type { Files, Kernel } from '../system/types.ts';
import { withProgram } from '../tune/settings/program.ts';
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
    // All that is asked for was read before.
    prepare: async () => {},
    set: async (id, program) => {
      const each = now.get(id);
      if (each === undefined)
        throw failure('gone', `the group ${id} no longer exists`, 'see `locality-tune inspect`');
      await setThroughAny(machine, each.handles, program);
      now.set(id, { ...each, group: withProgram(each.group, program) });
    },
  };
}
