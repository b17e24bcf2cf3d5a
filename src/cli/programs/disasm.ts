/** `locality-tune disasm`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { usage } from '../errors.ts';
import type { DisasmCommandOptions } from './disasm-run.ts';

const FORMS: readonly DisasmCommandOptions['form'][] = ['asm', 'tcpdump'];

const EXAMPLES = `
Reads decimal with a count (bpf_asm, iptables-save, tcpdump -ddd), C initialisers (bpf_asm -c,
tcpdump -dd), hex words and dumps (ss -0b, xxd -p), raw struct sock_filter, and assembler text.
asm assembles its output to the same bytes.

Examples:
  echo '3,32 0 0 4294963236,148 0 0 4,22 0 0 0,' | locality-tune disasm -
  tcpdump -ddd port 53 | locality-tune disasm -
  locality-tune disasm --form tcpdump steer.bpf`;

export function register(program: Command): void {
  program
    .command('disasm')
    .description('Disassemble a classic BPF program in any form')
    .argument('<file>', 'the program; - is stdin')
    .option('--form <form>', 'asm, or tcpdump: as tcpdump -d prints it', form, 'asm')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, _options: unknown, command: Command) => {
      const { runDisasm } = await import('./disasm-run.ts');
      await runDisasm(file, command.optsWithGlobals<DisasmCommandOptions>());
    });
}

function form(text: string): DisasmCommandOptions['form'] {
  const known = FORMS.find((each) => each === text);
  if (known === undefined) throw usage(`--form '${text}': must be one of ${FORMS.join(', ')}`);
  return known;
}
