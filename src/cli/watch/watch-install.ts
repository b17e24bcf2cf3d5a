/** `locality-tune watch --install` and `--uninstall`. */
import { resolve } from 'node:path';
import { formatListen } from '../../export/address.ts';
import { places } from '../../tune/places.ts';
import { requireRoot } from '../../use-cases/machine.ts';
import { install, UNIT, uninstall, unitText } from '../../watch/unit.ts';
import { confirm, requireAnswer } from '../confirm.ts';
import { during, EXIT, usage } from '../errors.ts';
import { print, say } from '../output.ts';
import { OWN_COMMAND } from '../own-command.ts';
import type { WatchCommandOptions } from './watch-options.ts';

export async function installOrRemove(options: WatchCommandOptions): Promise<void> {
  if (options.netns !== undefined)
    throw usage("--install: a unit runs in the machine's own network namespace", 'omit --netns');
  const text = unitText(OWN_COMMAND, wordsOf(options), places().state);
  if (options.dryRun) return print(options.install ? text : `${UNIT} would be stopped and removed\n`);
  requireRoot('watch', 'only root can change units in /etc/systemd/system');
  requireAnswer('watch', options.yes === true);
  if (!options.yes) {
    if (options.install) print(text);
    if (!(await confirm(options.install ? `Write and start ${UNIT}?` : `Stop and remove ${UNIT}?`))) {
      process.exitCode = EXIT.failed;
      return say('nothing was changed\n');
    }
  }
  const done = await during('watch', 'root', () =>
    options.install ? install(OWN_COMMAND, wordsOf(options)) : uninstall(),
  );
  for (const line of done) say(`${line}\n`);
}

/** The same options again, for the unit. */
export function wordsOf(options: WatchCommandOptions): string[] {
  const { iface = [], port = [], baseline, repair, listen, sample, onStop } = options;
  return [
    ...(options.json || options.pretty ? ['--json'] : []),
    ...iface.map((name) => `--iface=${name}`),
    ...port.map((each) => `--port=${each}`),
    ...(baseline === 'applied' ? [] : [`--baseline=${baseline === 'now' ? baseline : resolve(baseline)}`]),
    ...(repair === undefined ? [] : [`--repair=${repair.join(',') || 'none'}`]),
    ...(listen === undefined ? [] : [`--listen=${formatListen(listen)}`]),
    ...(sample === undefined ? [] : [`--sample=${sample.seconds}/${sample.period}`]),
    ...(onStop === 'leave' ? [] : [`--on-stop=${onStop}`]),
  ];
}
