import type { Host } from '../../host/types.ts';
import { maxRxQueues, setChannels, steer } from '../commands.ts';
import {
  membersBySlot,
  ownerName,
  ownProgram,
  pinnedMembers,
  reachable,
  type Served,
  servedGroups,
} from '../groups.ts';
import { cpuNames, names, slotNames } from '../phrase.ts';
import type { Finding, View } from '../types.ts';

/**
 * A reload with more workers appends their sockets, and a program made for fewer never picks them; a program
 * that goes by CPU never picks the slots that no receiving CPU leads to.
 */
export function programStarvesSlots(view: View): readonly Finding[] {
  return servedGroups(view).flatMap((served): Finding[] => {
    const { group, nics, cpus } = served;
    const program = ownProgram(group);
    const from = cpus ?? new Set(view.host.machine.cpus.online);
    const reached = program === null || from.size === 0 ? null : reachable(program, from, group.size);
    if (program === null || reached === null || reached.size === group.size) return [];
    const starved = [...Array(group.size).keys()].filter((slot) => !reached.has(slot));
    const members = membersBySlot(group);
    const who = starved
      .map((slot) => members.get(slot))
      .flatMap((member) => (member ? [ownerName(member)] : []));
    const old = 'modulus' in program && program.modulus < group.size;
    const where = cpus
      ? `only ${cpuNames(cpus)} receive from ${names(nics.map(({ name }) => name))}`
      : `there are only ${cpuNames(from)}`;
    const why = old
      ? `The program was made for ${program.modulus} members, the group has ${group.size}`
      : `\`${program.name}\` goes by CPU, and ${where}`;
    return [
      {
        rule: 'program-starves-slots',
        severity: 'error',
        subject: group.id,
        message: `${why}: ${slotNames(starved)}${who.length > 0 ? ` (${names(who)})` : ''} get nothing.`,
        fix: old ? steer(view.host)('attach', group, program.name) : unstarve(served, view.host),
      },
    ];
  });
}

/**
 * A fresh map if every worker is on a receiving CPU of its own; else more channels; else back to the hash.
 */
function unstarve({ group, nics, cpus }: Served, host: Host): readonly string[] {
  const command = steer(host);
  const seats = new Set([...pinnedMembers(group).values()].filter((cpu) => cpus?.has(cpu)));
  if (seats.size === group.size) return command('attach', group, 'map');
  const growing = nics.filter((nic) => (maxRxQueues(nic) ?? 0) > nic.rxQueues.length);
  const channels = growing.flatMap((nic) => setChannels(nic, group.size));
  return channels.length > 0 ? channels : command('detach', group);
}
