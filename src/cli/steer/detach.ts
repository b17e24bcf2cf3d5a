/** `locality-tune detach`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import type { DetachCommandOptions } from './detach-run.ts';
import { addSelector } from './steer-options.ts';

const EXAMPLES = `
Afterwards the kernel picks by hash or SO_INCOMING_CPU again. A group without a program stays as it
is. Of a server that has ended, detach removes the record, which status and watch still name. On a
terminal the command asks. Elsewhere it needs --yes, unless there is nothing to detach.

Examples:
  locality-tune detach --port 8080
  locality-tune detach --port 8080 --persist --yes
  locality-tune detach --pid 29333 --fd 6`;

export function register(program: Command): void {
  addSelector(
    program.command('detach').description("Detach the program from a running server's reuseport group"),
  )
    .option('--dry-run', 'only show what would be detached')
    .option('--yes', 'do not ask; required without a terminal')
    .option('--persist', 'also remove the drop-in that `attach --persist` wrote')
    .option('--force', 'detach a foreign program, or one that cannot be seen')
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) => {
      const { runDetach } = await import('./detach-run.ts');
      await runDetach(command.optsWithGlobals<DetachCommandOptions>());
    });
}
