/** `apply --persist`: a systemd unit that applies the saved plan at boot, and its removal. */
import { existsSync, mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoCode, isErrno } from '../system/errors.ts';
import { findProgram } from '../system/programs.ts';
import { run } from '../system/run.ts';
import type { Files } from '../system/types.ts';
import type { Persisted } from './journal.ts';
import { PLACES, places } from './places.ts';
import type { Saved } from './saved.ts';

const RELOAD_MS = 30_000;

export interface UnitFacts {
  /** `eth0, tcp 0.0.0.0:8080`. */
  readonly what: string;
  /** This program: the words that start it. */
  readonly command: readonly string[];
  /** Services after which it is to run. */
  readonly after: readonly string[];
}

/** Oneshot: a later `systemctl start` does nothing, as the settings are in force already. */
export function unitText({ what, command, after }: UnitFacts, plan: string): string {
  const words = [...command, 'apply', '--saved', plan, '--yes'].map(quote).join(' ');
  return `# Written by locality-tune apply --persist; locality-tune undo removes it.
[Unit]
Description=CPU locality of ${what.replaceAll('%', '%%').replace(/\s+/g, ' ')}
Wants=network-online.target
After=${['network-online.target', 'irqbalance.service', ...after].join(' ')}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${words}
TimeoutStartSec=180

[Install]
WantedBy=multi-user.target
`;
}

/** systemd.syntax(7) and systemd.service(5): specifiers and variables are expanded inside of quotes as well. */
function quote(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(plain) ? plain : `"${plain.replace(/[\\"]/g, '\\$&')}"`;
}

/** Those that `writeUnit` will write. */
export function unitOf(state: string, id: string): UnitFiles {
  const unit = `locality-tune-${id}.service`;
  const plan = join(state, 'saved', `${id}.json`);
  const { units } = places();
  const path = join(units, unit);
  const enabled = join(units, 'multi-user.target.wants', unit);
  return { plan, path, enabled, persisted: { record: 'persisted', unit, files: [enabled, path, plan] } };
}

export interface UnitFiles {
  readonly plan: string;
  readonly path: string;
  /** The link that has it started at boot. */
  readonly enabled: string;
  readonly persisted: Persisted;
}

/** Writes unit and plan and enables the unit; all of it, or nothing. Throws SystemError. */
export async function writeUnit(files: UnitFiles, facts: UnitFacts, saved: Saved): Promise<void> {
  const { plan, path, enabled, persisted } = files;
  try {
    mkdirSync(dirname(plan), { recursive: true, mode: 0o700 });
    mkdirSync(dirname(enabled), { recursive: true });
    writeFileSync(plan, `${JSON.stringify({ ...saved, persisted })}\n`, { mode: 0o600 });
    writeFileSync(path, unitText(facts, plan), { mode: 0o644 });
    if (!isLink(enabled, path)) symlinkSync(path, enabled);
    await reload();
  } catch (error) {
    for (const file of persisted.files) rmSync(file, { force: true });
    throw error;
  }
}

function isLink(path: string, target: string): boolean {
  try {
    return readlinkSync(path) === target;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/**
 * Of the files that a journal of `state` names only those are removed that a unit of this name has. Returns one sentence
 * for each that can't be.
 */
export async function removeUnit(state: string, unit: string, files: readonly string[]): Promise<string[]> {
  const id = /^locality-tune-(\d{1,9})\.service$/.exec(unit)?.[1];
  const own = id === undefined ? [] : unitOf(state, id).persisted.files;
  const failures: string[] = [];
  for (const file of own) {
    if (!files.includes(file)) continue;
    try {
      rmSync(file, { force: true });
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

/** Where systemd is not the init, or units are written for another root, there is nobody to tell. */
async function reload(): Promise<void> {
  if (places().units !== PLACES.units || !existsSync('/run/systemd/system')) return;
  const systemctl = findProgram('systemctl');
  if (systemctl !== null) await run(systemctl, ['daemon-reload'], { timeoutMs: RELOAD_MS });
}

/** The service that a process belongs to, by its cgroup; null outside of any. */
export function serviceOf(files: Files, pid: number): string | null {
  return /\/([\w@:.\\-]+\.service)(?:\/|$)/m.exec(files.text(`/proc/${pid}/cgroup`) ?? '')?.[1] ?? null;
}
