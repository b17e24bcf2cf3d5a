/** Turns instructions into text that bpf_asm (tools/bpf/bpf_exp.y) accepts. */
import { ALU, EXTENSIONS, type Instruction, JUMP, LEGAL, SKF_AD_OFF, X } from './instruction.ts';

/**
 * One instruction a line. Jump targets carry labels (`l12:`, by index). What bpf_asm cannot express becomes a comment,
 * so that nothing is shown as something else. So do fields that the kernel does not read (such as `k` of `tax`) if they
 * are not 0.
 */
export function disassemble(program: readonly Instruction[]): string {
  const lines = program.map((instruction, index) => {
    const { text, targets } = line(instruction, index, program.length);
    return { text: text + unread(instruction), targets };
  });
  const targets = new Set(lines.flatMap((each) => each.targets));
  return lines.map(({ text }, index) => (targets.has(index) ? `${label(index)}: ${text}` : text)).join('\n');
}

interface Line {
  readonly text: string;
  readonly targets: readonly number[];
}

function line(instruction: Instruction, index: number, length: number): Line {
  const [code, jt, jf, k] = instruction;
  if ((code & 0x07) !== 5) return { text: plain(instruction) ?? unknown(instruction), targets: [] };
  const name = JUMP[code >> 4];
  if (name === undefined || code === 0x0d) return { text: unknown(instruction), targets: [] };
  const [yes, no] = name === 'ja' ? [index + 1 + k, index + 1 + k] : [index + 1 + jt, index + 1 + jf];
  if (Math.max(yes, no) >= length) {
    return { text: `${unknown(instruction)}: jumps out of the program`, targets: [] };
  }
  if (name === 'ja') return { text: `ja ${label(yes)}`, targets: [yes] };
  const operand = code & X ? 'x' : `#${number(k)}`;
  const opposite = OPPOSITE.get(name);
  if (jf === 0) return { text: `${name} ${operand}, ${label(yes)}`, targets: [yes] };
  if (jt === 0 && opposite) return { text: `${opposite} ${operand}, ${label(no)}`, targets: [no] };
  return { text: `${name} ${operand}, ${label(yes)}, ${label(no)}`, targets: [yes, no] };
}

/** bpf_asm's second name for a jump: the same code, but its one target is where it goes if the test fails. */
const OPPOSITE: ReadonlyMap<string, string> = new Map([
  ['jeq', 'jneq'],
  ['jgt', 'jle'],
  ['jge', 'jlt'],
]);

/** Text of any instruction except a jump; null if bpf_asm cannot express it. */
function plain([code, , , k]: Instruction): string | null {
  const simple = SIMPLE.get(code);
  if (simple !== undefined) return simple.replace('K', number(k)).replace('OFFSET', `${k | 0}`);
  const load = LOAD.get(code);
  if (load !== undefined) {
    const extension = EXTENSIONS.get(k - SKF_AD_OFF);
    return `${load} ${extension ?? `[${k | 0}]`}`;
  }
  const name = (code & 0x07) === 4 && code < 0xb0 ? ALU[code >> 4] : undefined;
  if (name === undefined) return null;
  if (name === 'neg') return code & X ? null : name;
  return `${name} ${code & X ? 'x' : `#${number(k)}`}`;
}

/** Absolute loads, which mean something else if the offset is in the ancillary range. */
const LOAD: ReadonlyMap<number, string> = new Map([
  [0x20, 'ld'],
  [0x28, 'ldh'],
  [0x30, 'ldb'],
]);

const SIMPLE: ReadonlyMap<number, string> = new Map([
  [0x40, 'ld [x + OFFSET]'],
  [0x48, 'ldh [x + OFFSET]'],
  [0x50, 'ldb [x + OFFSET]'],
  [0x80, 'ld len'],
  [0x00, 'ld #K'],
  [0x60, 'ld M[K]'],
  [0x81, 'ldx len'],
  [0xb1, 'ldxb 4*([OFFSET]&0xf)'],
  [0x01, 'ldx #K'],
  [0x61, 'ldx M[K]'],
  [0x02, 'st M[K]'],
  [0x03, 'stx M[K]'],
  [0x06, 'ret #K'],
  [0x0e, 'ret x'],
  [0x16, 'ret a'],
  [0x07, 'tax'],
  [0x87, 'txa'],
]);

function label(index: number): string {
  return `l${index}`;
}

/** CPU numbers, ports and sizes are read in decimal, addresses and masks in hex. */
function number(k: number): string {
  return k < 0x10000 ? `${k}` : `0x${k.toString(16)}`;
}

/** Instructions that do not use `k`: len, neg, ret a, ret x, tax, txa; and those whose operand is X. */
const NO_K: ReadonlySet<number> = new Set([0x80, 0x81, 0x84, 0x16, 0x0e, 0x07, 0x87]);

function unread([code, jt, jf, k]: Instruction): string {
  if (!LEGAL.has(code) && code !== 0x0e) return '';
  const kind = code & 0x07;
  const branches = kind === 5 && code !== 0x05;
  const idle = [
    ...(jt !== 0 && !branches ? [`jt ${jt}`] : []),
    ...(jf !== 0 && !branches ? [`jf ${jf}`] : []),
    ...(k !== 0 && (NO_K.has(code) || ((kind === 4 || branches) && code & X)) ? [`k ${number(k)}`] : []),
  ];
  return idle.length === 0 ? '' : ` ; and ${idle.join(', ')}, which nothing reads`;
}

/** The fields as `bpf_asm -c` prints them, after a comment sign. */
function unknown([code, jt, jf, k]: Instruction): string {
  return `; { 0x${code.toString(16).padStart(2, '0')}, ${jt}, ${jf}, 0x${k.toString(16).padStart(8, '0')} }`;
}
