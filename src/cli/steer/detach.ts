/** `locality-tune detach`: its options and help. What it does is loaded when it runs. */
import type { Command } from 'commander';
import { addSelector, type SteerOptions } from './steer-options.ts';

const EXAMPLES = `
The kernel's hash, or SO_INCOMING_CPU, decides again. A group without a program is left alone.

Examples:
  locality-tune detach --port 8080
  locality-tune detach --pid 29333 --fd 6`;

export function register(program: Command): void {
  addSelector(
    program.command('detach').description("Take the program off a running server's reuseport group"),
  )
    .option('--dry-run', 'show what would be taken off; change nothing')
    .option('--force', 'take off a program that is not ours, or one that can not be seen')
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) => {
      const { runDetach } = await import('./detach-run.ts');
      await runDetach(command.optsWithGlobals<SteerOptions>());
    });
}
