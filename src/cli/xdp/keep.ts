/** `--persist` of `xdp spread`, `xdp sport` and `balance apply`. */
import { requireOwnCommand } from '../../tune/unit.ts';
import type { LiveMachine } from '../../use-cases/machine.ts';
import { attachedAtBoot, keepXdp } from '../../use-cases/xdp-at-boot.ts';
import { usage } from '../errors.ts';
import type { Globals } from '../options.ts';
import { OWN_COMMAND } from '../own-command.ts';

export interface KeepOptions extends Globals {
  readonly persist?: true;
}

/** Before anything is changed, though the unit is written only afterwards. Throws CliError usage, Failure not-trusted. */
export function checkKeep({ persist, netns }: KeepOptions): void {
  if (!persist) return;
  if (netns !== undefined)
    throw usage("--persist: at boot it would run in the machine's own network namespace", 'omit --netns');
  requireOwnCommand(OWN_COMMAND);
}

/** Sentences. Throws Failure: those of keepXdp. @param journal null: nothing was changed */
export async function keep(
  machine: LiveMachine,
  iface: string,
  journal: string | null,
  { persist }: KeepOptions,
): Promise<readonly string[]> {
  if (persist) return keepXdp(machine, iface, OWN_COMMAND);
  return journal === null ? [] : attachedAtBoot(machine, iface, journal);
}
