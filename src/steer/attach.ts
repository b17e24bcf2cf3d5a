/** attach and detach: check, choose, skip if nothing would change, then one system call. */

import { convertedBytes, HEADER } from '../cbpf/convert.ts';
import { disassemble } from '../cbpf/disassemble.ts';
import type { Instruction } from '../cbpf/instruction.ts';
import { recognise } from '../cbpf/programs.ts';
import { results } from '../cbpf/ranges.ts';
import { type Cpus, formatCpuList } from '../host/cpus.ts';
import type { Sockets } from '../host/sockets.ts';
import type { Group, Program } from '../host/types.ts';
import { failure, isFailure } from '../system/errors.ts';
import type { Kernel } from '../system/types.ts';
import { chooseProgram, type Wanted } from './choose.ts';
import type { AttachMachine } from './machine.ts';
import { type ChosenGroup, type GroupChoice, selectGroups } from './select.ts';
import { setGroupProgram } from './set-program.ts';
import { type Trial, tryOut, unreached } from './trial.ts';

export interface AttachOptions {
  readonly program: Wanted;
  readonly machine: AttachMachine;
  /** null: the group's own size. */
  readonly groupSize: number | null;
  readonly dryRun: boolean;
  /** Replace a foreign program, or one that cannot be seen. */
  readonly force: boolean;
}

export interface Attached {
  readonly pid: number;
  readonly fd: number;
  readonly group: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly groupSize: number;
  /** Workers that may run on several CPUs, where the program decides by the CPU alone: it can't find them. Else 0. */
  readonly unpinned: number;
  readonly program: {
    /** Name of one of our programs, even if it came from a file; otherwise null. */
    readonly name: string | null;
    readonly file: string | null;
    readonly asm: string;
    readonly instructions: readonly Instruction[];
  };
  /** Is the program attached now? */
  readonly attached: boolean;
  /** Did this run attach it? */
  readonly changed: boolean;
  /** What was attached before; null for none, or if it could not be seen (then a warning says so). */
  readonly previous: Program | null;
  /** What the program would do with test packets. */
  readonly trial: Trial;
  readonly warnings: readonly string[];
}

export interface Detached {
  readonly pid: number;
  readonly fd: number;
  readonly group: string;
  /** Did this run detach it? */
  readonly detached: boolean;
  /** Is a program attached now? Also true if it cannot be seen, so that one may be. */
  readonly attached: boolean;
  readonly previous: Program | null;
}

/**
 * Every group is checked before the first is changed, so that a refusal leaves all unchanged. Throws Failure:
 * everything of selectGroups, chooseProgram and setGroupProgram, foreign-program, program-unknown.
 */
export async function attach(
  kernel: Kernel,
  seen: Sockets,
  selector: GroupChoice,
  options: AttachOptions,
): Promise<Attached[]> {
  const plans = await planAll(kernel, seen, selector, options);
  const results: Attached[] = [];
  for (const { target, instructions, result } of plans) {
    if (options.dryRun || result.attached) results.push(result);
    else {
      const before = results.filter(({ changed }) => changed).map(({ group }) => group);
      await setGroupProgram(target.member, instructions).catch((error) => {
        throw tellChanged(error, before);
      });
      results.push({ ...result, attached: true, changed: true });
    }
  }
  return results;
}

/** What `attach` would do, after all of its checks. Throws what it throws. */
export const checkAttach = async (
  kernel: Kernel,
  seen: Sockets,
  selector: GroupChoice,
  options: AttachOptions,
): Promise<readonly Attached[]> =>
  (await planAll(kernel, seen, selector, options)).map(({ result }) => result);

const planAll = async (kernel: Kernel, seen: Sockets, selector: GroupChoice, options: AttachOptions) =>
  (await selectGroups(kernel, seen, selector)).map((target) => planAttach(target, options));

function planAttach(target: ChosenGroup, options: AttachOptions) {
  const { group, member } = target;
  const wanted = options.program;
  const size = options.groupSize ?? group.size;
  const { instructions, warnings } = chooseProgram(wanted, group, size, options.machine.nodes);
  const attached = same(group.program, instructions);
  if (!options.dryRun && !options.force && !attached) refuseForeign(group);
  const trial = tryOut(instructions, group, options.machine.online);
  const result: Attached = {
    pid: member.pid,
    fd: member.fd,
    group: group.id,
    protocol: group.protocol,
    port: group.port,
    groupSize: size,
    unpinned: trial.slotOfCpu === null ? 0 : group.sockets.filter(({ cpus }) => cpus.length > 1).length,
    program: {
      name: wanted.name ?? recognise(instructions)?.name ?? null,
      file: wanted.name === null ? wanted.file : null,
      asm: disassemble(instructions),
      instructions,
    },
    attached,
    changed: false,
    previous: group.program,
    trial,
    warnings: [
      ...warnings,
      ...starvation(wanted, instructions, trial, options.machine.online),
      ...tooLarge(instructions, options.machine.optmemMax),
      ...(group.selection === null
        ? [`it is not known whether a program was attached before: ${whyUnseen(group)}`]
        : []),
    ],
  };
  return { target, instructions, result };
}

/**
 * `map` and `numa` already name the slots that they leave out, and why; `weighted` and `drain` leave out slots on
 * purpose.
 */
function starvation(
  wanted: Wanted,
  instructions: readonly Instruction[],
  trial: Trial,
  online: Cpus,
): readonly string[] {
  if (wanted.name !== 'cpu' && wanted.name !== null) return [];
  // A warning already says that no result is higher.
  const highest = results(instructions).reduce((most, { high }) => Math.max(most, high), 0);
  const starved = unreached(trial).filter((slot) => slot <= highest);
  if (starved.length === 0) return [];
  const nothing = `slot${starved.length > 1 ? 's' : ''} ${formatCpuList(starved)} would get no packets`;
  return trial.slotOfCpu === null
    ? [`${nothing}: none of ${trial.runs} test packets reached ${starved.length > 1 ? 'them' : 'it'}`]
    : [`${nothing}: no online CPU (${formatCpuList(online)}) maps to it`];
}

function tooLarge(instructions: readonly Instruction[], optmemMax: number | null): readonly string[] {
  const least = convertedBytes(instructions, HEADER.least);
  return optmemMax === null || least <= optmemMax
    ? []
    : [
        `the converted program takes ${least} bytes, more than net.core.optmem_max (${optmemMax}): the kernel will refuse it`,
      ];
}

export interface DetachOptions {
  readonly dryRun: boolean;
  /** Detach a foreign program, or one that cannot be seen. */
  readonly force: boolean;
}

/** Detaches the program. A group without a program is left alone and reported as such. */
export async function detach(
  kernel: Kernel,
  seen: Sockets,
  selector: GroupChoice,
  options: DetachOptions,
): Promise<Detached[]> {
  const targets = await selectGroups(kernel, seen, selector);
  if (!options.force && !options.dryRun) for (const { group } of targets) refuseForeign(group);
  const results: Detached[] = [];
  for (const target of targets) {
    const is = asIs(target);
    const before = results.filter(({ detached }) => detached).map(({ group }) => group);
    const change = () =>
      setGroupProgram(target.member, null).catch((error) => {
        throw tellChanged(error, before);
      });
    const detached = is.attached && !options.dryRun && (await change());
    results.push({ ...is, detached, attached: is.attached && !detached });
  }
  return results;
}

/** What `detach` would do, after all of its checks. Throws what it throws. */
export async function checkDetach(
  kernel: Kernel,
  seen: Sockets,
  selector: GroupChoice,
  { force }: Pick<DetachOptions, 'force'>,
): Promise<readonly Detached[]> {
  const targets = await selectGroups(kernel, seen, selector);
  if (!force) for (const { group } of targets) refuseForeign(group);
  return targets.map(asIs);
}

const asIs = ({ group, member: { pid, fd } }: ChosenGroup): Detached => ({
  pid,
  fd,
  group: group.id,
  detached: false,
  attached: group.selection === null || group.program !== null,
  previous: group.program,
});

/** If one of several groups fails, those before it are changed already, and the message must say so. */
export function tellChanged(error: unknown, changed: readonly string[]): unknown {
  if (!isFailure(error) || changed.length === 0) return error;
  return failure(error.code, `${error.message} (changed already: ${changed.join(', ')})`, error.hint);
}

/**
 * A server may depend on a foreign program (nginx's quic_bpf, Envoy, udpgrm), and an eBPF program cannot be restored. A
 * program that cannot be seen may be one of these. Throws Failure foreign-program, program-unknown.
 */
export function refuseForeign(group: Group): void {
  if (group.selection === null)
    throw failure(
      'program-unknown',
      `${group.id}: cannot see whether a program is attached: ${whyUnseen(group)}`,
      'run as root with bpftrace installed, or use --force if you are sure that the server attaches none itself',
    );
  const { program } = group;
  if (program === null) return;
  if (program.instructions !== null && recognise(program.instructions) !== null) return;
  const what =
    program.kind === 'ebpf' ? `the eBPF program ${program.name ?? '(unnamed)'}` : 'a foreign cBPF program';
  throw failure(
    'foreign-program',
    `${group.id} already has ${what}`,
    program.kind === 'ebpf'
      ? 'it cannot be restored once replaced; --force replaces it anyway'
      : 'save its text first (`locality-tune inspect -j`), then use --force',
  );
}

const whyUnseen = (group: Group) => group.notes[0] ?? 'the kernel was not read';

function same(program: Program | null, wanted: readonly Instruction[]): boolean {
  const is = program?.instructions;
  return (
    is?.length === wanted.length &&
    is.every((instruction, index) => instruction.every((word, part) => word === wanted[index]?.[part]))
  );
}
