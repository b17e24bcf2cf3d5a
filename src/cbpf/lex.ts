/** Splits assembler text into tokens, by the rules of bpf_asm's lexer (tools/bpf/bpf_exp.l). */
import { EXTENSIONS, SKF_AD_OFF } from './instruction.ts';

/**
 * `kind` is a mnemonic, a punctuation mark, `x`, `a`, `M`, `len`, `extension`, `number`, `label`; `;` if it separates;
 * `end`, which is always the last; or `unknown`, after which nothing is read.
 */
export interface Token {
  readonly kind: string;
  /** Offsets into the text; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  /** Value of a number, unsigned 32 bit; for an extension, the `k` that loads it. */
  readonly value: number;
}

export interface Lexed {
  readonly tokens: readonly Token[];
  /** Offset of each comment that begins with `;`. */
  readonly comments: readonly number[];
  /** Numbers that lost bits: bpf_asm silently keeps the low 32. */
  readonly truncated: readonly Token[];
}

const MNEMONICS =
  'ldb ldh ld ldi ldx ldxi ldxb st stx jmp jeq jneq jlt jle jgt jge jset add sub mul div mod neg and xor or lsh rsh ret tax txa';

/** What a word means, in upper or lower case. */
const WORDS: ReadonlyMap<string, { readonly kind: string; readonly value: number }> = new Map([
  ...MNEMONICS.split(' ').map((word) => [word, { kind: word, value: 0 }] as const),
  ['ja', { kind: 'jmp', value: 0 }],
  ['jne', { kind: 'jneq', value: 0 }],
  ['len', { kind: 'len', value: 0 }],
  ['x', { kind: 'x', value: 0 }],
  ['a', { kind: 'a', value: 0 }],
  ['m', { kind: 'M', value: 0 }],
  ...[...EXTENSIONS, [48, 'vlan_pr'] as const].map(
    ([offset, word]) => [word, { kind: 'extension', value: SKF_AD_OFF + offset }] as const,
  ),
]);
const LONGEST_EXTENSION = 'vlan_avail'.length;

const [LETTER, DIGIT, BLANK, MARK, HASH, SEMICOLON, PLUS, MINUS, SLASH] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Class of each ASCII character; 0 if no rule begins with it. */
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[a-z_]/i.test(character)) return LETTER;
  if (/[0-9]/.test(character)) return DIGIT;
  if (/[ \t\n]/.test(character)) return BLANK;
  if (':,%[]()*&'.includes(character)) return MARK;
  const index = '#;+-/'.indexOf(character);
  return index < 0 ? 0 : HASH + index;
});

const classAt = (text: string, at: number): number => CLASSES[text.charCodeAt(at)] ?? 0;

/** @param semicolons does `;` separate instructions? Otherwise it begins a comment. */
export function lex(text: string, semicolons: boolean): Lexed {
  const tokens: Token[] = [];
  const comments: number[] = [];
  const truncated: Token[] = [];
  let at = 0;
  const push = (kind: string, end: number, value: number) => {
    tokens.push({ kind, start: at, end, value });
    at = end;
  };
  while (at < text.length) {
    switch (classAt(text, at)) {
      case BLANK:
        at++;
        break;
      case LETTER: {
        const end = wordEnd(text, at);
        const word = WORDS.get(text.slice(at, end).toLowerCase());
        if (word !== undefined) push(word.kind, end, word.value);
        else if (end > at + 1) push('label', end, 0);
        else return stop();
        break;
      }
      case PLUS:
        if (beginsDecimal(text, at + 1)) number();
        else push('+', at + 1, 0);
        break;
      case MINUS:
        if (!beginsDecimal(text, at + 1)) return stop();
        number();
        break;
      case DIGIT:
        number();
        break;
      case MARK:
        push(text.charAt(at), at + 1, 0);
        break;
      case HASH: {
        const end = extensionEnd(text, at);
        const comment = at === 0 || text.charAt(at - 1) === '\n' ? lineEnd(text, at) : at;
        // flex takes the longest match, and the first rule among equals; the comment's rule comes last.
        if (comment > Math.max(end, at + 1)) at = comment;
        else {
          const word = end === at ? undefined : WORDS.get(text.slice(at + 1, end).toLowerCase());
          push(word?.kind ?? '#', Math.max(end, at + 1), word?.value ?? 0);
        }
        break;
      }
      case SEMICOLON:
        if (semicolons) push(';', at + 1, 0);
        else {
          comments.push(at);
          at = lineEnd(text, at);
        }
        break;
      case SLASH: {
        const end = commentEnd(text, at);
        if (end === null) return stop();
        at = end;
        break;
      }
      default:
        return stop();
    }
  }
  push('end', at, 0);
  return { tokens, comments, truncated };

  function number(): void {
    const { end, value, fits } = readNumber(text, at);
    push('number', end, value);
    const token = tokens.at(-1);
    if (!fits && token !== undefined) truncated.push(token);
  }

  function stop(): Lexed {
    push('unknown', at + 1, 0);
    return { tokens, comments, truncated };
  }
}

function beginsDecimal(text: string, at: number): boolean {
  return classAt(text, at) === DIGIT && text.charAt(at) !== '0';
}

function wordEnd(text: string, at: number): number {
  for (let end = at + 1; ; end++) {
    const kind = classAt(text, end);
    if (kind !== LETTER && kind !== DIGIT) return end;
  }
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/**
 * Where `#cpu` or a similar extension ends: the longest that fits, even inside a longer word; `at` itself if there is
 * none.
 */
function extensionEnd(text: string, at: number): number {
  if (classAt(text, at + 1) !== LETTER) return at;
  const word = text.slice(at + 1, Math.min(wordEnd(text, at + 1), at + 1 + LONGEST_EXTENSION)).toLowerCase();
  for (let length = word.length; length >= 3; length--) {
    const kind = WORDS.get(word.slice(0, length))?.kind;
    if (kind === 'extension' || kind === 'len') return at + 1 + length;
  }
  return at;
}

/**
 * bpf_asm's pattern reads a star together with the next character, unless that is the slash, so a comment that ends in
 * two stars and a slash goes on. Null if it never ends.
 */
function commentEnd(text: string, at: number): number | null {
  if (text.charAt(at + 1) !== '*') return null;
  for (let star = text.indexOf('*', at + 2); star >= 0; star = text.indexOf('*', star + 2)) {
    if (text.charAt(star + 1) === '/') return star + 2;
  }
  return null;
}

/** Where the number at `at` ends, and its value after strtoul() (hex) or strtol() (all others) and a cut to 32 bits. */
function readNumber(text: string, at: number): { end: number; value: number; fits: boolean } {
  const sign = classAt(text, at) === DIGIT ? 0 : 1;
  const base = sign === 0 && text.charAt(at) === '0' ? baseAfterZero(text, at + 1) : 10;
  const start = base === 16 || base === 2 ? at + 2 : at + sign;
  let end = start;
  let small = 0;
  for (let digit = digitAt(text, end); digit < base; digit = digitAt(text, end)) {
    small = small * base + digit;
    end++;
  }
  const negative = text.charAt(at) === '-';
  if (small <= 0xffffffff)
    return { end, value: (negative ? -small : small) >>> 0, fits: !negative || small <= 0x80000000 };
  const digits = text.slice(start, end);
  const most = base === 16 ? 2n ** 64n - 1n : negative ? 2n ** 63n : 2n ** 63n - 1n;
  const prefix = base === 10 ? '' : base === 16 ? '0x' : base === 8 ? '0o' : '0b';
  const exact = small > 2 ** 65 ? most : BigInt(prefix + digits);
  const kept = exact < most ? exact : most;
  return { end, value: Number(BigInt.asUintN(32, negative ? -kept : kept)), fits: false };
}

/** A prefix without a digit is not a prefix: bpf_asm reads `0x` as the number 0 and the register x. */
function baseAfterZero(text: string, at: number): number {
  const mark = text.charAt(at);
  if ((mark === 'x' || mark === 'X') && digitAt(text, at + 1) < 16) return 16;
  if ((mark === 'b' || mark === 'B') && digitAt(text, at + 1) < 2) return 2;
  return 8;
}

/** 0 to 15, hex digits in both cases; 16 for anything else. */
function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : 16;
}
