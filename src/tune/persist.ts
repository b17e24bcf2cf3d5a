/** `--persist` of `apply`, `xdp` and `balance`: a systemd unit that applies the saved plan at boot, and its removal. */
import { dirname, join } from 'node:path';
import { errnoCode } from '../system/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import { onFile, removeFile } from '../system/remove-file.ts';
import { saveDurably } from '../system/save.ts';
import { requireTrustedFolder } from '../system/trusted.ts';
import type { Files } from '../system/types.ts';
import type { Persisted } from './journal.ts';
import { places } from './places.ts';
import type { Saved } from './saved.ts';
import { confinement, describing, enabledBy, enableUnit, quote, reload, removeIfThere } from './unit.ts';

export interface UnitFacts {
  /** `eth0, tcp 0.0.0.0:8080`. */
  readonly what: string;
  /** The command that starts this program. */
  readonly command: readonly string[];
  /** Services after which it must run. */
  readonly after: readonly string[];
}

/**
 * Oneshot: a later `systemctl start` does nothing, because the settings are in force already.
 * @param plan its file, in the folder `state`
 */
export function unitText({ what, command, after }: UnitFacts, state: string, plan: string): string {
  const words = [...command, 'apply', '--saved', plan, '--yes'].map(quote).join(' ');
  return `# Written by locality-tune with --persist; locality-tune undo removes it.
[Unit]
Description=CPU locality of ${describing(what)}
Wants=network-online.target
After=${['network-online.target', 'irqbalance.service', ...after].join(' ')}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${words}
TimeoutStartSec=180
${confinement(state)}

[Install]
WantedBy=multi-user.target
`;
}

/** The files that `writeUnit` will write. */
export function unitOf(state: string, id: string): UnitFiles {
  const unit = `locality-tune-${id}.service`;
  const plan = join(state, 'saved', `${id}.json`);
  const path = join(places().units, unit);
  const enabled = enabledBy(unit);
  return { plan, path, enabled, persisted: { record: 'persisted', unit, files: [enabled, path, plan] } };
}

export interface UnitFiles {
  readonly plan: string;
  readonly path: string;
  /** The link that starts it at boot. */
  readonly enabled: string;
  readonly persisted: Persisted;
}

/** Writes unit and plan, and enables the unit; all or nothing. Throws Failure not-trusted, and as onFile does. */
export async function writeUnit(files: UnitFiles, facts: UnitFacts, saved: Saved): Promise<void> {
  const { plan, persisted } = files;
  try {
    onFile('write', plan, () => {
      makeFolder(dirname(plan), 0o700);
      requireTrustedFolder(dirname(plan));
      saveDurably(plan, `${JSON.stringify({ ...saved, persisted })}\n`, 0o600);
    });
    await enableUnit(persisted.unit, unitText(facts, dirname(dirname(plan)), plan));
  } catch (error) {
    for (const file of persisted.files) removeIfThere(file);
    throw error;
  }
}

/**
 * Removes only those files named in a journal of `state` that belong to a unit of this name. Returns one sentence for
 * each that cannot be removed.
 */
export async function removeUnit(state: string, unit: string, files: readonly string[]): Promise<string[]> {
  const id = /^locality-tune-(\d{1,9})\.service$/.exec(unit)?.[1];
  const own = id === undefined ? [] : unitOf(state, id).persisted.files;
  const failures: string[] = [];
  for (const file of own) {
    if (!files.includes(file)) continue;
    try {
      removeFile(file);
    } catch (error) {
      const code = errnoCode(error);
      if (code === null) throw error;
      failures.push(
        `${file} could not be removed (${code}): remove it by hand, otherwise it is applied at boot`,
      );
    }
  }
  await reload();
  return failures;
}

/** The service of a process, by its cgroup; null without one. */
export function serviceOf(files: Files, pid: number): string | null {
  return /\/([\w@:.\\-]+\.service)(?:\/|$)/m.exec(files.text(`/proc/${pid}/cgroup`) ?? '')?.[1] ?? null;
}
