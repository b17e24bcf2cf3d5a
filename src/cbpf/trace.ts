/** A run step by step: what each instruction read and what it changed. */
import { disassemble } from './disassemble.ts';
import { EMPTY, type Environment } from './environment.ts';
import { EXTENSIONS, type Instruction, SKF_AD_OFF, SKF_LL_OFF, SKF_NET_OFF } from './instruction.ts';
import { loadSize } from './load.ts';
import { compile, type SimulationResult } from './simulate.ts';

/** One executed instruction; A, X and M as it leaves them, unsigned 32 bit. */
export interface TraceStep {
  readonly index: number;
  /** As {@link disassemble} writes it, with its label. */
  readonly text: string;
  readonly a: number;
  readonly x: number;
  /** The word of scratch memory that the instruction wrote. */
  readonly memory: { readonly word: number; readonly value: number } | null;
  /** What it read: `cpu`, `packet[0..3]`, `network header[12..15]`, `M[2]`; null if it read only its operand. */
  readonly read: string | null;
}

export interface Trace extends SimulationResult {
  /** In the order of execution; an instruction that ends the program early is the last, with A and X before it. */
  readonly steps: readonly TraceStep[];
}

/** Throws as `compile` does. */
export function trace(program: readonly Instruction[], given: Partial<Environment> = {}): Trace {
  const texts = disassemble(program).split('\n');
  const steps: TraceStep[] = [];
  let before = { a: 0, x: 0 };
  const step = (index: number, a: number, x: number, memory: Readonly<Uint32Array> | null) => {
    const instruction = program[index] ?? [0, 0, 0, 0];
    const [code, , , word] = instruction;
    const written = memory !== null && (code === 0x02 || code === 0x03);
    steps.push({
      index,
      text: texts[index] ?? '',
      a,
      x,
      memory: written ? { word, value: memory[word] ?? 0 } : null,
      read: source(instruction, before.x),
    });
    before = { a, x };
  };
  const outcome = compile(program)({ ...EMPTY, ...given }, step);
  if (outcome.earlyExit !== null) step(outcome.earlyExit.index, before.a, before.x, null);
  return { ...outcome, steps };
}

/** @param x X before the instruction, which an indirect load adds to its offset */
function source([code, , , k]: Instruction, x: number): string | null {
  if ((code & 0x07) > 1) return null;
  switch (code & 0xe0) {
    case 0x00:
      return null;
    case 0x20:
      return EXTENSIONS.get(k - SKF_AD_OFF) ?? place(k | 0, loadSize(code));
    case 0x40:
      return place((x + k) | 0, loadSize(code));
    case 0x60:
      return `M[${k}]`;
    case 0x80:
      return 'len';
    default:
      return place(k | 0, 1);
  }
}

function place(offset: number, size: number): string {
  if (offset >= 0) return `packet${range(offset, size)}`;
  if (offset >= SKF_NET_OFF) return `network header${range(offset - SKF_NET_OFF, size)}`;
  return offset >= SKF_LL_OFF ? `link header${range(offset - SKF_LL_OFF, size)}` : `offset ${offset}`;
}

const range = (from: number, size: number) => (size === 1 ? `[${from}]` : `[${from}..${from + size - 1}]`);
