/** `locality-tune watch --once`: one look, one line, and the exit status of a monitoring check. */
import { type CheckVerdict, checkLine, verdictOf } from '../../report/watch.ts';
import { isFailure } from '../../system/errors.ts';
import { type BaselineChoice, type Opened, requireSettings } from '../../watch/live-machine.ts';
import { observe } from '../../watch/observe.ts';
import { EXIT } from '../errors.ts';
import { print, printDocument } from '../output.ts';
import { SCHEMA, type WatchCommandOptions } from './watch-options.ts';

const EXIT_STATUS: Readonly<Record<CheckVerdict, number>> = {
  'as planned': EXIT.ok,
  drift: EXIT.failed,
  unknown: EXIT.unknown,
};

export async function check(
  { baseline, machine }: Opened,
  choice: BaselineChoice,
  options: WatchCommandOptions,
): Promise<void> {
  const isDocument = options.json || options.pretty;
  try {
    requireSettings(baseline, choice);
  } catch (error) {
    if (!isFailure(error)) throw error;
    process.exitCode = EXIT.unknown;
    const { message, hint } = error;
    if (isDocument)
      printDocument({ schema: SCHEMA, verdict: 'unknown', why: message, hint, settings: [] }, options);
    else print(`locality-tune UNKNOWN: ${message}; ${hint}\n`);
    return;
  }
  const observation = observe(await machine.read(false), baseline);
  const verdict = verdictOf(observation);
  process.exitCode = EXIT_STATUS[verdict];
  if (isDocument) {
    const settings = [...observation.settings.values()].map(({ target: _, ...each }) => each);
    printDocument({ schema: SCHEMA, verdict, baseline: baseline.source, settings }, options);
  } else print(`${checkLine(observation, baseline.sizes.size)}\n`);
}
