/** The switch of `--change program`: one system call. */
import type { Instruction } from '../cbpf/instruction.ts';
import { failure, isFailure } from '../system/errors.ts';
import type { Files, Kernel } from '../system/types.ts';
import { startPutBack } from './put-back.ts';
import { type Handles, setThroughAny } from './restore-program.ts';
import type { Switch } from './switch.ts';

export interface ProgramSwitch {
  readonly handles: Handles;
  /** What the group has before and afterwards; null: no program. */
  readonly original: readonly Instruction[] | null;
  readonly wanted: readonly Instruction[];
  /** Is the wanted program the original one? */
  readonly isAttached: boolean;
}

export function programSwitch(
  machine: { readonly files: Files; readonly kernel: Kernel; readonly state: string },
  { handles, original, wanted, isAttached }: ProgramSwitch,
): Switch {
  const { id, port } = handles.group;
  let isOriginal = true;
  return {
    before: original === null ? 'off' : isAttached ? 'on' : null,
    to: async (arm) => {
      isOriginal = false;
      await setThroughAny(machine, handles, arm === 'on' ? wanted : null);
    },
    putBack: async () => {
      if (isOriginal) return [];
      try {
        await setThroughAny(machine, handles, original);
        return [];
      } catch (error) {
        throw failure(
          'not-put-back',
          `the program that ${id} had before could not be put back: ${isFailure(error) ? error.message : error}`,
          `\`locality-tune inspect --port ${port}\` shows the program, \`detach\` takes it off`,
        );
      }
    },
    guard: () => startPutBack({ state: machine.state, programs: [{ handles, original }], plan: null }),
  };
}
