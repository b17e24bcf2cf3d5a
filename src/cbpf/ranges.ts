/** Bounds of the results of a program for any packet; the hints use them. */
import { ALU, type Instruction, JUMP, MEMORY_WORDS, SKF_AD_OFF, X } from './instruction.ts';

/** Unsigned 32 bit, both ends included. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What a reachable `ret` returns. */
export interface Result extends Range {
  readonly index: number;
}

const MAX = 0xffffffff;
const ANY: Range = { low: 0, high: MAX };
const ZERO: Range = { low: 0, high: 0 };

/** A, X and the scratch store. */
interface State {
  readonly a: Range;
  readonly x: Range;
  readonly memory: readonly Range[];
}

const START: State = { a: ZERO, x: ZERO, memory: new Array(MEMORY_WORDS).fill(ANY) };

/**
 * Each reachable `ret`, in order. The bounds hold, but may be wider than the results. @param program that `check`
 * accepts
 */
export function results(program: readonly Instruction[]): readonly Result[] {
  const found: Result[] = [];
  const waiting = new Map<number, State>([[0, START]]);
  const go = (index: number, state: State | null) => {
    if (state === null) return;
    const other = waiting.get(index);
    waiting.set(index, other === undefined ? state : join(state, other));
  };
  // All jumps go forward, so everything that leads to an instruction comes before it.
  for (const [index, instruction] of program.entries()) {
    const state = waiting.get(index);
    if (state === undefined) continue;
    waiting.delete(index);
    const [code, jt, jf, k] = instruction;
    const operand = code & X ? state.x : { low: k, high: k };
    if (code === 0x05) go(index + 1 + k, state);
    else if ((code & 0x07) === 5) {
      go(index + 1 + jt, narrow(state, code, operand, true));
      go(index + 1 + jf, narrow(state, code, operand, false));
    } else if ((code & 0x07) === 6) found.push({ index, ...(code & 0x10 ? state.a : { low: k, high: k }) });
    else go(index + 1, step(state, instruction, operand));
  }
  return found;
}

function step(state: State, [code, , , k]: Instruction, operand: Range): State {
  switch (code & 0x07) {
    case 0:
      return { ...state, a: loaded(code, k, state.memory) };
    case 1:
      return { ...state, x: loaded(code, k, state.memory) };
    case 2:
      return { ...state, memory: state.memory.with(k, state.a) };
    case 3:
      return { ...state, memory: state.memory.with(k, state.x) };
    case 4:
      return { ...state, a: calculate(code, state.a, operand) };
    default:
      return code & 0x80 ? { ...state, a: state.x } : { ...state, x: state.a };
  }
}

/** Largest value of each ancillary load, by distance from SKF_AD_OFF; 32 bit if none is given. */
const ANCILLARY: ReadonlyMap<number, number> = new Map([
  [0, 0xffff], // proto
  [4, 7], // type
  [24, 0xffff], // queue
  [28, 0xffff], // hatype
  [36, 8191], // cpu: CONFIG_NR_CPUS is 8,192 at most
  [44, 0xffff], // vlan_tci
  [48, 1], // vlan_avail
  [60, 0xffff], // vlan_tpid
]);

function loaded(code: number, k: number, memory: readonly Range[]): Range {
  switch (code & 0xe0) {
    case 0x00:
      return { low: k, high: k };
    case 0x60:
      return memory[k] ?? ANY;
    case 0xa0:
      return { low: 0, high: 60 };
    case 0x80:
      return ANY;
    default: {
      if ((code & 0xe0) === 0x20 && k >= SKF_AD_OFF)
        return { low: 0, high: ANCILLARY.get(k - SKF_AD_OFF) ?? MAX };
      return { low: 0, high: [MAX, 0xffff, 0xff][(code >> 3) & 3] ?? MAX };
    }
  }
}

/** A calculation that may wrap around can give any value. Shifts count modulo 32. */
function calculate(code: number, a: Range, by: Range): Range {
  const within = (low: number, high: number): Range => (low < 0 || high > MAX ? ANY : { low, high });
  const constant = by.low === by.high;
  switch (ALU[code >> 4]) {
    case 'add':
      return within(a.low + by.low, a.high + by.high);
    case 'sub':
      return within(a.low - by.high, a.high - by.low);
    case 'mul':
      return within(a.low * by.low, a.high * by.high);
    case 'div':
      return {
        low: by.high === 0 ? 0 : Math.floor(a.low / by.high),
        high: Math.floor(a.high / Math.max(1, by.low)),
      };
    case 'mod':
      return a.high < by.low ? a : { low: 0, high: Math.min(a.high, Math.max(0, by.high - 1)) };
    case 'and':
      return { low: 0, high: Math.min(a.high, by.high) };
    case 'or':
      return { low: Math.max(a.low, by.low), high: ones(Math.max(a.high, by.high)) };
    case 'xor':
      return { low: 0, high: ones(Math.max(a.high, by.high)) };
    case 'lsh':
      return constant ? within(a.low * 2 ** (by.low % 32), a.high * 2 ** (by.low % 32)) : ANY;
    case 'rsh':
      return constant ? { low: a.low >>> by.low, high: a.high >>> by.low } : { low: 0, high: a.high };
    default:
      return a.low === 0 ? (a.high === 0 ? ZERO : ANY) : { low: -a.high >>> 0, high: -a.low >>> 0 };
  }
}

/** The largest number with as many bits. */
const ones = (value: number) => (value === 0 ? 0 : 2 ** (32 - Math.clz32(value)) - 1);

/** What is known about A on one side of a comparison; null if that side cannot be reached. */
function narrow(state: State, code: number, by: Range, holds: boolean): State | null {
  const { low, high } = state.a;
  let a: Range;
  switch (JUMP[code >> 4]) {
    case 'jeq':
      if (holds) a = { low: Math.max(low, by.low), high: Math.min(high, by.high) };
      else if (by.low !== by.high) a = state.a;
      else a = { low: low === by.low ? low + 1 : low, high: high === by.low ? high - 1 : high };
      break;
    case 'jgt':
      a = holds ? { low: Math.max(low, by.low + 1), high } : { low, high: Math.min(high, by.high) };
      break;
    case 'jge':
      a = holds ? { low: Math.max(low, by.low), high } : { low, high: Math.min(high, by.high - 1) };
      break;
    default:
      a = state.a;
  }
  return a.low > a.high ? null : { ...state, a };
}

function join(one: State, other: State): State {
  const both = (left: Range, right: Range): Range => {
    return { low: Math.min(left.low, right.low), high: Math.max(left.high, right.high) };
  };
  const memory =
    one.memory === other.memory
      ? one.memory
      : one.memory.map((range, index) => both(range, other.memory[index] ?? ANY));
  return { a: both(one.a, other.a), x: both(one.x, other.x), memory };
}
