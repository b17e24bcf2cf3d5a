/** `locality-tune check`: its options and help. What it does is loaded when it runs. */
import type { Command } from 'commander';
import { integer } from '../options.ts';
import type { CheckCommandOptions } from './check-run.ts';

/** The reuseport array stops growing at 32,768 sockets. */
const SIZE_MAX = 32_768;

const EXAMPLES = `
The kernel says EINVAL to a bad program, and no more: this says which instruction, and why. It also counts
what the program takes once the kernel has converted it, of net.core.optmem_max (ENOMEM), and hints at what
the kernel takes and a reuseport group may not like. Nothing is loaded. Takes every form that disasm takes.

Examples:
  locality-tune check steer.bpf --group-size 8
  echo 'ld cpu; mod #4; ret a' | locality-tune check --semicolons -

Exit status: 0 the kernel would accept it, 1 it would not, or it is no program.`;

export function register(program: Command): void {
  program
    .command('check')
    .description('Tell whether the kernel would accept a classic BPF program, and what it would not like')
    .argument('<file>', 'the program; - is stdin')
    .option('--group-size <n>', 'sockets of the reuseport group', integer('--group-size', 1, SIZE_MAX))
    .option('--semicolons', 'let ; separate instructions, as in asm')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, _options: unknown, command: Command) => {
      const { runCheck } = await import('./check-run.ts');
      await runCheck(file, command.optsWithGlobals<CheckCommandOptions>());
    });
}
