/** Metrics of reuseport groups: their slots, programs, and expected locality. */
import { inUse, unusedNics } from '../diagnose/quiet.ts';
import type { Group, GroupSocket } from '../host/types.ts';
import { only } from './devices.ts';
import type { Scrape } from './scrape.ts';
import type { Configuration, Counters } from './types.ts';

/** What a socket has that was closed since the configuration was read. */
const CLOSED = { recvQueue: null, drops: null } as const;

/** The sockets with what they have waiting, and have dropped, by now; as they were read if that is not known. */
export const withCounters = (
  configuration: Configuration,
  { sockets }: Pick<Counters, 'sockets'>,
): Configuration => {
  if (sockets === null) return configuration;
  const now = (socket: GroupSocket): GroupSocket => {
    const { recvQueue, drops } = sockets.get(socket.inode) ?? CLOSED;
    return { ...socket, recvQueue, drops };
  };
  const { host } = configuration;
  const groups = host.groups.map((group) => ({ ...group, sockets: group.sockets.map(now) }));
  return { ...configuration, host: { ...host, groups } };
};

/** The drops of each socket, for `Accumulator.update`. @param slotless also of groups whose slots are not known */
export const dropsOf = (groups: readonly Group[], slotless: boolean) =>
  groups.flatMap(({ id, sockets }) =>
    sockets.flatMap(({ inode, slot, drops }) =>
      slot === null && !slotless ? [] : [[String(inode), slotKey(id, slot), drops] as const],
    ),
  );

const slotKey = (group: string, slot: number | null): string => `${slot ?? ''} ${group}`;

/** @param drops totals of `dropsOf` */
export function addGroups(
  scrape: Scrape,
  configuration: Configuration,
  drops: ReadonlyMap<string, number>,
): void {
  const { groups } = configuration.host;
  const ports = new Map(groups.map(({ id, port }) => [id, port]));
  for (const group of groups) addGroup(scrape, group);
  for (const [key, count] of drops) {
    const space = key.indexOf(' ');
    scrape.add('slot_drops_total', { group: key.slice(space + 1), slot: key.slice(0, space) }, count);
  }
  // A standby port would set off the alerts that its bond is there to prevent.
  const unused = unusedNics(configuration);
  const expected = [...Map.groupBy(configuration.expected, ({ group }) => group).values()];
  for (const { group, nic: device, now, busiest } of expected.flatMap((each) => inUse(each, unused))) {
    const labels = { device, group, port: ports.get(group) ?? '' };
    scrape.add('expected_locality_ratio', labels, now);
    scrape.add('expected_busiest_ratio', labels, busiest);
  }
}

/** One of ours by its name; others could have any. */
function programName(selection: Group['selection'], program: Group['program']): string {
  if (selection === null) return 'unknown';
  if (program === null) return 'none';
  return program.kind === 'cbpf' && program.name !== null ? program.name : 'foreign';
}

function addGroup(
  scrape: Scrape,
  { id: group, protocol, port, size, selection, program, sockets }: Group,
): void {
  scrape.add('group_info', { group, port, protocol, selection: selection ?? 'unknown' }, 1);
  scrape.add('program_info', { group, program: programName(selection, program) }, 1);
  scrape.add('group_sockets', { group }, size);
  const waiting = protocol === 'tcp' ? 'slot_waiting_connections' : 'slot_waiting_bytes';
  for (const { slot, cpus, recvQueue } of sockets) {
    if (slot === null) continue;
    scrape.add('slot_worker_cpu', { group, slot }, only(cpus));
    scrape.add(waiting, { group, slot }, recvQueue);
  }
}
