/** The systemd unit of the watcher. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, failure } from '../system/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import { findProgram } from '../system/programs.ts';
import { onFile, removeFile } from '../system/remove-file.ts';
import { run } from '../system/run.ts';
import { PLACES, places } from '../tune/places.ts';
import { confinement, enabledBy, enableUnit, quote, reload, requireOwnCommand } from '../tune/unit.ts';

export const UNIT = 'locality-tune-watch.service';

const START_MS = 120_000;

/**
 * A watcher reads much at its start and little later: V8 keeps small heaps, gives back what the start needed, forgets functions that were
 * not called between two collections, and optimizes nothing. With its compilers, a watcher of 64 CPUs had 55 MB instead of 43 and took
 * twice the CPU time (docs/footprint.md says how that is measured).
 */
export const NODE_OPTIONS = [
  '--max-semi-space-size=1',
  '--v8-pool-size=1',
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  '--bytecode-old-age=2',
  '--expose-gc',
];

/**
 * SIGHUP reads the baseline again. A watcher that does not answer for a minute is killed and started again, which loses
 * nothing: what it knows is in the journals.
 * @param command how to run this tool: node and its entry file, or the launcher of a package, which has these options itself
 * @param words the options of `watch`
 */
export function unitText(command: readonly string[], words: readonly string[], state: string): string {
  const [program = '', ...entry] = command;
  const node = entry.length > 0 ? [program, ...NODE_OPTIONS] : [program];
  return `# Written by locality-tune watch --install; locality-tune watch --uninstall removes it.
[Unit]
Description=Watches the CPU locality of packets
Wants=network-online.target
After=network-online.target irqbalance.service

[Service]
Type=notify
ExecStart=${[...node, ...entry, 'watch', ...words].map(quote).join(' ')}
Environment=MALLOC_ARENA_MAX=1
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=60
Restart=on-failure
RestartSec=5
TimeoutStartSec=180
TimeoutStopSec=60
# It must never be in the way of the work that it watches.
CPUWeight=20
MemoryMax=512M
${heard(confinement(state))}

[Install]
WantedBy=multi-user.target
`;
}

/** The thread that asks writers who they are has to be faster than they end, so it may go before others. */
const heard = (lines: string): string => lines.replace('RestrictRealtime=yes\n', '');

/** Writes the unit, enables it and starts it. Returns sentences for the user. Throws SystemError, Failure not-trusted. */
export async function install(command: readonly string[], words: readonly string[]): Promise<string[]> {
  requireOwnCommand(command);
  // systemd lets a unit write to it only if it is there.
  onFile('make', places().state, () => makeFolder(places().state, 0o700));
  await enableUnit(UNIT, unitText(command, words, places().state));
  const enabled = `${UNIT} starts at boot`;
  const started = await systemctl('restart');
  if (started === null) return [enabled, 'systemd does not run here, so it was not started'];
  if (started !== '')
    throw failure('not-started', `${enabled}, but did not start: ${started}`, `journalctl -u ${UNIT}`);
  return [`${enabled}, and runs now`, `journalctl -fu ${UNIT} shows what it sees`];
}

/** Stops and removes the unit. Throws Failure no-unit, and as onFile does. */
export async function uninstall(): Promise<string[]> {
  const path = join(places().units, UNIT);
  if (!existsSync(path))
    throw failure('no-unit', `${path} does not exist`, 'locality-tune watch --install writes it');
  await systemctl('stop');
  for (const file of [enabledBy(UNIT), path]) onFile('remove', file, () => removeFile(file));
  await reload();
  return [`${UNIT} is removed`];
}

/** What it printed on failure, empty on success; null without systemd. */
async function systemctl(verb: string): Promise<string | null> {
  if (places().units !== PLACES.units || !existsSync('/run/systemd/system')) return null;
  const program = findProgram('systemctl');
  if (program === null) return null;
  try {
    const { code, stderr } = await run(program, [verb, UNIT], { timeoutMs: START_MS });
    return code === 0 ? '' : stderr.trim() || `exit status ${code}`;
  } catch (error) {
    if (errnoCode(error) === null) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}
