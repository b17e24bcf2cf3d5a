/** What bpf_asm's parser accepts (tools/bpf/bpf_exp.y), as a tree of tokens. */
import { X } from './instruction.ts';

/** The field of an instruction that a label fills. */
export type OperandTarget = 'jt' | 'jf' | 'k';

export interface Form {
  readonly code: number;
  /** One for each label, in the order written. */
  readonly targets: readonly OperandTarget[];
}

/** A position within an instruction: where each next token leads, and the form if the instruction may end here. */
export interface Node {
  readonly next: ReadonlyMap<string, Node>;
  readonly form: Form | null;
}

interface Building {
  readonly next: Map<string, Building>;
  form: Form | null;
}

/** The start of every instruction. */
export const GRAMMAR: Node = build();

function build(): Node {
  const root: Building = { next: new Map(), form: null };
  const add = (code: number, shape: string, targets: readonly OperandTarget[] = []) => {
    let node = root;
    for (const kind of shape.split(' ')) {
      const next = node.next.get(kind) ?? { next: new Map(), form: null };
      node.next.set(kind, next);
      node = next;
    }
    node.form = { code, targets };
  };

  for (const [word, code] of [
    ['ld', 0x20],
    ['ldh', 0x28],
    ['ldb', 0x30],
  ] as const) {
    add(code, `${word} extension`);
    add(code, `${word} [ number ]`);
    add(code + 0x20, `${word} [ x + number ]`);
    add(code + 0x20, `${word} [ % x + number ]`);
  }
  for (const [word, code] of [
    ['ld', 0],
    ['ldx', 1],
  ] as const) {
    add(code, `${word} # number`);
    add(code, `${word}i # number`);
    add(code, `${word}i number`);
    add(code + 0x60, `${word} M [ number ]`);
    add(code + 0x80, `${word} len`);
  }
  for (const word of ['ldx', 'ldxb']) add(0xb1, `${word} number * ( [ number ] & number )`);
  add(0x02, 'st M [ number ]');
  add(0x03, 'stx M [ number ]');

  for (const [index, word] of ['add', 'sub', 'mul', 'div', 'or', 'and', 'lsh', 'rsh'].entries())
    operate(word, index << 4);
  operate('mod', 0x90);
  operate('xor', 0xa0);
  add(0x84, 'neg');

  add(0x05, 'jmp label', ['k']);
  for (const [word, opposite, operation] of [
    ['jeq', 'jneq', 0x10],
    ['jgt', 'jle', 0x20],
    ['jge', 'jlt', 0x30],
    ['jset', null, 0x40],
  ] as const) {
    jump(word, operation, ['jt']);
    jump(word, operation, ['jt', 'jf']);
    if (opposite !== null) jump(opposite, operation, ['jf']);
  }

  add(0x06, 'ret # number');
  for (const [register, code] of [
    ['a', 0x16],
    ['x', 0x0e],
  ] as const) {
    add(code, `ret ${register}`);
    add(code, `ret % ${register}`);
  }
  add(0x07, 'tax');
  add(0x87, 'txa');
  return root;

  function operate(word: string, operation: number): void {
    add(operation | 4, `${word} # number`);
    add(operation | 4 | X, `${word} x`);
    add(operation | 4 | X, `${word} % x`);
  }

  function jump(word: string, operation: number, targets: readonly OperandTarget[]): void {
    const labels = targets.map(() => ' , label').join('');
    add(operation | 5, `${word} # number${labels}`, targets);
    add(operation | 5 | X, `${word} x${labels}`, targets);
    add(operation | 5 | X, `${word} % x${labels}`, targets);
  }
}
