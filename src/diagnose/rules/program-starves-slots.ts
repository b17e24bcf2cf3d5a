import { count, names, slotNames } from '../../words/phrase.ts';
import { boundary, membersBySlot } from '../groups.ts';
import { madeFor, ownProgram, starved } from '../programs.ts';
import type { Facts, Found } from '../types.ts';
import { workerNames } from '../workers.ts';

/**
 * A reload with more workers appends their sockets, and a program made for fewer never picks them; a program
 * that goes by CPU never picks the slots that no receiving CPU leads to.
 */
export function programStarvesSlots({ host, served }: Facts): readonly Found[] {
  return served.flatMap((fed): Found[] => {
    const { group, advice } = fed;
    const program = ownProgram(group);
    const slots = program === null ? [] : starved(fed, program, host.machine.cpus.online);
    if (program === null || slots.length === 0) return [];
    const members = membersBySlot(group);
    const who = names(workerNames(slots.flatMap((slot) => members.get(slot)?.owners ?? [])));
    const made = madeFor(program);
    const old = made !== null && made < group.size;
    const why = old
      ? `the program was made for ${count(made, 'socket')}, the group has ${group.size}`
      : `\`${program.name}\` picks by CPU, and ${boundary(fed, host)}`;
    return [
      {
        rule: 'program-starves-slots',
        severity: 'error',
        subject: group.id,
        message: `Nothing reaches ${slotNames(slots)}${who === '' ? '' : ` of ${who}`}: ${why}.`,
        remedy: advice.why,
        fix: advice.fix,
      },
    ];
  });
}
