/** Why the parser stopped; bpf_asm says only "syntax error" and the line. */
import { GRAMMAR, type Node } from './grammar.ts';
import type { Token } from './lex.ts';

export interface SyntaxRefusal {
  readonly token: Token;
  readonly message: string;
  readonly expected: string | null;
}

const INSTRUCTION = 'an instruction, or a label and a colon';

/** @param labelled does the instruction have a label already? */
export function refuse(text: string, token: Token, node: Node, labelled: boolean): SyntaxRefusal {
  const first = labelled ? 'an instruction for the label' : INSTRUCTION;
  const expected = node === GRAMMAR ? first : anyOf([...node.next.keys()]);
  return { token, message: `${found(text, token)}${advice(text, token, node)}`, expected };
}

/** A word where an instruction or a label should be, without a colon: more likely a typo than a label. */
export function refuseLabel(text: string, token: Token): SyntaxRefusal {
  const word = shown(text, token);
  const message = `${word} is neither an instruction nor a label (a label ends with a colon)`;
  const known = nearest(text.slice(token.start, token.end).toLowerCase());
  return { token, message, expected: known === null ? INSTRUCTION : `'${known}', perhaps` };
}

function found(text: string, token: Token): string {
  if (token.kind === 'end') return text.trim() === '' ? 'the program is empty' : 'the text ends';
  return token.kind === 'unknown'
    ? `${shown(text, token)} is not part of the language`
    : `found ${shown(text, token)}`;
}

/** Common mistakes in this grammar, and how to fix them. */
function advice(text: string, token: Token, node: Node): string {
  const word = text.slice(token.start, token.end);
  const rest = text.slice(token.start, token.start + 2);
  if (word === '\r') return ' (a carriage return: lines must end in a line feed alone)';
  if (rest === '//') return ' (a comment is ; … or /* … */)';
  if (rest === '/*') return ' (this comment never ends: **/ does not end one)';
  if (word === '-') return ' (a sign belongs to a decimal number, without a leading 0)';
  if (word === '#' && node === GRAMMAR) return ' (# begins a comment in column 1 only)';
  if (token.kind === 'number' && node.next.has('+')) return ' (a sign belongs to its number: write x + 5)';
  if (token.kind === 'number' && node.next.has('#')) return ` (a constant needs a #: #${word})`;
  if (node.next.has('*')) return ' (for a constant write ldx #k)';
  if (node.next.has('label') && token.kind !== 'end' && /^\w+$/.test(word))
    return ' (a label has two characters or more, begins with no digit, and is not a word of the language)';
  return '';
}

function shown(text: string, { start, end }: Token): string {
  const word = text.slice(start, end);
  return `'${word.length > 40 ? `${word.slice(0, 40)}…` : word}'`;
}

function anyOf(kinds: readonly string[]): string {
  const phrases = kinds.map((kind) => PHRASES.get(kind) ?? `'${kind}'`);
  const last = phrases.pop() ?? '';
  return phrases.length === 0 ? last : `${phrases.join(', ')} or ${last}`;
}

const PHRASES: ReadonlyMap<string, string> = new Map([
  ['number', 'a number'],
  ['label', 'a label'],
  ['extension', "an extension ('cpu', 'rand', …)"],
]);

/** The mnemonic that one typo turns into this word. */
function nearest(word: string): string | null {
  for (const known of GRAMMAR.next.keys()) if (isOneSlip(word, known)) return known;
  return null;
}

/** One character too many, missing or wrong, or two swapped. */
function isOneSlip(one: string, other: string): boolean {
  let start = 0;
  while (start < one.length && one[start] === other[start]) start++;
  const tails = (skip: number, skipOther: number) =>
    one.slice(start + skip) === other.slice(start + skipOther);
  const swapped = one[start] === other[start + 1] && one[start + 1] === other[start];
  return tails(1, 0) || tails(0, 1) || tails(1, 1) || (swapped && tails(2, 2));
}
