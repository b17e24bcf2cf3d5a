/** `locality-tune check`: the kernel's verdict, the program's size, and hints. */
import { type CheckFinding, check } from '../../cbpf/check.ts';
import { convertedBytes, HEADER } from '../../cbpf/convert.ts';
import { disassemble } from '../../cbpf/disassemble.ts';
import { hints } from '../../cbpf/hints.ts';
import type { Instruction } from '../../cbpf/instruction.ts';
import { locator } from '../../cbpf/problem.ts';
import { readOptmemMax } from '../../host/values.ts';
import { type Line, paragraph, type Style } from '../../report/text.ts';
import { openTree } from '../../system/archive.ts';
import { during, EXIT } from '../errors.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, styleOf } from '../output.ts';
import { type ProgramInput, problemDocument, readProgram } from './program-input.ts';

export interface CheckCommandOptions extends Globals {
  readonly groupSize?: number;
  readonly semicolons?: true;
}

interface Verdict {
  readonly ok: boolean;
  readonly errors: readonly CheckFinding[];
  /** Bytes, as the newest kernel counts them; null for a program that is not converted. */
  readonly converted: number | null;
  readonly optmemMax: number | null;
  readonly hints: readonly CheckFinding[];
  readonly notes: readonly string[];
}

export async function runCheck(file: string, options: CheckCommandOptions): Promise<void> {
  const tree = await during(`--root ${options.root}`, 'read access to it', () =>
    openTree(options.root ?? '/'),
  );
  const input = await readProgram(file, options);
  const verdict = judge(input.program, options.groupSize ?? null, readOptmemMax(tree));
  if (!verdict.ok) process.exitCode = EXIT.failed;
  if (options.json || options.pretty) {
    const lineOf = liner(input);
    const lined = (findings: readonly CheckFinding[]) =>
      findings.map((finding) => ({ ...finding, line: lineOf(finding) }));
    const { errors, hints } = verdict;
    const warnings = input.warnings.map(problemDocument);
    const document = { ...verdict, errors: lined(errors), hints: lined(hints), warnings };
    return printDocument({ schema: 'locality-tune.check/1', ...document }, options);
  }
  const style = styleOf(options.color, process.stdout, process.env);
  printLines(verdictLines(input, verdict, style), style);
}

function judge(program: readonly Instruction[], groupSize: number | null, optmemMax: number | null): Verdict {
  const illegal = check(program);
  if (illegal.length > 0) {
    return { ok: false, errors: illegal, converted: null, optmemMax, hints: [], notes: [] };
  }
  const converted = convertedBytes(program);
  const limit = optmemMax ?? Number.POSITIVE_INFINITY;
  const tooLarge = convertedBytes(program, HEADER.least) > limit;
  const message = `${converted} bytes once converted, and net.core.optmem_max is ${optmemMax}: ENOMEM`;
  return {
    ok: !tooLarge,
    errors: tooLarge ? [{ index: null, message }] : [],
    converted,
    optmemMax,
    hints: hints(program, groupSize),
    notes: [
      ...(optmemMax === null ? ['net.core.optmem_max is not known, so the size was not checked'] : []),
      ...(!tooLarge && converted > limit
        ? [
            `${converted} bytes once converted is so close to net.core.optmem_max that it depends on the kernel's version`,
          ]
        : []),
    ],
  };
}

function verdictLines(input: ProgramInput, verdict: Verdict, style: Style): readonly Line[] {
  const { ok, errors, converted, optmemMax } = verdict;
  const length = `${input.program.length} instruction${input.program.length === 1 ? '' : 's'}`;
  const limit = optmemMax === null ? '' : ` of ${optmemMax} (net.core.optmem_max)`;
  const outcome = ok ? `accepted: ${length}, ${converted} bytes once converted${limit}` : 'refused';
  const asm = disassemble(input.program).split('\n');
  const lineOf = liner(input);
  const describe = (finding: CheckFinding) => {
    const { index, message } = finding;
    const line = lineOf(finding);
    if (index === null) return message;
    return `instruction ${index}${line === null ? '' : `, line ${line}`} (${asm[index]}): ${message}`;
  };
  return [
    ...paragraph('', `${input.name}: ${outcome}`, style),
    ...errors.flatMap((error) => paragraph('  ', describe(error), style)),
    ...verdict.hints.flatMap((hint) => paragraph('hint: ', describe(hint), style)),
    ...verdict.notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
}

/** Lines of the text to which findings refer. */
function liner({ offsets, text }: ProgramInput): (finding: CheckFinding) => number | null {
  const placeOf = locator(text);
  return ({ index }) => {
    const offset = index === null ? undefined : offsets[index];
    return offset === undefined ? null : placeOf(offset).line;
  };
}
