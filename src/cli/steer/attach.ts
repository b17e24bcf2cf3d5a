/** `locality-tune attach`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { integer, seconds } from '../options.ts';
import { addProgramOptions, type ProgramHelp, SIZE_MAX } from '../programs/program-options.ts';
import type { AttachCommandOptions } from './requested-program.ts';
import { addSelector } from './steer-options.ts';

const textWith = (programs: string): string => `
Programs (\`locality-tune programs NAME\` says when to use which):
${programs}
or a file in any form that \`disasm\` reads (./cpu is a file). To replace or detach a program from a
file later, give --force: locality-tune does not recognise it as its own.

The program stays until you detach it or the server closes its sockets; this command does not keep
running. No packet is lost. All checks are made before the change. On a terminal the command shows
the program and asks. Elsewhere it needs --yes, unless the group has that program already.
If a signal ends --measure before the change, nothing is attached; after it, the program stays.

Examples:
  locality-tune attach --port 8080 --dry-run
  locality-tune attach --port 8080
  locality-tune attach --port 8080 --measure 10 --yes
  locality-tune attach --port 8125 --udp --program rand
  locality-tune attach --port 8125 --udp --program steer.bpf --dry-run
  locality-tune attach --pid 29333 --fd 6 --program map
  locality-tune attach --port 8080 --wait --yes            after the start of a server
  locality-tune attach --port 8080 --persist --dry-run     the drop-in that does it each time`;

export function register(program: Command, help: ProgramHelp | null): void {
  const command = addSelector(
    program
      .command('attach')
      .description("Attach a program to a running server's reuseport group, from outside"),
  ).option('--program <name|file>', 'a program from the list below, or a file', 'cpu');
  addProgramOptions(command, help)
    .option(
      '--group-size <n>',
      'use N instead of the size of the group',
      integer('--group-size', 1, SIZE_MAX),
    )
    .option('--dry-run', 'only show the assembler, the bytecode and the warnings')
    .option('--yes', 'do not ask; required without a terminal')
    .option(
      '--wait [seconds]',
      'wait until the server has opened its sockets, at most SECONDS (default: 60)',
      seconds('--wait', 86_400, 0.1),
    )
    .option(
      '--sockets <n>',
      'with --wait: until the group has N sockets (default: until their number is steady)',
      integer('--sockets', 1, SIZE_MAX),
    )
    .option('--persist', "attach it again at each start and reload, by a drop-in for the server's service")
    .option('--unit <name>', 'with --persist: the service (default: the one that the server runs in)')
    .option(
      '--measure [seconds]',
      'measure locality for SECONDS before and after the change (default: 3)',
      seconds('--measure', 3600, 0.1),
    )
    .option('--force', 'replace a foreign program, or attach even if the current program cannot be seen')
    .addHelpText('after', textWith(help?.programList() ?? ''))
    .action(async (_options: unknown, command: Command) => {
      const { runAttach } = await import('./attach-run.ts');
      await runAttach(command.optsWithGlobals<AttachCommandOptions>());
    });
}
