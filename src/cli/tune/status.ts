/** `locality-tune status`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import type { Globals } from '../options.ts';

const HELP = `
Lists what apply and tune have changed, and every setting that has drifted since, with the likely
cause. The exit status is 1 if something has drifted.

Examples:
  locality-tune status
  locality-tune status -j | jq -r '.drift[] | "\\(.subject): \\(.wanted) -> \\(.is)"'`;

export function register(program: Command): void {
  program
    .command('status')
    .description('Show what is applied and what has drifted')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runStatus } = await import('./status-run.ts');
      await runStatus(command.optsWithGlobals<Globals>());
    });
}
