/** Assembler texts: sound ones in every spelling, damaged ones, and heaps of tokens. */
import fc from 'fast-check';

const EXTENSIONS =
  'proto type poff ifidx nla nlan mark queue hatype rxhash cpu vlan_tci vlan_pr vlan_avail vlan_tpid rand'.split(
    ' ',
  );
const ALU = 'add sub mul div mod and or xor lsh rsh'.split(' ');

const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 70 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 0xffffffff }) },
  { weight: 1, arbitrary: fc.bigInt(0n, 2n ** 66n) },
);

/** A number in one of bpf_asm's forms. */
const number = fc
  .tuple(value, fc.constantFrom('', '', '+', '-', '0x', '0X', '0b', '0B', '0', '00'))
  .map(([number, prefix]) => {
    const base = { x: 16, b: 2, '0': 8 }[prefix.at(-1)?.toLowerCase() ?? ''] ?? 10;
    return `${number === 0n || number === 0 ? prefix.replace(/[-+]/, '') : prefix}${number.toString(base)}`;
  });

const list = (...words: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string[]> =>
  fc.tuple(...words.map((word) => (typeof word === 'string' ? fc.constant(word) : word)));

const anyOf = (...shapes: fc.Arbitrary<string[]>[]) => fc.oneof(...shapes);
const pick = (...words: string[]) => fc.constantFrom(...words);

const operand = anyOf(list('#', number), list('x'), list('%', 'x'));
const extension = fc.tuple(pick('', '#'), pick(...EXTENSIONS)).map(([mark, word]) => mark + word);

/** Everything but jumps, as tokens. */
const plain = anyOf(
  anyOf(
    list(pick('ld', 'ldh', 'ldb'), '[', number, ']'),
    list(pick('ld', 'ldh', 'ldb'), '[', 'x', '+', number, ']'),
    list(pick('ld', 'ldh', 'ldb'), '[', '%', 'x', '+', number, ']'),
    list(pick('ld', 'ldh', 'ldb'), extension),
  ),
  list(pick('ld', 'ldx', 'ldi', 'ldxi'), '#', number),
  list(pick('ldi', 'ldxi'), number),
  list(pick('ld', 'ldx'), pick('len', '#len')),
  list(pick('ld', 'ldx', 'st', 'stx'), 'M', '[', number, ']'),
  list(
    pick('ldx', 'ldxb'),
    pick('4', '0x4', '04'),
    '*',
    '(',
    '[',
    number,
    ']',
    '&',
    pick('0xf', '0XF', '15', '017', '4294967311'),
    ')',
  ),
  fc.tuple(pick(...ALU), operand).map(([word, rest]) => [word, ...rest]),
  list('neg'),
  anyOf(list('ret', pick('a', 'x')), list('ret', '%', pick('a', 'x')), list('ret', '#', number)),
  list(pick('tax', 'txa')),
);

/** Labels are L0, L1, …: enough that most jumps find theirs, ahead and near. */
const jump = fc
  .tuple(
    pick('jeq', 'jne', 'jneq', 'jlt', 'jle', 'jgt', 'jge', 'jset', 'jmp', 'ja'),
    operand,
    fc.nat(9),
    fc.nat(9),
    fc.boolean(),
  )
  .map(([word, rest, one, other, both]) => (index: number) => {
    const labels = [`L${index + one}`, ...(both ? [',', `L${index + other}`] : [])];
    return word.startsWith('jm') || word === 'ja'
      ? [word, `L${index + one}`]
      : [word, ...rest, ',', ...labels];
  });

const instruction = fc.oneof(
  { weight: 3, arbitrary: plain.map((tokens) => () => tokens) },
  { weight: 1, arbitrary: jump },
);

const gap = fc.constantFrom(
  ' ',
  '  ',
  '\t',
  '\n',
  ' \n\t',
  '/* a * b */',
  ' ; to the end\n',
  '\n# to the end\n',
  '\n#x\n',
);
const upper = fc.nat(7);

/** A program whose tokens stand apart; now and then one is glued to the next. */
export const likelyText: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(instruction, { minLength: 1, maxLength: 14 }),
    fc.infiniteStream(gap),
    fc.infiniteStream(fc.nat(150)),
    fc.infiniteStream(upper),
  )
  .map(([instructions, gaps, glue, cases]) => {
    const next = <T>(stream: Stream<T>) => stream.next().value;
    const tokens = [
      ...instructions.flatMap((make, index) => [`L${index}`, ':', ...make(index)]),
      ...[8, 7, 6, 5, 4, 3, 2, 1, 0].flatMap((more) => [`L${instructions.length + 8 - more}`, ':', 'neg']),
    ];
    return tokens
      .map((token) => {
        const spelt = /^L\d/.test(token) || next(cases) > 0 ? token : token.toUpperCase();
        return next(glue) === 0 ? spelt : spelt + next(gaps);
      })
      .join('');
  });
type Stream<T> = { next(): { value: T } };

const noise = fc.constantFrom(
  ...'# x + - [ ] ( ) 0 1 8 9 a M X * / & ; : , % _ b ld ldx jeq ret #cpu #cpux #nlanx cpu len #len 0x 0b 0b2 08 -0 +0 +05 /* */ **/ // /***/ \r \n \t \f " é L1 L2: Ret: 0xfg 4*([14]&0xf) 4*([0]&0xe) -0x1'.split(
    ' ',
  ),
  ' ',
  ' ',
);

/** A program with a few characters lost, or noise in between. */
export const damagedText: fc.Arbitrary<string> = fc
  .tuple(likelyText, fc.array(fc.tuple(fc.nat(), fc.nat(2), noise), { minLength: 1, maxLength: 3 }))
  .map(([text, damages]) =>
    damages.reduce((now, [where, lost, what]) => {
      const at = where % (now.length + 1);
      return now.slice(0, at) + what + now.slice(at + lost);
    }, text),
  );

/** Instructions and noise in any order. */
export const tokenHeap: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: plain.map((tokens) => `${tokens.join(' ')} `) },
      ...[noise, number, extension, gap].map((arbitrary) => ({ weight: 1, arbitrary })),
    ),
    { maxLength: 6 },
  )
  .map((words) => words.join(''));
