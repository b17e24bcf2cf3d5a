import { lastSlot } from '../../cbpf/programs.ts';
import { ownProgram } from '../programs.ts';
import type { Facts, Found } from '../types.ts';

/** An index beyond the group is no error to the kernel: it takes the hash instead, and nobody notices. */
export function programExceedsGroup({ served }: Facts): readonly Found[] {
  return served.flatMap(({ group, advice }): Found[] => {
    const program = ownProgram(group);
    const last = program === null ? null : lastSlot(program);
    if (program === null || last === null || last < group.size) return [];
    return [
      {
        rule: 'program-exceeds-group',
        severity: 'warning',
        subject: group.id,
        message:
          `\`${program.name}\` picks slots up to ${last}, but the last slot of the group is ${group.size - 1}: ` +
          `for a slot beyond that the kernel uses the hash.`,
        remedy: advice.why,
        fix: advice.fix,
      },
    ];
  });
}
