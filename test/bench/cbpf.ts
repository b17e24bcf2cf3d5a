/** What assembling and checking cost, in this very process. */
import { assemble } from '../../src/cbpf/assemble.ts';
import { check } from '../../src/cbpf/check.ts';
import { disassemble } from '../../src/cbpf/disassemble.ts';
import { formatDecimal } from '../../src/cbpf/format.ts';
import { hints } from '../../src/cbpf/hints.ts';
import { type Instruction, LEGAL, MAX_INSTRUCTIONS } from '../../src/cbpf/instruction.ts';
import { read } from '../../src/cbpf/read.ts';

/** Every code, with labels and jumps all over it, as long as the kernel takes. */
function longest(): Instruction[] {
  const codes = [...LEGAL].filter((code) => (code & 0x07) !== 6);
  const body = Array.from({ length: MAX_INSTRUCTIONS - 2 }, (_, index): Instruction => {
    const code = codes[index % codes.length] ?? 0;
    const room = MAX_INSTRUCTIONS - index - 3;
    if (code === 0x05) return [code, 0, 0, index % Math.max(1, room)];
    if ((code & 0x07) === 5)
      return [code, Math.min(index % 200, room), Math.min(index % 7, room), code & 8 ? 0 : index];
    return [code, 0, 0, [0x80, 0x81, 0x84, 0x07, 0x87].includes(code) || code & 8 ? 0 : 1];
  });
  return [[0x02, 0, 0, 1], ...body, [0x16, 0, 0, 0]];
}

/**
 * The first run, with nothing compiled yet, is what a command costs; later ones show how much of it is V8's warm-up.
 */
export function languageTable(): void {
  const program = longest();
  const text = disassemble(program);
  const decimal = formatDecimal(program);
  const steps: Readonly<Record<string, () => unknown>> = {
    'assemble and check': () => {
      const assembly = assemble(text);
      return assembly.error === null && check(assembly.program);
    },
    'read decimal': () => read(decimal),
    hints: () => hints(program, 8),
    disassemble: () => disassemble(program),
  };
  console.log(`\n${program.length} instructions, ${text.length} characters`);
  console.table(
    Object.entries(steps).map(([what, run]) => {
      const times = Array.from({ length: 31 }, () => {
        const start = performance.now();
        run();
        return performance.now() - start;
      });
      const sorted = times.slice(1).sort((one, other) => one - other);
      return { what, 'ms, first': round(times[0]), 'ms, median of 30': round(sorted[15]) };
    }),
  );
}

const round = (ms: number | undefined) => Math.round(100 * (ms ?? Number.NaN)) / 100;
