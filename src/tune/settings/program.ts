/** The classic BPF program of a reuseport group. The value is its assembler text, or `none`. */
import { assemble } from '../../cbpf/assemble.ts';
import { disassemble } from '../../cbpf/disassemble.ts';
import type { Instruction } from '../../cbpf/instruction.ts';
import { recognise } from '../../cbpf/programs.ts';
import { allowedCpus } from '../../host/affinity.ts';
import { readBoundLike, readSockets, type Sockets } from '../../host/sockets.ts';
import type { Group, GroupSocket } from '../../host/types.ts';
import { refuseForeign } from '../../steer/attach.ts';
import type { Member } from '../../steer/member.ts';
import { selectGroups } from '../../steer/select.ts';
import { setGroupProgram } from '../../steer/set-program.ts';
import { failure } from '../../system/errors.ts';
import type { Files, Kernel, System } from '../../system/types.ts';
import type { Target } from '../types.ts';
import { type Programs, type Setting, sameText } from './setting.ts';

/**
 * The sockets of a port with slots and programs as the caller has read them, and knows that no group has another program since;
 * null: it does not know.
 */
export type JustRead = (port: number) => Pick<Sockets, 'groups' | 'lone'> | null;

/**
 * @param arch as `uname -m` prints it
 * @param noted hears of each program that was attached, and (null) detached
 * @param justRead spares bpftrace, which takes long on a busy machine
 */
export function openPrograms(
  system: { readonly files: Files; readonly kernel: Kernel },
  arch: string,
  noted: (group: Group, program: readonly Instruction[] | null) => void,
  justRead: JustRead = () => null,
): Programs {
  const prepared = new Map<string, Prepared | null>();
  const find = async (id: string): Promise<Prepared | null> => {
    const known = prepared.get(id);
    if (known === undefined) throw new Error(`${id} was not prepared`);
    if (known === null) return null;
    const bound = await readBoundLike(system, known.group);
    if (bound === null) return null;
    if (bound.join() !== known.bound?.join())
      throw failure('changed', `${id} has other sockets than a moment ago`, 'run it again');
    return known;
  };
  return {
    prepare: async (ids) => {
      for (const [port, same] of Map.groupBy(new Set(ids), portOf)) {
        const known = await prepareKnown(system, same, justRead(port));
        if (known !== null) {
          for (const [id, group] of known) prepared.set(id, group);
          continue;
        }
        const sockets = await readSockets(system, arch, { port, slots: true, sampleSeconds: 0 });
        for (const id of same) {
          const group = sockets.groups.find((each) => each.id === id);
          prepared.set(id, group === undefined ? null : await prepare(system, sockets, group));
        }
      }
    },
    group: async (id) => (await find(id))?.group ?? null,
    set: async (id, program) => {
      const found = await find(id);
      if (found === null) throw gone(id);
      refuseForeign(found.group);
      await setGroupProgram(found.member(), program);
      prepared.set(id, { ...found, group: withProgram(found.group, program) });
      noted(withCpus(system, found.group), program);
    },
  };
}

/** A group, and all that is needed to change it. */
interface Prepared {
  readonly group: Group;
  /** Throws Failure if no process that holds a socket of it could be queried. */
  readonly member: () => Member;
  /** As readBoundLike lists them. */
  readonly bound: readonly number[] | null;
}

/** @param id of a group */
export const portOf = (id: string): number => Number(/:(\d+)(?: |$)/.exec(id)?.[1]);

/** null unless each group has the very sockets that it had when it was read, and its program is known. */
async function prepareKnown(
  system: { readonly files: Files; readonly kernel: Kernel },
  ids: readonly string[],
  sockets: ReturnType<JustRead>,
): Promise<ReadonlyMap<string, Prepared> | null> {
  const known = new Map<string, Prepared>();
  if (sockets === null) return null;
  for (const id of ids) {
    const group = sockets.groups.find((each) => each.id === id);
    if (group === undefined || group.selection === null) return null;
    const found = await prepare(system, sockets, group);
    const inodes = group.sockets.map(({ inode }) => inode).sort((one, other) => one - other);
    if (found.bound?.join() !== inodes.join()) return null;
    known.set(id, found);
  }
  return known;
}

async function prepare(
  system: { readonly files: Files; readonly kernel: Kernel },
  sockets: Pick<Sockets, 'groups' | 'lone'>,
  group: Group,
): Promise<Prepared> {
  const bound = await readBoundLike(system, group);
  const chosen = await selectGroups(system.kernel, sockets, { group: group.id, port: group.port }).catch(
    (error: unknown) => () => {
      throw error;
    },
  );
  return { group, bound, member: typeof chosen === 'function' ? chosen : () => theOnly(chosen).member };
}

function theOnly<T>([one]: readonly T[]): T {
  if (one === undefined) throw new Error('no group, and no reason');
  return one;
}

/** Its workers may have been pinned since it was prepared. */
function withCpus(system: System, group: Group): Group {
  const sockets = group.sockets.map((socket): GroupSocket => {
    const owners = socket.owners.map((owner) => {
      const { pid, tid, cpus } = owner;
      return tid === null ? owner : { ...owner, cpus: allowedCpus(system, pid, tid) ?? cpus };
    });
    const cpus = [...new Set(owners.flatMap((owner) => owner.cpus ?? []))].sort((a, b) => a - b);
    return { ...socket, owners, cpus };
  });
  return { ...group, sockets };
}

/** The kernel has accepted it: to see it would take another second or two, and touch descriptors of other processes. */
export function withProgram(group: Group, instructions: readonly Instruction[] | null): Group {
  if (instructions === null) return { ...group, selection: 'hash', program: null };
  const asm = disassemble(instructions);
  const name = recognise(instructions)?.name ?? null;
  return { ...group, selection: 'cbpf', program: { kind: 'cbpf', name, asm, instructions } };
}

const gone = (id: string) =>
  failure('gone', `the group ${id} no longer exists`, 'see `locality-tune inspect`');

export const program: Setting<Extract<Target, { readonly kind: 'program' }>> = {
  find: async ({ programs }, target) => {
    if ((await programs.group(target.group)) === null) throw gone(target.group);
    return target;
  },
  read: async ({ programs }, target) => {
    const group = await programs.group(target.group);
    if (group === null || group.selection === null) return null;
    if (group.program === null) return 'none';
    return group.program.asm ?? `ebpf ${group.program.name ?? '(unnamed)'}`;
  },
  write: async ({ programs }, target, value) => programs.set(target.group, parse(value)),
  wanted: async (_access, { instructions }) => textOf(instructions),
  same: sameText,
};

const textOf = (instructions: readonly Instruction[] | null): string =>
  instructions === null ? 'none' : disassemble(instructions);

function parse(value: string): readonly Instruction[] | null {
  if (value === 'none') return null;
  const assembled = assemble(value);
  if ('program' in assembled) return assembled.program;
  throw failure(
    'foreign-program',
    `${value}: cannot be restored`,
    'restart the server, so that it attaches it again',
  );
}
