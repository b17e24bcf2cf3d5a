/** Runs a classic BPF program as the kernel does after bpf_convert_filter() (net/core/filter.c). */
import { EMPTY, type Environment } from './environment.ts';
import {
  EXTENSIONS,
  type Instruction,
  LEGAL,
  MEMORY_WORDS,
  SKF_AD_ALU_XOR_X,
  SKF_AD_OFF,
  X,
} from './instruction.ts';
import { load } from './load.ts';

export interface SimulationResult {
  /** Unsigned 32 bit. */
  readonly result: number;
  /** Set if the program ended with 0 before it reached a `ret`. */
  readonly earlyExit: EarlyExit | null;
}

export interface EarlyExit {
  readonly index: number;
  readonly why: 'load' | 'division';
}

/**
 * Sees A, X and the scratch memory as instruction `index` leaves them. The memory is not a copy: copy it to keep it.
 */
export type Watch = (index: number, a: number, x: number, memory: Readonly<Uint32Array>) => void;

export type Run = (environment: Environment, watch?: Watch) => SimulationResult;

/** Result for one packet. What `given` omits is 0, and the packet is empty. Throws as {@link compile} does. */
export function simulate(
  program: readonly Instruction[],
  given: Partial<Environment> = {},
): SimulationResult {
  return compile(program)({ ...EMPTY, ...given });
}

/**
 * Checks the program once, to be run on many packets. Throws RangeError for what bpf_check_classic() refuses and no run
 * could execute: an illegal code, an exit other than `ret`, M[16]. It does not check the kernel's other rules.
 */
export function compile(program: readonly Instruction[]): Run {
  for (const [index, instruction] of program.entries()) refuseSenseless(instruction, index, program.length);
  if (program.length === 0) throw new RangeError('no instruction 0: the program is empty');
  const codes = Uint16Array.from(program, ([code]) => code);
  const yes = Uint16Array.from(program, ([, jt]) => jt);
  const no = Uint16Array.from(program, ([, , jf]) => jf);
  const ks = Uint32Array.from(program, ([, , , k]) => k);
  const memory = new Uint32Array(MEMORY_WORDS);
  return (environment, watch) => {
    memory.fill(0);
    let a = 0;
    let x = 0;
    for (let pc = 0; ; pc++) {
      const index = pc;
      const code = codes[pc] ?? 0;
      const k = ks[pc] ?? 0;
      switch (code & 0x07) {
        case 0:
        case 1: {
          const value = load(code, k, a, x, memory, environment);
          if (value === null) return { result: 0, earlyExit: { index, why: 'load' } };
          if (code & 1) x = value;
          else a = value;
          break;
        }
        case 2:
          memory[k] = a;
          break;
        case 3:
          memory[k] = x;
          break;
        case 4: {
          const value = calculate(code, a, code & X ? x : k);
          if (value === null) return { result: 0, earlyExit: { index, why: 'division' } };
          a = value;
          break;
        }
        case 5:
          if (code === 0x05) pc += k;
          else pc += (holds(code, a, code & X ? x : k) ? yes[pc] : no[pc]) ?? 0;
          break;
        case 6:
          watch?.(index, a, x, memory);
          return { result: code & 0x10 ? a : k, earlyExit: null };
        default:
          if (code & 0x80) a = x;
          else x = a;
      }
      watch?.(index, a, x, memory);
    }
  };
}

/** In words: `instruction 3 loads outside of the packet`. */
export function earlyExitText({ index, why }: EarlyExit): string {
  return `instruction ${index} ${why === 'load' ? 'loads outside of the packet' : 'divides by zero'}`;
}

function refuseSenseless([code, jt, jf, k]: Instruction, index: number, length: number): void {
  if (!LEGAL.has(code))
    throw new RangeError(`instruction ${index}: 0x${code.toString(16)} is not a legal code`);
  const kind = code & 0x07;
  if (kind === 6) return;
  const next = index + 1 + (kind !== 5 ? 0 : code === 0x05 ? k : Math.max(jt, jf));
  if (next >= length) throw new RangeError(`no instruction ${next}: the program ends before it`);
  const memory = code === 0x60 || code === 0x61 || kind === 2 || kind === 3;
  if (memory && k >= MEMORY_WORDS) throw new RangeError(`instruction ${index}: there is no M[${k}]`);
}

/** A op operand in 32 bits; null for a division by zero. Shifts count modulo 32, as eBPF's 32-bit shifts do. */
function calculate(code: number, a: number, operand: number): number | null {
  switch (code >> 4) {
    case 0x0:
      return (a + operand) >>> 0;
    case 0x1:
      return (a - operand) >>> 0;
    case 0x2:
      return Math.imul(a, operand) >>> 0;
    case 0x3:
      return operand === 0 ? null : Math.floor(a / operand);
    case 0x4:
      return (a | operand) >>> 0;
    case 0x5:
      return (a & operand) >>> 0;
    case 0x6:
      return (a << operand) >>> 0;
    case 0x7:
      return a >>> operand;
    case 0x8:
      return -a >>> 0;
    case 0x9:
      return operand === 0 ? null : a % operand;
    default:
      return (a ^ operand) >>> 0;
  }
}

/** jeq, jgt, jge, jset; comparisons are unsigned. */
function holds(code: number, a: number, operand: number): boolean {
  switch (code >> 4) {
    case 0x1:
      return a === operand;
    case 0x2:
      return a > operand;
    case 0x3:
      return a >= operand;
    default:
      return (a & operand) !== 0;
  }
}

export type Input = 'cpu' | 'rand' | 'rxhash' | 'queue' | 'packet' | 'other';

/** Everything that a reachable instruction reads, and so may decide the result. */
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
