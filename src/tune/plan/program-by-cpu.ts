/** The program that sends each packet to the worker on the CPU that it is on. */
import { disassemble } from '../../cbpf/disassemble.ts';
import type { Group } from '../../host/types.ts';
import { chooseProgram } from '../../steer/choose.ts';
import { failure } from '../../system/errors.ts';
import type { Change } from '../types.ts';

export interface ProgramByCpu {
  /** Empty: it is attached already. */
  readonly changes: readonly Change[];
  readonly warnings: readonly string[];
}

/** `cpu` if slots and CPUs are in the same order, otherwise `map`. Throws Failure: those of chooseProgram, foreign-program. */
export function programByCpu(group: Group): ProgramByCpu {
  if (group.program !== null && group.program.instructions === null)
    throw failure(
      'foreign-program',
      `${group.id} has an eBPF program, which could not be restored`,
      'omit --with-program',
    );
  const inOrder = group.sockets.every(
    ({ slot, slotSource, cpus: [only, ...more] }) =>
      slotSource === 'kernel' && more.length === 0 && only !== undefined && only % group.size === slot,
  );
  const name = inOrder ? 'cpu' : 'map';
  const { instructions, warnings } = chooseProgram({ name }, group, group.size, []);
  const to = disassemble(instructions);
  const from = group.selection === null ? null : group.program === null ? 'none' : group.program.asm;
  const change: Change = {
    kind: 'program',
    subject: group.id,
    target: { kind: 'program', group: group.id, name, instructions },
    from,
    to,
    why: 'Its worker then runs on the CPU that XDP chose.',
    command: `locality-tune attach --port ${group.port}${group.protocol === 'udp' ? ' --udp' : ''} --program ${name} --yes`,
  };
  return {
    changes: from === to ? [] : [change],
    warnings: warnings.map((warning) => `${group.id}: ${warning}`),
  };
}
