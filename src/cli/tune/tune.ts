/** `locality-tune tune`: its options and help. What it does is loaded when it runs. */
import type { Command } from 'commander';
import { seconds } from '../options.ts';
import { addPlanOptions } from './plan-options.ts';
import type { TuneCommandOptions } from './tune-run.ts';

const HELP = `
Measures, plans, applies and measures again, under the traffic that there is. It keeps what it did if rx
and the accept match are up by 5 points or more over at least 1,000 events each, and tx is not down; if
not, it takes everything back and exits with 1. With too little traffic to tell it applies nothing and
shows what it expects.

Examples:
  locality-tune tune --iface eth0 --port 8080
  locality-tune tune --iface eth0 --port 8080 --seconds 30 --yes
  locality-tune tune --iface eth0 --port 8080 --keep        whatever is measured`;

export function register(program: Command): void {
  addPlanOptions(
    program.command('tune').description('Measure, plan, apply, measure again; keep it only if it is better'),
  )
    .option('--seconds <seconds>', 'length of each measurement', seconds('--seconds', 3600, 1), 5)
    .option('--keep', 'keep the changes whatever is measured')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'show the plan and what it is expected to bring; change nothing')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runTune } = await import('./tune-run.ts');
      await runTune(command.optsWithGlobals<TuneCommandOptions>());
    });
}
