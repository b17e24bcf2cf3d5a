/** `locality-tune status`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import type { StatusCommandOptions } from './status-run.ts';

const HELP = `
Lists every setting that apply and tune have changed and every program that is attached, who did it,
and every setting that has drifted since, with the likely cause. What a later apply has replaced is
left out. What has ended with its process or server is listed, but is no drift. A program has also
drifted if its group has another number of sockets now, or if its workers run on other CPUs.

The exit status suits a monitoring check: 0 as set, 1 drift, 3 nothing is applied, or it cannot
tell.

Examples:
  locality-tune status
  locality-tune status --quiet
  locality-tune status -j | jq -r '.drift[] | "\\(.subject): \\(.wanted) -> \\(.is)"'`;

export function register(program: Command): void {
  program
    .command('status')
    .description('Show what is applied, by whom, and what has drifted')
    .option('-q, --quiet', 'print one line, for a monitoring system')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runStatus } = await import('./status-run.ts');
      await runStatus(command.optsWithGlobals<StatusCommandOptions>());
    });
}
