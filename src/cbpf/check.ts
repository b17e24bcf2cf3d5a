/** The kernel's verdict without the kernel: bpf_check_classic() and what it calls (net/core/filter.c). */
import { overlongJumps } from './convert.ts';
import {
  EXTENSIONS,
  type Instruction,
  LEGAL,
  MAX_INSTRUCTIONS,
  MEMORY_WORDS,
  SKF_AD_ALU_XOR_X,
  SKF_AD_OFF,
} from './instruction.ts';

export interface CheckFinding {
  /** Index of the instruction; null if the finding is about the whole program. */
  readonly index: number | null;
  readonly message: string;
}

/**
 * Everything that is wrong, in program order; the kernel stops at the first. Empty if the kernel accepts the program,
 * otherwise it says EINVAL.
 */
export function check(program: readonly Instruction[]): readonly CheckFinding[] {
  if (program.length === 0) return [{ index: null, message: 'no instructions: the kernel needs at least 1' }];
  if (program.length > MAX_INSTRUCTIONS) {
    const message = `${program.length} instructions: the kernel accepts at most ${MAX_INSTRUCTIONS}`;
    return [{ index: null, message }];
  }
  const findings: CheckFinding[] = [];
  program.forEach((instruction, index) => {
    const message = fault(instruction, program.length - index - 1);
    if (message !== null) findings.push({ index, message });
  });
  const last = program.length - 1;
  const end = program[last]?.[0];
  if (end !== RET_K && end !== RET_A && !findings.some(({ index }) => index === last)) {
    findings.push({ index: last, message: 'the last instruction must be a ret' });
  }
  return findings.length > 0 ? findings : [...unwritten(program), ...tooFar(program)];
}

function tooFar(program: readonly Instruction[]): CheckFinding[] {
  const message = 'the jump is too long after conversion to eBPF (limit: 32,767 instructions)';
  return overlongJumps(program).map((index) => ({ index, message }));
}

const [LD_MEM, LDX_MEM, ST, STX] = [0x60, 0x61, 0x02, 0x03];
const [DIV_K, MOD_K, LSH_K, RSH_K, JA, RET_K, RET_A] = [0x34, 0x94, 0x64, 0x74, 0x05, 0x06, 0x16];

/**
 * bpf_check_classic() for one instruction. Fields are read by index, because destructuring an array costs more than
 * everything else here, and a long program is checked before anything is compiled.
 * @param after how many follow it
 */
function fault(instruction: Instruction, after: number): string | null {
  const code = instruction[0];
  const k = instruction[3];
  if (!LEGAL.has(code)) return illegal(code);
  switch (code) {
    case DIV_K:
    case MOD_K:
      return k === 0 ? 'division by a constant 0' : null;
    case LSH_K:
    case RSH_K:
      return k >= 32 ? `a shift by ${k}: 0 to 31 is possible` : null;
    case LD_MEM:
    case LDX_MEM:
    case ST:
    case STX:
      return k >= MEMORY_WORDS
        ? `there is no M[${k}]: the scratch store ends with M[${MEMORY_WORDS - 1}]`
        : null;
    case JA:
      return k >= after ? jumps(k, after) : null;
    case 0x20:
    case 0x28:
    case 0x30:
      return k >= SKF_AD_OFF && !isExtension(k) ? `there is no extension at offset ${k | 0}` : null;
    default:
      return (code & 0x07) === 5 ? furthest(instruction, after) : null;
  }
}

function furthest([, jt, jf]: Instruction, after: number): string | null {
  const distance = Math.max(jt, jf);
  return distance >= after ? jumps(distance, after) : null;
}

function isExtension(k: number): boolean {
  return EXTENSIONS.has(k - SKF_AD_OFF) || k === SKF_AD_OFF + SKF_AD_ALU_XOR_X;
}

function illegal(code: number): string {
  if (code === 0x0e) return 'the kernel has only ret a and ret #k';
  return `0x${code.toString(16).padStart(2, '0')} is not an instruction that the kernel has`;
}

/** The kernel reads a distance as unsigned, so a backward jump is a jump far beyond the end. */
function jumps(distance: number, after: number): string {
  return distance > 0x7fffffff
    ? 'jumps back: the kernel allows only forward jumps'
    : `jumps over ${distance} instructions, and ${after} follow`;
}

/**
 * check_load_and_stores(): words of the scratch store that some path reads without having written them. The kernel goes
 * through the program once, top to bottom, and treats a ret as if the next instruction followed.
 */
function unwritten(program: readonly Instruction[]): CheckFinding[] {
  const all = 0xffff;
  const masks = new Uint16Array(program.length).fill(all);
  const findings: CheckFinding[] = [];
  const reach = (index: number, written: number) => {
    masks[index] = (masks[index] ?? 0) & written;
  };
  let written = 0;
  program.forEach((instruction, index) => {
    const code = instruction[0];
    const k = instruction[3];
    written &= masks[index] ?? 0;
    if (code === ST || code === STX) written |= 1 << k;
    else if (code === LD_MEM || code === LDX_MEM) {
      if ((written & (1 << k)) === 0) {
        findings.push({
          index,
          message: `M[${k}] is read, but not written on every path to this instruction`,
        });
      }
    } else if (code === JA) {
      reach(index + 1 + k, written);
      written = all;
    } else if ((code & 0x07) === 5) {
      reach(index + 1 + instruction[1], written);
      reach(index + 1 + instruction[2], written);
      written = all;
    }
  });
  return findings;
}
