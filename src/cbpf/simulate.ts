/** Runs a classic BPF program as the kernel does after bpf_convert_filter() (net/core/filter.c). */
import { EMPTY, type Environment } from './environment.ts';
import {
  ALU,
  EXTENSIONS,
  type Instruction,
  JUMP,
  LEGAL,
  MEMORY_WORDS,
  SKF_AD_ALU_XOR_X,
  SKF_AD_OFF,
  X,
} from './instruction.ts';
import { load } from './load.ts';

export interface Outcome {
  /** Unsigned 32 bit. */
  readonly result: number;
  /** Why the program ended with 0 before it came to a `ret`; null when it did come to one. */
  readonly earlyExit: string | null;
}

/**
 * Result for one packet. What `given` leaves out is 0, the packet empty.
 * Throws RangeError on what bpf_check_classic() refuses and no run could make sense of: an illegal code,
 * a jump out of the program, M[16].
 */
export function simulate(program: readonly Instruction[], given: Partial<Environment> = {}): Outcome {
  const environment = { ...EMPTY, ...given };
  const memory: number[] = new Array(MEMORY_WORDS).fill(0);
  let a = 0;
  let x = 0;
  for (let pc = 0; ; pc++) {
    const instruction = program[pc];
    if (instruction === undefined) throw new RangeError(`no instruction ${pc}: the program ends before it`);
    const [code, jt, jf, k] = instruction;
    if (!LEGAL.has(code)) throw new RangeError(`instruction ${pc}: 0x${code.toString(16)} is no legal code`);
    const operand = code & X ? x : k;
    switch (code & 0x07) {
      case 0:
      case 1: {
        const value = load(instruction, a, x, memory, environment);
        if (value === null) return { result: 0, earlyExit: `instruction ${pc} loads outside of the packet` };
        if (code & 1) x = value;
        else a = value;
        break;
      }
      case 2:
      case 3:
        if (k >= MEMORY_WORDS) throw new RangeError(`instruction ${pc}: there is no M[${k}]`);
        memory[k] = code & 1 ? x : a;
        break;
      case 4: {
        const value = calculate(code, a, operand);
        if (value === null) return { result: 0, earlyExit: `instruction ${pc} divides by zero` };
        a = value;
        break;
      }
      case 5:
        pc += code === 0x05 ? k : holds(code, a, operand) ? jt : jf;
        break;
      case 6:
        return { result: code & 0x10 ? a : k, earlyExit: null };
      default:
        if (code & 0x80) a = x;
        else x = a;
    }
  }
}

export type Input = 'cpu' | 'rand' | 'rxhash' | 'queue' | 'packet' | 'other';

/** What can reach the result: everything that an instruction reads which some path comes to. */
export function inputs(program: readonly Instruction[]): ReadonlySet<Input> {
  const read = new Set<Input>();
  const reached = new Set([0]);
  for (const [pc, [code, jt, jf, k]] of program.entries()) {
    if (!reached.has(pc)) continue;
    const source = input(code, k);
    if (source !== null) read.add(source);
    if (code === 0x05) reached.add(pc + 1 + k);
    else if ((code & 0x07) === 5) reached.add(pc + 1 + jt).add(pc + 1 + jf);
    else if ((code & 0x07) !== 6) reached.add(pc + 1);
  }
  return read;
}

function input(code: number, k: number): Input | null {
  if (code !== 0x20 && code !== 0x28 && code !== 0x30) return PACKET_LOADS.has(code) ? 'packet' : null;
  if (k === SKF_AD_OFF + SKF_AD_ALU_XOR_X) return null;
  const word = EXTENSIONS.get(k - SKF_AD_OFF);
  switch (word) {
    case 'cpu':
    case 'rand':
    case 'rxhash':
    case 'queue':
      return word;
    case undefined:
    case 'nla':
    case 'nlan':
    case 'poff':
      return 'packet';
    default:
      return 'other';
  }
}

/** `[x + k]` in three sizes, len for A and X, 4*([k]&0xf). */
const PACKET_LOADS: ReadonlySet<number> = new Set([0x40, 0x48, 0x50, 0x80, 0x81, 0xb1]);

/**
 * A op operand in 32 bits; null for a division by zero. Shifts count modulo 32, as eBPF's 32-bit shifts do.
 */
function calculate(code: number, a: number, operand: number): number | null {
  switch (ALU[code >> 4]) {
    case 'add':
      return (a + operand) >>> 0;
    case 'sub':
      return (a - operand) >>> 0;
    case 'mul':
      return Math.imul(a, operand) >>> 0;
    case 'div':
      return operand === 0 ? null : Math.floor(a / operand);
    case 'mod':
      return operand === 0 ? null : a % operand;
    case 'or':
      return (a | operand) >>> 0;
    case 'and':
      return (a & operand) >>> 0;
    case 'xor':
      return (a ^ operand) >>> 0;
    case 'lsh':
      return (a << operand) >>> 0;
    case 'rsh':
      return a >>> operand;
    default:
      return -a >>> 0;
  }
}

/** Comparisons are unsigned. */
function holds(code: number, a: number, operand: number): boolean {
  switch (JUMP[code >> 4]) {
    case 'jeq':
      return a === operand;
    case 'jgt':
      return a > operand;
    case 'jge':
      return a >= operand;
    default:
      return (a & operand) !== 0;
  }
}
