/** `locality-tune watch --once`: one look, one line, and the exit status of a monitoring check. */
import { clean } from '../../report/text.ts';
import { type CheckVerdict, checkLine, verdictOf } from '../../report/watch.ts';
import type { Scope } from '../../watch/baseline.ts';
import { type BaselineChoice, type Opened, requirePorts, requireSettings } from '../../watch/live-machine.ts';
import { observe } from '../../watch/observe.ts';
import { asFailure, EXIT } from '../errors.ts';
import { forOutside, print, printDocument } from '../output.ts';
import { SCHEMA, type WatchCommandOptions } from './watch-options.ts';

const EXIT_STATUS: Readonly<Record<CheckVerdict, number>> = {
  'as planned': EXIT.ok,
  drift: EXIT.failed,
  unknown: EXIT.unknown,
};

/** Throws Failure if there is nothing to check. */
export async function check(
  opened: Opened,
  choice: BaselineChoice,
  scope: Scope,
  options: WatchCommandOptions,
): Promise<void> {
  const { baseline, first, machine } = opened;
  requireSettings(baseline, choice);
  requirePorts(opened, scope);
  const observation = observe(first, baseline, await machine.readApart(baseline.settings));
  const verdict = verdictOf(observation);
  process.exitCode = EXIT_STATUS[verdict];
  if (options.json || options.pretty) {
    const settings = [...observation.settings.values()].map(({ target: _, owner: __, ...each }) => each);
    printDocument({ schema: SCHEMA, verdict, baseline: baseline.source, settings }, options);
  } else print(`${checkLine(observation, baseline)}\n`);
}

/**
 * Prints why there is no answer: for a monitoring system, exit status 1 would be drift. Throws what is no failure of
 * the check: a missing privilege, an interruption, a bug.
 */
export function cannotTell(error: unknown, options: WatchCommandOptions): void {
  const failure = asFailure(error);
  const { code, exit } = failure;
  if (code === 'bug' || exit === EXIT.privilege || exit === EXIT.interrupted) throw error;
  process.exitCode = EXIT.unknown;
  const message = forOutside(failure.message);
  const hint = failure.hint === null ? null : forOutside(failure.hint);
  if (options.json || options.pretty)
    printDocument({ schema: SCHEMA, verdict: 'unknown', why: message, hint, settings: [] }, options);
  else {
    const text = clean(hint === null ? message : `${message}; ${hint}`, true);
    // Figures follow a bar.
    print(`locality-tune UNKNOWN: ${text.replaceAll('|', '/')}\n`);
  }
}
