/** `locality-tune programs`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { integer } from '../options.ts';
import { addLayoutOptions, addProgramOptions, type ProgramHelp, SIZE_MAX } from './program-options.ts';
import type { ProgramsCommandOptions } from './programs-run.ts';

const EXAMPLES = `
With NAME, prints that program for a group of N sockets as commented assembler, with its cost and
when to use it; \`locality-tune asm\` accepts that text. \`attach --program NAME\` generates it for a
running group: for its size, its workers' CPUs and the machine's NUMA nodes.

Examples:
  locality-tune programs
  locality-tune programs cpu --group-size 8
  locality-tune programs map --cpus 0,2,4,6,1,3,5,7
  locality-tune programs weighted --weights 3,1,1 | locality-tune asm -c -`;

export function register(program: Command, help: ProgramHelp | null): void {
  const command = program
    .command('programs')
    .description('List the steering programs, or print one')
    .argument('[name]', 'name of a program')
    .option(
      '--group-size <n>',
      'number of sockets in the reuseport group (default: 8)',
      integer('--group-size', 1, SIZE_MAX),
    );
  addLayoutOptions(addProgramOptions(command, help), help)
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const { listPrograms, showProgram } = await import('./programs-run.ts');
      const options = command.optsWithGlobals<ProgramsCommandOptions>();
      if (name === undefined) listPrograms(options);
      else showProgram(name, options);
    });
}
