/** `locality-tune tune`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { TUNE_SECONDS } from '../../use-cases/tune-seconds.ts';
import { seconds } from '../options.ts';
import { addPlanOptions } from './plan-options.ts';
import type { TuneCommandOptions } from './tune-run.ts';

const HELP = `
Measures, plans, applies and measures again under the current traffic. It keeps the change if rx and
the accept match have risen by 5 points or more, over at least 1,000 events each, and tx has not
fallen. Otherwise it restores everything and exits with 1. If there is too little traffic to decide,
it applies nothing and shows the expected locality.

This judges locality, not cost. --prove decides by an experiment instead: it switches the whole plan
on and off for 21 minutes, and keeps it only if the workers then need less CPU for a connection. See
\`locality-tune prove --help\`.

Examples:
  locality-tune tune --iface eth0 --port 8080
  locality-tune tune --iface eth0 --port 8080 --seconds 30 --yes
  locality-tune tune --iface eth0 --port 8080 --keep        keep the change in any case
  locality-tune tune --iface eth0 --port 8080 --prove       keep it only if it saves CPU`;

export function register(program: Command): void {
  addPlanOptions(
    program
      .command('tune')
      .description('Measure, plan, apply, measure again; keep the change only if it helps'),
  )
    .option('--seconds <seconds>', 'length of each measurement', seconds('--seconds', 3600, 1), TUNE_SECONDS)
    .option('--keep', 'keep the changes even if they do not help')
    .option('--prove', 'keep the changes only if an experiment shows that they save CPU')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show the plan and its expected effect')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runTune } = await import('./tune-run.ts');
      await runTune(command.optsWithGlobals<TuneCommandOptions>());
    });
}
