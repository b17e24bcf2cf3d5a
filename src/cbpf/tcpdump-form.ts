/** Instructions as `tcpdump -d` prints them: libpcap's bpf_image(), 1.8 and later, on Linux. */
import {
  ALU,
  EXTENSIONS,
  type Instruction,
  JUMP,
  LEGAL,
  SKF_AD_ALU_XOR_X,
  SKF_AD_OFF,
  X,
} from './instruction.ts';

/** One numbered instruction per line; jumps name numbers. `unimp` is what bpf_image() does not know. */
export function tcpdumpForm(program: readonly Instruction[]): string {
  return program.map(image).join('\n');
}

function image(instruction: Instruction, index: number): string {
  const [code, jt, jf] = instruction;
  const [name, operand] = words(instruction, index);
  const start = `(${String(index).padStart(3, '0')}) ${name.padEnd(8)} `;
  if ((code & 0x07) !== 5 || (code & 0xf0) === 0) return start + operand;
  return `${start}${operand.padEnd(16)} jt ${index + 1 + jt}\tjf ${index + 1 + jf}`;
}

/** bpf_image() does not know this one. */
const LDX_LEN = 0x81;

function words([code, , , k]: Instruction, index: number): [name: string, operand: string] {
  if (!LEGAL.has(code) || code === LDX_LEN) return ['unimp', `0x${code.toString(16)}`];
  const signed = k | 0;
  const hex = `#0x${k.toString(16)}`;
  switch (code & 0x07) {
    case 0:
      return [LOADS.get(code) ?? 'ld', loadOperand(code, k)];
    case 1:
      return [code === 0xb1 ? 'ldxb' : 'ldx', loadOperand(code, k)];
    case 2:
      return ['st', `M[${signed}]`];
    case 3:
      return ['stx', `M[${signed}]`];
    case 4: {
      const name = ALU[code >> 4] ?? '';
      if (name === 'neg') return [name, ''];
      return [name, code & X ? 'x' : name === 'and' || name === 'or' || name === 'xor' ? hex : `#${signed}`];
    }
    case 5:
      if (code === 0x05) return ['ja', `${(index + 1 + k) | 0}`];
      return [JUMP[code >> 4] ?? '', code & X ? 'x' : hex];
    case 6:
      return ['ret', code === 0x16 ? '' : `#${signed}`];
    default:
      return [code === 0x07 ? 'tax' : 'txa', ''];
  }
}

const LOADS: ReadonlyMap<number, string> = new Map([
  [0x28, 'ldh'],
  [0x48, 'ldh'],
  [0x30, 'ldb'],
  [0x50, 'ldb'],
]);

/** libpcap's own words for some of the ancillary loads. */
const RENAMED: ReadonlyMap<number, string> = new Map([
  [SKF_AD_ALU_XOR_X, 'xor_x'],
  [48, 'vlanp'],
  [56, 'random'],
]);

function loadOperand(code: number, k: number): string {
  const signed = k | 0;
  switch (code & 0xe0) {
    case 0x00:
      return `#0x${k.toString(16)}`;
    case 0x20:
      return `[${RENAMED.get(k - SKF_AD_OFF) ?? EXTENSIONS.get(k - SKF_AD_OFF) ?? signed}]`;
    case 0x40:
      return `[x + ${signed}]`;
    case 0x60:
      return `M[${signed}]`;
    case 0x80:
      return '#pktlen';
    default:
      return `4*([${signed}]&0xf)`;
  }
}
