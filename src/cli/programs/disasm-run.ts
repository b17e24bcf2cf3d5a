/** `locality-tune disasm`: reads any form, prints assembler. */
import { assemble } from '../../cbpf/assemble.ts';
import { disassemble } from '../../cbpf/disassemble.ts';
import { formatDecimal } from '../../cbpf/format.ts';
import type { Instruction } from '../../cbpf/instruction.ts';
import { tcpdumpForm } from '../../cbpf/tcpdump-form.ts';
import type { Globals } from '../options.ts';
import { print, printDocument, say } from '../output.ts';
import { readProgram } from './program-input.ts';

export interface DisasmCommandOptions extends Globals {
  readonly form: 'asm' | 'tcpdump';
}

export async function runDisasm(file: string, options: DisasmCommandOptions): Promise<void> {
  const { program, name, form: input } = await readProgram(file, options);
  const text = options.form === 'asm' ? disassemble(program) : tcpdumpForm(program);
  const lossless = options.form === 'asm' ? comesBack(program, text) : null;
  if (options.json || options.pretty) {
    const schema = 'locality-tune.disasm/1';
    return printDocument(
      { schema, input, form: options.form, text, lossless, instructions: program },
      options,
    );
  }
  print(`${text}\n`);
  if (lossless === false)
    say(`warning: ${name}: asm cannot assemble this to the same bytes: see the comments\n`);
}

function comesBack(program: readonly Instruction[], text: string): boolean {
  const back = assemble(text);
  return back.error === null && formatDecimal(back.program) === formatDecimal(program);
}
