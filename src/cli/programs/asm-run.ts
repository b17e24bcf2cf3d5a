/** `locality-tune asm`: reads any form, prints one of bpf_asm's two. */
import { formatC, formatDecimal } from '../../cbpf/format.ts';
import type { Globals } from '../options.ts';
import { print, printDocument } from '../output.ts';
import { problemDocument, readProgram, refuseUnacceptable } from './program-input.ts';

export interface AsmCommandOptions extends Globals {
  readonly c?: true;
  readonly strict?: true;
  readonly semicolons?: true;
}

export async function runAsm(file: string, options: AsmCommandOptions): Promise<void> {
  const input = await readProgram(file, options);
  if (options.strict) refuseUnacceptable(input);
  const { program, warnings } = input;
  if (options.json || options.pretty) {
    const schema = 'locality-tune.asm/1';
    return printDocument({ schema, instructions: program, warnings: warnings.map(problemDocument) }, options);
  }
  print(options.c ? formatC(program) : formatDecimal(program));
}
