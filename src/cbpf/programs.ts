/** The programs that locality-tune attaches: what each is made from, its instructions, and how to know it again. */
import { disassemble } from './disassemble.ts';
import { type Instruction, MAX_INSTRUCTIONS } from './instruction.ts';
import * as cpuProgram from './programs/cpu.ts';
import * as drainProgram from './programs/drain.ts';
import * as hashProgram from './programs/hash.ts';
import { type About, type Line, OUT_OF_RANGE, same, words } from './programs/line.ts';
import * as mapProgram from './programs/map.ts';
import * as numaProgram from './programs/numa.ts';
import * as queueProgram from './programs/queue.ts';
import * as randProgram from './programs/rand.ts';
import * as rendezvousProgram from './programs/source-rendezvous.ts';
import * as weightedProgram from './programs/weighted.ts';

export { OUT_OF_RANGE };

/** A program of ours, by what it was made from. */
export type Recognised =
  | { readonly name: 'cpu'; readonly modulus: number }
  | { readonly name: 'rand'; readonly modulus: number }
  | { readonly name: 'queue'; readonly modulus: number }
  | { readonly name: 'hash' }
  | { readonly name: 'map'; readonly slotOfCpu: ReadonlyMap<number, number> }
  | ({ readonly name: 'numa' } & numaProgram.Nodes)
  | ({ readonly name: 'weighted' } & weightedProgram.Shares)
  | { readonly name: 'source-rendezvous'; readonly keyOfSlot: ReadonlyMap<number, number> }
  | ({ readonly name: 'drain' } & drainProgram.Drain);

export type ProgramName = Recognised['name'];

/** In the order in which they are listed. */
export const ABOUT: Readonly<Record<ProgramName, About>> = {
  cpu: cpuProgram.about,
  map: mapProgram.about,
  queue: queueProgram.about,
  numa: numaProgram.about,
  rand: randProgram.about,
  weighted: weightedProgram.about,
  'source-rendezvous': rendezvousProgram.about,
  drain: drainProgram.about,
  hash: hashProgram.about,
};

/** The instructions. Throws RangeError for numbers that no kernel has, and where they are more than it takes. */
export function generate(wanted: Recognised): Instruction[] {
  return words(linesOf(wanted));
}

/** The same as assembler text with a comment on each line, which `assemble` takes back to the same words. */
export function commented(wanted: Recognised): string {
  const lines = linesOf(wanted);
  const texts = disassemble(words(lines)).split('\n');
  const width = Math.max(...texts.map(({ length }) => length));
  return lines.map(([, comment], index) => `${(texts[index] ?? '').padEnd(width)} ; ${comment}`).join('\n');
}

/** Which program of ours exactly these instructions are; null for any other program. */
export function recognise(program: readonly Instruction[]): Recognised | null {
  if (program.length > MAX_INSTRUCTIONS) return null;
  if (same(program, hash())) return { name: 'hash' };
  for (const { name, modulusOf } of MODULAR) {
    const modulus = modulusOf(program);
    if (modulus !== null) return { name, modulus };
  }
  const slotOfCpu = mapProgram.slotsOf(program);
  if (slotOfCpu !== null) return { name: 'map', slotOfCpu };
  const nodes = numaProgram.nodesOf(program);
  if (nodes !== null) return { name: 'numa', ...nodes };
  const shares = weightedProgram.sharesOf(program);
  if (shares !== null) return { name: 'weighted', ...shares };
  const drained = drainProgram.drainOf(program);
  if (drained !== null) return { name: 'drain', ...drained };
  const keyOfSlot = rendezvousProgram.keysOf(program);
  return keyOfSlot === null ? null : { name: 'source-rendezvous', keyOfSlot };
}

const MODULAR = [
  { name: 'cpu', modulusOf: cpuProgram.modulusOf },
  { name: 'rand', modulusOf: randProgram.modulusOf },
  { name: 'queue', modulusOf: queueProgram.modulusOf },
] as const;

/** The highest slot that a program can choose; null for `hash`, which chooses none. */
export function lastSlot(program: Recognised): number | null {
  switch (program.name) {
    case 'cpu':
    case 'rand':
    case 'queue':
      return program.modulus - 1;
    case 'hash':
      return null;
    case 'map':
      return highest(program.slotOfCpu.values());
    case 'numa':
      return highest(program.nodes.flatMap(({ slots }) => slots));
    case 'weighted':
      return program.weights.findLastIndex((weight) => weight > 0);
    case 'source-rendezvous':
      return highest(program.keyOfSlot.keys());
    case 'drain': {
      const out = new Set(program.drained);
      for (let slot = program.size - 1; ; slot--) if (!out.has(slot)) return slot;
    }
  }
}

function highest(slots: Iterable<number>): number {
  let most = 0;
  for (const slot of slots) most = Math.max(most, slot);
  return most;
}

/** CPU c's packets to slot c mod size. */
export function cpu(size: number): Instruction[] {
  return generate({ name: 'cpu', modulus: size });
}

/** Every packet to a slot by chance. */
export function rand(size: number): Instruction[] {
  return generate({ name: 'rand', modulus: size });
}

/** The kernel's own choice, by hash, with a program in place. */
export function hash(): Instruction[] {
  return generate({ name: 'hash' });
}

/**
 * Each CPU's packets to the slot that it maps to; those of a CPU that is not in the map by hash. Some 2,000 neighbouring
 * CPUs, or 1,000 scattered ones, each with a slot of its own, are as many as fit.
 */
export function map(slotOfCpu: ReadonlyMap<number, number>): Instruction[] {
  return generate({ name: 'map', slotOfCpu });
}

function linesOf(wanted: Recognised): Line[] {
  const lines = unlimited(wanted);
  if (lines.length <= MAX_INSTRUCTIONS) return lines;
  const taken = `${subject(wanted)} takes ${lines.length} instructions`;
  throw new RangeError(`${taken}, the kernel's limit is ${MAX_INSTRUCTIONS}`);
}

function unlimited(wanted: Recognised): Line[] {
  switch (wanted.name) {
    case 'cpu':
      return cpuProgram.lines(wanted.modulus);
    case 'rand':
      return randProgram.lines(wanted.modulus);
    case 'queue':
      return queueProgram.lines(wanted.modulus);
    case 'hash':
      return hashProgram.lines();
    case 'map':
      return mapProgram.lines(wanted.slotOfCpu);
    case 'numa':
      return numaProgram.lines(wanted);
    case 'weighted':
      return weightedProgram.lines(wanted);
    case 'source-rendezvous':
      return rendezvousProgram.lines(wanted.keyOfSlot);
    case 'drain':
      return drainProgram.lines(wanted);
  }
}

function subject(wanted: Recognised): string {
  if (wanted.name === 'map') return `a map of ${wanted.slotOfCpu.size} CPUs`;
  return `\`${wanted.name}\` for a group of this size`;
}
