/** `locality-tune programs`: the list, or one of them. */
import { type Cost, costOf } from '../../cbpf/cost.ts';
import {
  commented,
  generate,
  isProgramName,
  PROGRAM_NAMES,
  type ProgramName,
  programNamed,
} from '../../cbpf/programs.ts';
import { table } from '../../report/table.ts';
import { paragraph, type Style, span } from '../../report/text.ts';
import { UNKNOWN } from '../../words/phrase.ts';
import { usage } from '../errors.ts';
import type { Globals } from '../options.ts';
import { print, printDocument, printLines, styleOf } from '../output.ts';
import { instructionsOf, type NamedOptions, sizeOf, specOf } from './program-named.ts';

export type ProgramsCommandOptions = Globals & NamedOptions;

const SCHEMA = 'locality-tune.programs/1';

function aboutOf(name: ProgramName) {
  const { purpose, use, avoid } = programNamed(name);
  return { purpose, use, avoid };
}

/** Throws usage. */
export function showProgram(name: string, options: ProgramsCommandOptions): void {
  if (!isProgramName(name))
    throw usage(`'${name}': no such program`, `there are: ${PROGRAM_NAMES.join(', ')}`);
  const spec = specOf(name, options);
  const instructions = instructionsOf(spec);
  const cost = costOf(instructions);
  const asm = commented(spec);
  if (options.json || options.pretty) {
    const document = { name, groupSize: sizeOf(options), ...aboutOf(name), cost, asm, instructions };
    printDocument({ schema: SCHEMA, ...document }, options);
  } else {
    const style = styleOf(options.color, process.stdout, process.env);
    // The assembler text may go to a file, so nothing in it depends on the terminal.
    print(`${[...head(name, cost, { ...style, unicode: false }), asm].join('\n')}\n`);
  }
}

function head(name: ProgramName, cost: Cost, style: Style): readonly string[] {
  const { purpose, use, avoid } = aboutOf(name);
  const comment = (lead: string, text: string) =>
    paragraph(`; ${lead}`, text, style).map((line, index) => {
      const words = line.map(({ text }) => text).join('');
      return index === 0 ? words : `;${words.slice(1)}`;
    });
  return [
    ...comment(`${name}: `, purpose),
    ...comment('use it for: ', use),
    ...comment('not for: ', avoid),
    ...comment('cost: ', costWords(cost)),
  ];
}

function costWords({ instructions, longest, convertedBytes }: Cost): string {
  const run = longest === instructions ? 'all run for each packet' : `at most ${longest} run for each packet`;
  return `${instructions} instructions (${run}); ${convertedBytes} bytes of net.core.optmem_max`;
}

export function listPrograms(options: ProgramsCommandOptions): void {
  const groupSize = sizeOf(options);
  const programs = PROGRAM_NAMES.map((name) => ({
    name,
    ...aboutOf(name),
    cost: costFor(name, groupSize),
  }));
  if (options.json || options.pretty) {
    printDocument({ schema: SCHEMA, groupSize, programs }, options);
    return;
  }
  const style = styleOf(options.color, process.stdout, process.env);
  const columns = [
    { head: 'NAME', align: 'left' as const },
    { head: `FOR ${groupSize}`, align: 'right' as const },
    { head: 'CHOOSES', align: 'left' as const, give: 'wrap' as const },
  ];
  const rows = programs.map(({ name, purpose, cost }) => {
    return [span(name, 'strong'), cost === null ? UNKNOWN : String(cost.instructions), purpose];
  });
  const legend = `FOR ${groupSize}: instructions for a group of that size. \`locality-tune programs NAME\` prints one.`;
  printLines([...table(columns, rows, style), [span('')], ...paragraph('', legend, style)], style);
}

/** null if there is no such program: draining a group of one leaves no slot, and a map has a limit. */
function costFor(name: ProgramName, groupSize: number): Cost | null {
  try {
    return costOf(generate(specOf(name, { groupSize })));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
