/** `locality-tune asm`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import type { AsmCommandOptions } from './asm-run.ts';

const EXAMPLES = `
Accepts what the kernel's bpf_asm accepts, and prints exactly the same. Like bpf_asm, it does not
check whether the kernel would accept the program; --strict does. FILE may also hold a program as
numbers (decimal, C, hex, raw struct sock_filter), which asm converts.

Examples:
  locality-tune asm steer.bpf                                      for iptables -m bpf, tc, ip link
  locality-tune asm -c steer.bpf                                   for C
  echo 'ld cpu; mod #4; ret a' | locality-tune asm --semicolons -
  tcpdump -ddd port 53 | locality-tune asm -c -`;

export function register(program: Command): void {
  program
    .command('asm')
    .description('Assemble a classic BPF program, as bpf_asm does')
    .argument('<file>', 'the program; - is stdin')
    .option('-c', 'print C initialisers')
    .option('--strict', 'refuse what the kernel would refuse')
    .option('--semicolons', 'treat ; as a separator (in bpf_asm it starts a comment)')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, _options: unknown, command: Command) => {
      const { runAsm } = await import('./asm-run.ts');
      await runAsm(file, command.optsWithGlobals<AsmCommandOptions>());
    });
}
