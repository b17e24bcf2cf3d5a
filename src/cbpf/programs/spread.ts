/** Picks one of several slots, all with the same probability. */
import type { Instruction } from '../instruction.ts';
import {
  ADD,
  checkSlot,
  isBelow,
  JGE,
  LD_RAND,
  MAX_SLOTS,
  MOD,
  MUL,
  mod,
  type ProgramLine,
  RET,
  RET_A,
  RSH,
  ret,
  same,
  words,
} from './line.ts';
import type { SpreadBy } from './program.ts';
import { mix, sourceFlow } from './source.ts';

/** Leaves a number in A from which `mod` makes an even choice. Uses X. */
export function drawNumber(by: SpreadBy): ProgramLine[] {
  if (by === 'rand') return [[LD_RAND, 'a new random number for each packet']];
  return [...sourceFlow(), ...mix(), [[RSH, 0, 0, 8], 'the best 24 bits of it']];
}

/** Recognises a draw at `at` and says where it ends; null if there is none. */
export function readDraw(program: readonly Instruction[], at: number): { by: SpreadBy; end: number } | null {
  for (const by of ['rand', 'flow'] as const) {
    const wanted = words(drawNumber(by));
    const end = at + wanted.length;
    if (same(program.slice(at, end), wanted)) return { by, end };
  }
  return null;
}

/**
 * Picks one of these slots by the number that {@link drawNumber} left in A, and ends the program. Slots: at least one,
 * ascending.
 */
export function pick(slots: readonly number[]): ProgramLine[] {
  const [first = 0, second = first + 1] = slots;
  const step = second - first;
  const even = slots.every((slot, index) => slot === first + index * step);
  const stride = even && step > 1;
  return [
    [mod(slots.length), `one of ${slots.length}`],
    ...(stride ? [[[MUL, 0, 0, step], `slots ${step} apart`] as const] : []),
    ...(first > 0 ? [[[ADD, 0, 0, first], `from slot ${first} on`] as const] : []),
    ...(stride ? [] : gaps(slots)),
    [RET_A, 'is the index of the socket'],
  ];
}

/** Slots to skip, lowest first: a number that has reached one moves up by one. */
function gaps(slots: readonly number[]): ProgramLine[] {
  return slots.flatMap((slot, index): ProgramLine[] => {
    const missing = index === 0 ? 0 : slot - (slots[index - 1] ?? 0) - 1;
    if (missing === 0) return [];
    const from = slot - missing;
    return [
      [[JGE, 0, 1, from], `from ${from} on`],
      [[ADD, 0, 0, missing], missing === 1 ? `without slot ${from}` : `without slots ${from} to ${slot - 1}`],
    ];
  });
}

/** {@link drawNumber} and {@link pick} together; a single slot needs no draw. */
export function anyOf(slots: readonly number[], by: SpreadBy): ProgramLine[] {
  const [only, ...more] = slots;
  if (only !== undefined && more.length === 0) return [[ret(only), `slot ${only}, the only one`]];
  return [...drawNumber(by), ...pick(slots)];
}

/** The slots of an {@link anyOf} that begins at `at`; null if there is none. `by` is null for a single slot. */
export function readAnyOf(
  program: readonly Instruction[],
  at: number,
): { readonly slots: readonly number[]; readonly by: SpreadBy | null } | null {
  const [code, , , only = 0] = program[at] ?? [];
  if (code === RET) return isBelow(MAX_SLOTS, only) ? { slots: [only], by: null } : null;
  const drawn = readDraw(program, at);
  const slots = drawn && readPick(program, drawn.end);
  return drawn && slots ? { slots, by: drawn.by } : null;
}

/** What {@link pick} makes of every number that its `mod` can leave; null if no such choice begins at `at`. */
function readPick(program: readonly Instruction[], at: number): readonly number[] | null {
  const end = program.findIndex(([code], index) => index >= at && code === RET_A[0]);
  const [remainder, ...choice] = program.slice(at, end);
  if (remainder?.[0] !== MOD || !isBelow(MAX_SLOTS + 1, remainder[3])) return null;
  const slots = Array.from({ length: remainder[3] }, (_, index) => chosen(choice, index));
  const ascending = slots.every((slot, index) => slot > (slots[index - 1] ?? -1));
  return ascending && slots.every((slot) => isBelow(MAX_SLOTS, slot)) ? slots : null;
}

function chosen(choice: readonly Instruction[], index: number): number {
  let a = index;
  for (let at = 0; at < choice.length; at++) {
    const [code, , , k] = choice[at] ?? RET_A;
    if (code === MUL) a *= k;
    else if (code === ADD) a += k;
    else if (code === JGE && a < k) at++;
  }
  return a;
}

/** Throws RangeError unless there is at least one slot, they are ascending, and a group can have them. */
export function checkSlots(slots: readonly number[]): void {
  for (const slot of slots) checkSlot(slot);
  if (slots.some((slot, index) => index > 0 && slot <= (slots[index - 1] ?? 0)))
    throw new RangeError(`slots ${slots.join(', ')} are not in ascending order`);
}
