/** Runs an experiment for `prove` and `tune --prove`, and shows its state on a terminal. */
import type { Running } from '../../prove/experiment.ts';
import type { LiveMachine } from '../../use-cases/machine.ts';
import { type Proved, type ProveOptions, prove } from '../../use-cases/prove.ts';
import { duration } from '../../words/duration.ts';
import { percent } from '../../words/phrase.ts';
import { confirm } from '../confirm.ts';
import { asFailure, cliFailure } from '../errors.ts';
import { progress } from '../output.ts';
import type { Interruption } from '../signals.ts';

export type ExperimentOptions = Omit<ProveOptions, 'signal' | 'confirm' | 'progress' | 'onRound'> & {
  readonly yes: boolean;
};

/** Throws CliError, with the exit status of a signal if one has ended it. */
export async function runExperiment(
  machine: LiveMachine,
  { yes, ...options }: ExperimentOptions,
  interruption: Interruption,
): Promise<Proved> {
  const { signal } = interruption;
  const screen = runningLine();
  try {
    return await prove(machine, {
      ...options,
      signal,
      confirm: async (what, seconds) =>
        yes || options.aa || confirm(`Switch ${what} off and on for ${duration(seconds)}?`, signal),
      progress,
      onRound: screen.show,
    });
  } catch (error) {
    const { code, message, hint, exit } = asFailure(error);
    throw cliFailure(code, message, hint, code === 'interrupted' ? (interruption.status() ?? exit) : exit);
  } finally {
    screen.remove();
  }
}

/** One line. */
function runningLine() {
  let remove = (): void => {};
  return {
    show: ({ rounds, of, secondsLeft, spread }: Running) => {
      remove();
      const differ = spread === null ? '' : `, blocks differ by ${percent(spread)} by themselves`;
      remove = progress(`round ${rounds} of ${of}, ${duration(secondsLeft)} left${differ}`);
    },
    remove: () => remove(),
  };
}
