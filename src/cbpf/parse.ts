/** Turns tokens into instructions whose labels are still words. */
import { type Form, GRAMMAR, type Node } from './grammar.ts';
import { MAX_INSTRUCTIONS } from './instruction.ts';
import type { Token } from './lex.ts';
import { refuse, refuseLabel, type SyntaxRefusal } from './refusal.ts';

export interface Statement {
  /** The mnemonic. */
  readonly at: Token;
  readonly form: Form;
  readonly k: number;
  /** The label in front, without its colon. */
  readonly label: Token | null;
  /** The labels that it jumps to, in the order of `form.targets`. */
  readonly targets: readonly Token[];
}

export interface Parsed {
  readonly statements: readonly Statement[];
  /** Where bpf_asm would stop; this stops there too. */
  readonly refusal: SyntaxRefusal | null;
}

const NONE: readonly Token[] = [];
const LDXB = 0xb1;

/** @param tokens of `text`, whose words the refusal quotes */
export function parse(text: string, tokens: readonly Token[]): Parsed {
  const statements: Statement[] = [];
  let index = 0;
  const current = (): Token =>
    tokens[index] ?? { kind: 'end', start: text.length, end: text.length, value: 0 };
  for (;;) {
    while (current().kind === ';') index++;
    if (current().kind === 'end' && statements.length > 0) return { statements, refusal: null };
    const outcome = statement();
    if ('message' in outcome) return { statements, refusal: outcome };
    if (statements.length === MAX_INSTRUCTIONS) {
      const message = `this is instruction ${MAX_INSTRUCTIONS + 1}; the kernel accepts at most ${MAX_INSTRUCTIONS}`;
      return { statements, refusal: { token: outcome.at, message, expected: 'the end of the program' } };
    }
    statements.push(outcome);
  }

  function statement(): Statement | SyntaxRefusal {
    let label: Token | null = null;
    if (current().kind === 'label') {
      label = current();
      index++;
      if (current().kind !== ':') return refuseLabel(text, label);
      index++;
    }
    const at = current();
    let node: Node = GRAMMAR;
    const numbers: Token[] = [];
    let targets = NONE;
    for (;;) {
      const token = current();
      const next = node.next.get(token.kind);
      if (next === undefined) {
        if (node.form === null) return refuse(text, token, node, label !== null);
        return finish(at, node.form, numbers, label, targets);
      }
      if (token.kind === 'number' || token.kind === 'extension') numbers.push(token);
      else if (token.kind === 'label') targets = [...targets, token];
      node = next;
      index++;
    }
  }
}

function finish(
  at: Token,
  form: Form,
  numbers: readonly Token[],
  label: Token | null,
  targets: readonly Token[],
): Statement | SyntaxRefusal {
  if (form.code !== LDXB) return { at, form, k: numbers[0]?.value ?? 0, label, targets };
  const [number, offset, mask] = numbers;
  const message = 'only 4*([k]&0xf), the length of an IPv4 header, can be loaded like this';
  if (number?.value !== 4) return { token: number ?? at, message, expected: "'4'" };
  if (mask?.value !== 0xf) return { token: mask ?? at, message, expected: "'0xf'" };
  return { at, form, k: offset?.value ?? 0, label, targets };
}
