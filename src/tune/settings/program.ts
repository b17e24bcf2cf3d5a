/** The classic BPF program of a reuseport group. The value is its assembler text, or `none`. */
import { assemble } from '../../cbpf/assemble.ts';
import { disassemble } from '../../cbpf/disassemble.ts';
import type { Instruction } from '../../cbpf/instruction.ts';
import { readSockets, type Sockets } from '../../host/sockets.ts';
import type { Group } from '../../host/types.ts';
import { attach, detach } from '../../steer/attach.ts';
import { failure } from '../../system/errors.ts';
import type { Files, Kernel } from '../../system/types.ts';
import type { Target } from '../types.ts';
import { type Programs, type Setting, sameText } from './setting.ts';

/** @param arch as `uname -m` prints it @param noted hears of each program that was attached, and (null) detached */
export function openPrograms(
  system: { readonly files: Files; readonly kernel: Kernel },
  arch: string,
  noted: (group: Group, program: readonly Instruction[] | null) => void,
): Programs {
  const read = new Map<number, Promise<Sockets>>();
  const last = new Map<string, string>();
  const socketsOf = (id: string): Promise<Sockets> => {
    const port = Number(/:(\d+)$/.exec(id)?.[1]);
    const sockets = read.get(port) ?? readSockets(system, arch, { port, slots: true, sampleSeconds: 0 });
    read.set(port, sockets);
    return sockets;
  };
  const find = (sockets: Sockets, id: string) => sockets.groups.find((group) => group.id === id) ?? null;
  return {
    group: async (id) => find(await socketsOf(id), id),
    lastSet: (id) => last.get(id) ?? null,
    set: async (id, program) => {
      const sockets = await socketsOf(id);
      const group = find(sockets, id);
      const member = group?.sockets.flatMap(({ holders }) => holders)[0];
      if (group === null || member === undefined) throw gone(id);
      read.clear();
      if (program === null) await detach(system.kernel, sockets, member, { force: false, dryRun: false });
      else
        await attach(system.kernel, sockets, member, {
          ...ATTACH,
          program: { ...OWN, instructions: program },
        });
      last.set(id, textOf(program));
      noted(group, program);
    },
  };
}

const OWN = { name: null, file: 'the plan' } as const;
/** The effects of a program were checked when it was planned. */
const ATTACH = {
  machine: { online: [], nodes: [], optmemMax: null },
  groupSize: null,
  dryRun: false,
  force: false,
} as const;

const gone = (id: string) =>
  failure('gone', `the group ${id} no longer exists`, 'see `locality-tune inspect`');

export const program: Setting<Extract<Target, { readonly kind: 'program' }>> = {
  find: async ({ programs }, target) => {
    if ((await programs.group(target.group)) === null) throw gone(target.group);
    return target;
  },
  read: async ({ programs }, target) => {
    const group = await programs.group(target.group);
    if (group === null) return null;
    if (group.selection === null) return programs.lastSet(target.group);
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
