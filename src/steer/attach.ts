/** attach and detach: check, choose, skip what would change nothing, then one system call. */

import { disassemble } from '../cbpf/disassemble.ts';
import type { Instruction } from '../cbpf/instruction.ts';
import { recognise } from '../cbpf/programs.ts';
import type { Sockets } from '../host/sockets.ts';
import type { Group, Program } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import type { Kernel } from '../system/types.ts';
import { chooseProgram, type ProgramName } from './choose.ts';
import { type Selector, selectTargets, type Target } from './select.ts';
import { setProgram } from './set-program.ts';

export interface AttachOptions {
  readonly program: ProgramName;
  /** null: the group's own size. */
  readonly groupSize: number | null;
  readonly dryRun: boolean;
  /** Replace a program that is not ours, or one that can't be seen. */
  readonly force: boolean;
}

export interface Attached {
  readonly pid: number;
  readonly fd: number;
  readonly group: string;
  readonly groupSize: number;
  readonly program: {
    readonly name: string;
    readonly asm: string;
    readonly instructions: readonly Instruction[];
  };
  /** Is the program on the group now? */
  readonly attached: boolean;
  /** Did this run put it there? */
  readonly changed: boolean;
  /** What was there before; null for none, or where it could not be seen (then a warning says so). */
  readonly previous: Program | null;
  readonly warnings: readonly string[];
}

export interface Detached {
  readonly pid: number;
  readonly fd: number;
  readonly group: string;
  /** false: there was nothing to take off. */
  readonly detached: boolean;
  readonly previous: Program | null;
}

/**
 * Every group is checked before the first one is changed, so that a refusal leaves all of them as they were.
 * Throws Failure: everything of selectTargets, chooseProgram and setProgram, foreign-program, program-unknown.
 */
export async function attach(
  kernel: Kernel,
  seen: Sockets,
  selector: Selector,
  options: AttachOptions,
): Promise<Attached[]> {
  const plans = selectTargets(kernel, seen, selector).map((target) => planAttach(target, options));
  const results: Attached[] = [];
  for (const { target, instructions, result } of plans) {
    if (options.dryRun || result.attached) results.push(result);
    else {
      await setProgram(target.member, instructions);
      results.push({ ...result, attached: true, changed: true });
    }
  }
  return results;
}

function planAttach(target: Target, options: AttachOptions) {
  const { group, member } = target;
  const size = options.groupSize ?? group.size;
  const { instructions, warnings } = chooseProgram(options.program, group, size);
  const unseen = group.selection === null;
  if (!options.dryRun && !options.force) refuseForeign(group);
  const result: Attached = {
    pid: member.pid,
    fd: member.fd,
    group: group.id,
    groupSize: size,
    program: { name: options.program, asm: disassemble(instructions), instructions },
    attached: same(group.program, instructions),
    changed: false,
    previous: group.program,
    warnings: unseen
      ? [...warnings, `whether a program was attached before is not known: ${whyUnseen(group)}`]
      : warnings,
  };
  return { target, instructions, result };
}

/** Takes the program off. A group without one is left alone and reported as such. */
export async function detach(
  kernel: Kernel,
  seen: Sockets,
  selector: Selector,
  options: { readonly force: boolean; readonly dryRun: boolean },
): Promise<Detached[]> {
  const targets = selectTargets(kernel, seen, selector);
  if (!options.force && !options.dryRun) for (const { group } of targets) refuseForeign(group);
  const results: Detached[] = [];
  for (const { group, member } of targets) {
    const nothing = group.selection !== null && group.program === null;
    const detached = !nothing && !options.dryRun && (await setProgram(member, null));
    results.push({ pid: member.pid, fd: member.fd, group: group.id, detached, previous: group.program });
  }
  return results;
}

/**
 * A program that is not ours may be what keeps a server right (nginx's quic_bpf, Envoy, udpgrm), and an eBPF program
 * can't be put back. What can't be seen may be such a one.
 */
function refuseForeign(group: Group): void {
  if (group.selection === null)
    throw failure(
      'program-unknown',
      `${group.id}: whether a program is attached already can not be seen (${whyUnseen(group)})`,
      'if you know that no server of yours attaches its own, repeat with --force',
    );
  const { program } = group;
  if (program === null) return;
  if (program.instructions !== null && recognise(program.instructions) !== null) return;
  const what =
    program.kind === 'ebpf'
      ? `the eBPF program ${program.name ?? '(unnamed)'}`
      : 'a cBPF program of somebody else';
  throw failure(
    'foreign-program',
    `${group.id} already has ${what}`,
    program.kind === 'ebpf'
      ? 'it can not be put back once replaced; --force replaces it all the same'
      : 'keep its text (`locality-tune inspect -j`) to put it back; --force replaces it',
  );
}

const whyUnseen = (group: Group) => group.notes[0] ?? 'the kernel was not asked';

function same(program: Program | null, wanted: readonly Instruction[]): boolean {
  const is = program?.instructions;
  return (
    is?.length === wanted.length &&
    is.every((instruction, index) => instruction.every((word, part) => word === wanted[index]?.[part]))
  );
}
