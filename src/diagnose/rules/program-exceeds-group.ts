import { steer } from '../commands.ts';
import { ownProgram, servedGroups } from '../groups.ts';
import type { Finding, View } from '../types.ts';

/** An index beyond the group is no error to the kernel: it takes the hash instead, and nobody notices. */
export function programExceedsGroup(view: View): readonly Finding[] {
  const command = steer(view.host);
  return servedGroups(view).flatMap(({ group }): Finding[] => {
    const program = ownProgram(group);
    if (program === null || program.name === 'hash') return [];
    const indices = program.name === 'map' ? program.slotOfCpu.values() : [program.modulus - 1];
    const last = Math.max(...indices);
    if (last < group.size) return [];
    return [
      {
        rule: 'program-exceeds-group',
        severity: 'warning',
        subject: group.id,
        message:
          `\`${program.name}\` picks slots up to ${last}, but the group's last one is ${group.size - 1}: ` +
          'where it picks one beyond, the kernel falls back to the hash.',
        fix: command('attach', group, program.name),
      },
    ];
  });
}
