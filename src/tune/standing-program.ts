/** Does an attached program still fit the group that it was attached to? Pure. */
import { disassemble } from '../cbpf/disassemble.ts';
import { isByCpu, lastSlot, type ProgramSpec, recognise, slotOnCpu } from '../cbpf/programs.ts';
import { madeFor } from '../diagnose/programs.ts';
import { formatCpuList } from '../host/cpus.ts';
import type { Group } from '../host/types.ts';
import { count, names } from '../words/phrase.ts';
import type { Attachment } from './attachment.ts';

export interface Misfit {
  /** What the program was made for. */
  readonly wanted: string;
  /** What the group is now. */
  readonly is: string;
}

/** The program of ours that a group has: one of the library, or the very one that was noted. null: none of ours. */
export function attachedProgram(
  { program }: Group,
  attachment: Attachment | null,
): { readonly name: string | null; readonly spec: ProgramSpec | null } | null {
  const instructions = program?.instructions ?? null;
  if (instructions === null) return null;
  const spec = recognise(instructions);
  if (spec !== null) return { name: spec.name, spec };
  const noted = attachment !== null && disassemble(attachment.instructions) === disassemble(instructions);
  return noted ? { name: null, spec: null } : null;
}

/** null: it fits, as far as is known. @param attachment what was noted of the same program when it was attached */
export function misfit(group: Group, spec: ProgramSpec | null, attachment: Attachment | null): Misfit | null {
  return anotherSize(group, spec, attachment) ?? otherCpus(group, spec, attachment);
}

function anotherSize(
  { size }: Group,
  spec: ProgramSpec | null,
  attachment: Attachment | null,
): Misfit | null {
  const made = sizeOf(spec, attachment);
  if (made === null || (made.exact ? made.size === size : made.size <= size)) return null;
  return { wanted: `for ${count(made.size, 'socket')}`, is: count(size, 'socket') };
}

/** A map may leave out its last slots on purpose, so it tells only the least size. */
function sizeOf(spec: ProgramSpec | null, attachment: Attachment | null) {
  if (attachment !== null) return { size: attachment.size, exact: true };
  if (spec === null) return null;
  const size = 'size' in spec ? madeFor(spec) : (lastSlot(spec) ?? -1) + 1;
  return size === null ? null : { size, exact: 'size' in spec };
}

/** The workers of a program that picks by CPU run where they ran when it was attached, or where it still finds them. */
function otherCpus(
  { sockets }: Group,
  spec: ProgramSpec | null,
  attachment: Attachment | null,
): Misfit | null {
  if (spec === null || attachment === null || !isByCpu(spec)) return null;
  const moved = sockets.flatMap(({ slot, slotSource, cpus }) => {
    const then = slot === null || slotSource !== 'kernel' ? null : (attachment.cpusOfSlot[slot] ?? null);
    const [only, ...others] = cpus;
    if (then === null || then.length !== 1 || only === undefined || cpus.join() === then.join()) return [];
    if (others.length === 0 && slotOnCpu(spec, only) === slot) return [];
    return [{ slot, then, cpus }];
  });
  if (moved.length === 0) return null;
  const said = (cpusOf: (each: (typeof moved)[number]) => readonly number[]) =>
    names(moved.map((each) => `slot ${each.slot} on CPU ${formatCpuList(cpusOf(each))}`));
  return { wanted: `with ${said(({ then }) => then)}`, is: said(({ cpus }) => cpus) };
}
