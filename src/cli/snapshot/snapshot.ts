/** `locality-tune snapshot`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { addFrom, addOutput } from '../options.ts';
import type { SnapshotCommandOptions } from './snapshot-run.ts';

const HELP = `
Writes everything that inspect reads, and two readings of the packet and interrupt counters, as one
JSON document. It has names of processes and interfaces, but no command lines or environment.
inspect, plan, explain, live and report read it with --from, on any machine, without root.
--anonymize replaces the host name and addresses (equal ones stay equal) and removes RSS
keys. The queue of a single flow is then not known; the share of each queue still is.

Examples:
  locality-tune snapshot -o web-07.json                 as root, to include workers and slots
  ssh root@web-07 locality-tune snapshot > web-07.json
  locality-tune inspect --from web-07.json
  locality-tune snapshot --from web-07.json --anonymize -o public.json`;

export function register(program: Command): void {
  addFrom(addOutput(program.command('snapshot')))
    .description('Write the state of this machine to a file, to inspect it anywhere')
    .option('--anonymize', 'replace the host name and addresses, and remove RSS keys')
    .option('--no-slots', 'do not read slots and programs with bpftrace, which takes 1 to 3 s')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runSnapshot } = await import('./snapshot-run.ts');
      await runSnapshot(command.optsWithGlobals<SnapshotCommandOptions>());
    });
}
