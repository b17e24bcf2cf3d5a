/** `locality-tune check`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { integer } from '../options.ts';
import type { CheckCommandOptions } from './check-run.ts';

/** The reuseport array stops growing at 32,768 sockets. */
const SIZE_MAX = 32_768;

const EXAMPLES = `
For a bad program the kernel only says EINVAL; check says which instruction is wrong, and why. It
also compares the converted size with net.core.optmem_max (ENOMEM), and warns about what the kernel
accepts but is probably wrong for a reuseport group. It loads nothing. It reads every form that
disasm reads.

Examples:
  locality-tune check steer.bpf --group-size 8
  echo 'ld cpu; mod #4; ret a' | locality-tune check --semicolons -

Exit status: 0 accepted, 1 refused, or not a program.`;

export function register(program: Command): void {
  program
    .command('check')
    .description('Check whether the kernel would accept a classic BPF program')
    .argument('<file>', 'the program; - is stdin')
    .option(
      '--group-size <n>',
      'number of sockets in the reuseport group',
      integer('--group-size', 1, SIZE_MAX),
    )
    .option('--semicolons', 'let ; separate instructions, as in asm')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, _options: unknown, command: Command) => {
      const { runCheck } = await import('./check-run.ts');
      await runCheck(file, command.optsWithGlobals<CheckCommandOptions>());
    });
}
