import { lastSlot } from '../../cbpf/programs.ts';
import { foreignReach, ownProgram } from '../programs.ts';
import type { Facts, Found } from '../types.ts';

/** An index beyond the group is not an error for the kernel: it silently uses the hash instead. */
export function programExceedsGroup({ host, served }: Facts): readonly Found[] {
  return served.flatMap((fed): Found[] => {
    const { group, advice } = fed;
    const own = ownProgram(group);
    const foreign = foreignReach(fed, host.machine.cpus.online);
    const last = own === null ? (foreign?.highest ?? null) : lastSlot(own);
    if (last === null || last < group.size) return [];
    const what = own === null ? 'The attached program, which locality-tune did not make,' : `\`${own.name}\``;
    const bounded = own !== null || foreign?.bounded === true;
    return [
      {
        rule: 'program-exceeds-group',
        severity: bounded ? 'warning' : 'info',
        subject: group.id,
        message:
          `${what} ${bounded ? `picks slots up to ${last}` : 'returns an index that nothing bounds'}, but the last slot ` +
          `of the group is ${group.size - 1}: for a slot beyond that the kernel uses the hash.`,
        remedy:
          own === null
            ? `The owner of the program must bound it to ${group.size} sockets (\`mod #${group.size}\`).`
            : advice.why,
        fix: advice.fix,
      },
    ];
  });
}
