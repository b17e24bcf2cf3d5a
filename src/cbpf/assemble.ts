/** Turns assembler text into instructions, exactly as the kernel's bpf_asm (tools/bpf) does. */
import type { OperandTarget } from './grammar.ts';
import type { Instruction } from './instruction.ts';
import { type Lexed, lex, type Token } from './lex.ts';
import { parse, type Statement } from './parse.ts';
import { locator, type Problem } from './problem.ts';
import type { SyntaxRefusal } from './refusal.ts';

export interface Assembled {
  readonly program: readonly Instruction[];
  /** The place of each instruction's mnemonic in the text; empty if the text is not assembler. */
  readonly offsets: readonly number[];
  readonly warnings: readonly Problem[];
  readonly error: null;
}

export interface NotAssembled {
  readonly error: Problem;
  readonly warnings: readonly Problem[];
}

export interface Syntax {
  /** Does `;` separate instructions, as in a shell one-liner? In bpf_asm it begins a comment. */
  readonly semicolons?: boolean;
}

/** Never throws. Accepts what bpf_asm accepts, with the same result; the kernel may still refuse the program. */
export function assemble(text: string, { semicolons = false }: Syntax = {}): Assembled | NotAssembled {
  const lexed = lex(text, semicolons);
  const { statements, refusal } = parse(text, lexed.tokens);
  const { labels, repeated } = define(text, statements);
  const placeOf = locator(text);
  const toProblem = ({ token, message, expected }: SyntaxRefusal): Problem => {
    return { place: placeOf(token.start), message, expected };
  };
  const warnings = [...warn(text, lexed), ...repeated]
    .sort((one, other) => one.token.start - other.token.start)
    .map(toProblem);
  if (refusal !== null) return { error: toProblem(atEnd(refusal, lexed)), warnings };
  const program = resolve(text, statements, labels);
  if ('message' in program) return { error: toProblem(program), warnings };
  return { program, offsets: statements.map(({ at }) => at.start), warnings, error: null };
}

/** If something is missing at the end, the place is after the last word, not on an empty line below it. */
function atEnd(refusal: SyntaxRefusal, { tokens }: Lexed): SyntaxRefusal {
  const last = tokens.at(-2);
  if (refusal.token.kind !== 'end' || last === undefined) return refusal;
  return { ...refusal, token: { ...refusal.token, start: last.end, end: last.end } };
}

const REACH = 255;

const wordOf = (text: string, { start, end }: Token) => text.slice(start, end);

/** The instruction that each label names. If two labels have one name, bpf_asm uses the first. */
function define(text: string, statements: readonly Statement[]) {
  const labels = new Map<string, number>();
  const repeated: SyntaxRefusal[] = [];
  statements.forEach(({ label }, index) => {
    if (label === null) return;
    const name = wordOf(text, label);
    if (labels.has(name)) {
      const message = `the label '${name}' exists already, and jumps go to the first one`;
      repeated.push({ token: label, message, expected: 'another name' });
    } else labels.set(name, index);
  });
  return { labels, repeated };
}

/** Turns labels into distances. */
function resolve(
  text: string,
  statements: readonly Statement[],
  labels: ReadonlyMap<string, number>,
): Instruction[] | SyntaxRefusal {
  const program: Instruction[] = [];
  for (const { form, k, targets } of statements) {
    if (targets.length === 0) {
      program.push([form.code, 0, 0, k]);
      continue;
    }
    const fields: Record<OperandTarget, number> = { jt: 0, jf: 0, k };
    for (let number = 0; number < targets.length; number++) {
      const field = form.targets[number];
      const target = targets[number];
      if (field === undefined || target === undefined) break;
      const distance = distanceTo(text, target, program.length, labels, field === 'k');
      if (typeof distance !== 'number') return distance;
      fields[field] = distance;
    }
    program.push([form.code, fields.jt, fields.jf, fields.k]);
  }
  return program;
}

/**
 * @param from the instruction that jumps @param anywhere can it reach any instruction? `ja` can, also backwards by
 * wrapping around
 */
function distanceTo(
  text: string,
  target: Token,
  from: number,
  labels: ReadonlyMap<string, number>,
  anywhere: boolean,
): number | SyntaxRefusal {
  const name = wordOf(text, target);
  const there = labels.get(name);
  if (there === undefined) {
    return { token: target, message: `there is no label '${name}'`, expected: known([...labels.keys()]) };
  }
  const distance = there - from - 1;
  if (anywhere || (distance >= 0 && distance <= REACH)) return distance >>> 0;
  const where =
    distance < 0 ? 'before this instruction, and jumps only go forward' : `${distance} instructions ahead`;
  const expected = `a label at most ${REACH} instructions ahead${distance < 0 ? '' : "; 'ja' reaches further"}`;
  return { token: target, message: `'${name}' is ${where}`, expected };
}

function known(labels: readonly string[]): string | null {
  if (labels.length === 0) return null;
  return `one of ${labels.slice(0, 5).join(', ')}${labels.length > 5 ? ', …' : ''}`;
}

function warn(text: string, { comments, truncated }: Lexed): SyntaxRefusal[] {
  const numbers = truncated.map((token): SyntaxRefusal => {
    const message = `${wordOf(text, token)} does not fit into 32 bit: it becomes ${token.value}`;
    return { token, message, expected: null };
  });
  return [...numbers, ...comments.flatMap((start) => hiddenInstruction(text, start))];
}

/** A comment after code that reads like an instruction is probably meant as one. */
function hiddenInstruction(text: string, start: number): SyntaxRefusal[] {
  const line = text.slice(text.lastIndexOf('\n', start) + 1, start);
  if (/^\s*$/.test(line)) return [];
  const hidden = text.slice(start + 1, commentEnd(text, start + 1));
  const { statements, refusal } = parse(hidden, lex(hidden, false).tokens);
  if (refusal !== null || statements.length === 0) return [];
  const token = { kind: ';', start, end: start + 1, value: 0 };
  const message = `'${hidden.trim()}' is a comment, because ';' begins one`;
  return [{ token, message, expected: 'a new line, or --semicolons' }];
}

function commentEnd(text: string, start: number): number {
  const ends = [text.indexOf('\n', start), text.indexOf(';', start), text.length];
  return Math.min(...ends.filter((end) => end >= 0));
}
