/** `locality-tune snapshot`: its options and help. What it does is loaded when it runs. */
import type { Command } from 'commander';
import { addFrom, addOutput } from '../options.ts';
import type { SnapshotCommandOptions } from './snapshot-run.ts';

const HELP = `
Everything that inspect reads, with two readings of the packet and interrupt counters, as one JSON
document. It holds no command lines and no environment, but names of processes and interfaces.
inspect, plan, explain, live and report read it with --from, anywhere and without privileges.
--anonymize puts stand-ins for the host name and addresses (equal ones stay equal) and takes RSS
keys out: which queue a flow goes to is then not known, what share each queue gets is.

Examples:
  locality-tune snapshot -o web-07.json                 as root, so that workers and slots are in it
  ssh root@web-07 locality-tune snapshot > web-07.json
  locality-tune inspect --from web-07.json
  locality-tune snapshot --from web-07.json --anonymize -o public.json`;

export function register(program: Command): void {
  addFrom(addOutput(program.command('snapshot')))
    .description('Write what this machine is like to a file, for someone else to look at')
    .option('--anonymize', 'without host name, addresses and RSS keys')
    .option('--no-slots', 'do not read slots and programs from the kernel, which takes 1 to 3 s')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runSnapshot } = await import('./snapshot-run.ts');
      await runSnapshot(command.optsWithGlobals<SnapshotCommandOptions>());
    });
}
