import type { ProgramSpec } from '../../cbpf/programs.ts';
import type { Host } from '../../host/types.ts';
import { count, names, slotNames } from '../../words/phrase.ts';
import { boundary, membersBySlot } from '../groups.ts';
import { foreignReach, madeFor, ownProgram, starved } from '../programs.ts';
import type { Facts, FedGroup, Found } from '../types.ts';
import { workerNames } from '../workers.ts';

/**
 * A reload with more workers appends their sockets, and a program made for fewer never picks them; a program that picks
 * by CPU never picks slots to which no receiving CPU maps.
 */
export function programStarvesSlots({ host, served }: Facts): readonly Found[] {
  return served.flatMap((fed): Found[] => {
    const { group, advice } = fed;
    const program = ownProgram(group);
    const foreign = foreignReach(fed, host.machine.cpus.online);
    const judged = program ?? foreign;
    const slots = judged === null ? [] : starved(fed, judged, host.machine.cpus.online);
    if (judged === null || slots.length === 0) return [];
    const members = membersBySlot(group);
    const who = names(workerNames(slots.flatMap((slot) => members.get(slot)?.owners ?? [])));
    const why = program === null ? foreignWhy(fed, foreign?.slots ?? new Set()) : ownWhy(fed, program, host);
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

function ownWhy(fed: FedGroup, program: ProgramSpec, host: Host): string {
  const { size } = fed.group;
  const made = madeFor(program);
  return made !== null && made < size
    ? `the program was made for ${count(made, 'socket')}, but the group has ${size}`
    : `\`${program.name}\` picks by CPU, and ${boundary(fed, host)}`;
}

function foreignWhy({ group }: FedGroup, slots: ReadonlySet<number>): string {
  return `the attached program, which locality-tune did not make, only picks ${slotNames(slots)}, but the group has ${group.size}`;
}
