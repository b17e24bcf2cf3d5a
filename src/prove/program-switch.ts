/** The switch of `--change program`: one system call for each group. */
import type { Instruction } from '../cbpf/instruction.ts';
import { failure, isFailure } from '../system/errors.ts';
import type { Files, Kernel } from '../system/types.ts';
import { startPutBack } from './put-back.ts';
import { type Handles, setThroughAny } from './restore-program.ts';
import type { Switch } from './switch.ts';
import type { Arm } from './types.ts';

export interface SwitchedProgram {
  readonly handles: Handles;
  /** What the group has before and afterwards; null: no program. */
  readonly original: readonly Instruction[] | null;
  readonly wanted: readonly Instruction[];
  /** Is the wanted program the original one? */
  readonly isAttached: boolean;
}

export function programSwitch(
  machine: { readonly files: Files; readonly kernel: Kernel; readonly state: string },
  programs: readonly SwitchedProgram[],
): Switch {
  const before = new Set(programs.map(armOf));
  const [only = null] = before;
  let isOriginal = true;
  return {
    before: before.size === 1 ? only : null,
    to: async (arm) => {
      isOriginal = false;
      for (const { handles, wanted } of programs)
        await setThroughAny(machine, handles, arm === 'on' ? wanted : null);
    },
    putBack: async () => {
      if (isOriginal) return [];
      const failures: string[] = [];
      for (const { handles, original } of programs)
        await setThroughAny(machine, handles, original).catch((error) => {
          failures.push(`${handles.group.id}: ${isFailure(error) ? error.message : error}`);
        });
      if (failures.length === 0) return [];
      const port = programs[0]?.handles.group.port;
      throw failure(
        'not-put-back',
        `the program from before could not be attached again, or the other one not detached: ${failures.join('; ')}`,
        `\`locality-tune inspect --port ${port}\` shows the program, \`detach\` takes it off`,
      );
    },
    guard: () => startPutBack({ state: machine.state, programs, plan: null }),
  };
}

const armOf = ({ original, isAttached }: SwitchedProgram): Arm | null =>
  original === null ? 'off' : isAttached ? 'on' : null;
