import type { Owner, Protocol } from '../../host/types.ts';
import { names } from '../../words/phrase.ts';
import { ofWhom } from '../../words/whose.ts';
import type { Facts, Finding } from '../types.ts';
import { memberName, workerNames } from '../workers.ts';

/** Fewer drops at a socket of its own are of some burst long ago, as at the sockets of a name resolver. */
const MANY = 100;

/** A socket drops packets if its queue is full, because its worker did not read in time. */
export function groupDrops({ host }: Facts): readonly Finding[] {
  const grouped = host.groups.flatMap((group): readonly Finding[] => {
    const [only, another] = group.sockets;
    if (only !== undefined && another === undefined)
      return alone({ ...group, owners: only.owners, drops: only.drops });
    const dropping = group.sockets.filter(({ drops }) => (drops ?? 0) > 0);
    const total = dropping.reduce((sum, { drops }) => sum + (drops ?? 0), 0);
    if (total === 0) return [];
    const where = dropping
      .toSorted((one, other) => (other.drops ?? 0) - (one.drops ?? 0))
      .map((socket) => `${memberName(socket)} ${socket.drops}`);
    return [
      {
        rule: 'group-drops',
        severity: 'warning',
        subject: group.id,
        message:
          `${total} packets were dropped at these sockets since they were opened, mostly because a queue was full: ` +
          `${names(where)}${ofWhom(dropping.flatMap(({ owners }) => owners))}.`,
        fix: [],
      },
    ];
  });
  return [...grouped, ...host.lone.flatMap(alone)];
}

interface Single {
  readonly id: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly owners: readonly Owner[];
  readonly drops: number | null;
}

/** Nobody shares the load of one socket on its port. */
function alone({ id, protocol, port, owners, drops }: Single): readonly Finding[] {
  if (drops === null || drops === 0) return [];
  const readers = owners.filter(({ via }) => via !== 'fd');
  const read =
    readers.length > 0
      ? `. It is read by ${names(workerNames(readers))}`
      : ', and no thread was seen to read it';
  const what = protocol === 'udp' ? `${drops} datagrams were` : `${drops} connection attempts were`;
  const queue =
    protocol === 'udp' ? 'a larger SO_RCVBUF (net.core.rmem_max)' : 'a longer backlog (net.core.somaxconn)';
  return [
    {
      rule: 'group-drops',
      severity: drops < MANY ? 'info' : 'warning',
      subject: id,
      message:
        `${what} dropped at this socket since it was opened, mostly because its queue was full. No other socket shares its ` +
        `load${read}. Against short bursts use ${queue}; ${against(readers)}${inConfiguration(readers, port, protocol)}.`,
      fix: [],
    },
  ];
}

function against(readers: readonly Owner[]): string {
  return new Set(readers.map(({ pid }) => pid)).size > 1
    ? 'against more load, an SO_REUSEPORT socket for each of these workers, on a CPU of its own'
    : 'against more load than one thread can read, several workers with an SO_REUSEPORT socket each';
}

/** What makes each server open one socket for each worker. */
function inConfiguration(readers: readonly Owner[], port: number, protocol: Protocol): string {
  const settings: ReadonlyMap<string, string> = new Map([
    ['nginx', `nginx: \`listen ${port}${protocol === 'udp' ? ' udp' : ''} reuseport\``],
    ['syslog-ng', 'syslog-ng: several sources with `so-reuseport(yes)`'],
    ['unbound', 'unbound: `num-threads` and `so-reuseport: yes`'],
  ]);
  const known = [...new Set(readers.flatMap(({ comm }) => settings.get(comm) ?? []))];
  return known.length > 0 ? ` (${known.join('; ')})` : '';
}
