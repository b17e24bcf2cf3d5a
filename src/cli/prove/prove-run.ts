/** `locality-tune prove`: runs the experiment and prints the verdict. */
import { randomInt } from 'node:crypto';
import type { Running } from '../../prove/experiment.ts';
import { METRICS, type Round } from '../../prove/types.ts';
import { duration } from '../../prove/verdict.ts';
import { proveLines } from '../../report/prove.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import { type Proved, prove } from '../../use-cases/prove.ts';
import { percent } from '../../words/phrase.ts';
import { confirm, isInteractive } from '../confirm.ts';
import { asFailure, cliFailure, EXIT, usage } from '../errors.ts';
import type { Globals } from '../options.ts';
import { print, printDocument, printLines, progress, styleOf } from '../output.ts';
import type { ProgramOptions } from '../programs/program-options.ts';
import { heedInterruptions } from '../signals.ts';
import { askedProgram } from '../steer/requested-program.ts';

export type Requirement = 'gain' | 'no-loss';

export interface ProveCommandOptions extends Globals, ProgramOptions {
  readonly port: number;
  readonly udp?: true;
  readonly program: string;
  readonly blocks: number;
  readonly round: number;
  /** Percent. */
  readonly margin: number;
  readonly seed?: number;
  readonly aa?: true;
  readonly require?: Requirement;
  readonly csv?: true;
  readonly yes?: true;
}

export async function runProve(options: ProveCommandOptions): Promise<void> {
  const { json, pretty, csv, aa, yes } = options;
  if (csv && (json || pretty)) throw usage('--csv: cannot be combined with -j', 'omit one of them');
  requireRoot('prove', 'only root can read slots and programs, and count events on all CPUs');
  if (!aa && !yes && !isInteractive())
    throw usage(
      'prove: needs confirmation, but there is no terminal to ask on',
      'use --yes to confirm, or --aa to change nothing',
    );
  const interruption = heedInterruptions();
  const screen = runningLine();
  const proved = await experiment(options, interruption.signal, screen.show)
    .catch((error: unknown) => {
      const { code, message, hint, exit } = asFailure(error);
      throw cliFailure(code, message, hint, code === 'interrupted' ? (interruption.status() ?? exit) : exit);
    })
    .finally(screen.remove);
  if (json || pretty) printDocument({ schema: 'locality-tune.prove/1', ...proved }, options);
  else if (csv) print(csvOf(proved.rounds));
  else {
    const style = styleOf(options.color, process.stdout, process.env);
    printLines(proveLines(proved, style), style);
  }
  process.exitCode =
    interruption.status() ??
    (proved.verdict === 'stopped' || !fulfils(proved, options.require) ? EXIT.failed : EXIT.ok);
}

async function experiment(
  options: ProveCommandOptions,
  signal: AbortSignal,
  onRound: (state: Running) => void,
): Promise<Proved> {
  const machine = openMachine();
  const { port, udp, blocks, round, margin, aa, yes, seed = randomInt(2 ** 31 - 1) } = options;
  return prove(machine, {
    port,
    protocol: udp ? 'udp' : 'tcp',
    program: await askedProgram(options, machine),
    blocks,
    round,
    margin: margin / 100,
    aa: aa === true,
    seed,
    signal,
    confirm: async (group, program, seconds) =>
      yes === true ||
      aa === true ||
      confirm(`Switch \`${program}\` of ${group} off and on for ${duration(seconds)}?`, signal),
    progress,
    onRound,
  });
}

/** The state of the experiment on a terminal, in one line. */
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

function fulfils({ verdict }: Proved, required: Requirement | undefined): boolean {
  if (required === undefined) return true;
  return verdict === 'gain' || (required === 'no-loss' && verdict === 'none');
}

/** The raw rounds, for another program to check the result. An empty field is not known. */
function csvOf(rounds: readonly Round[]): string {
  const rows = rounds.map(({ block, arm, at, seconds, connections, values }) =>
    [block, arm, at, seconds, connections, ...METRICS.map((name) => values[name] ?? '')].join(','),
  );
  return [`block,arm,at,seconds,connections,${METRICS.join(',')}`, ...rows, ''].join('\n');
}
