/** Finds the groups that the user named (by pid and fd, or by port), each with a member to use for system calls. */

import type { Sockets } from '../host/sockets.ts';
import type { Group } from '../host/types.ts';
import { type Failure, failure, isFailure } from '../system/errors.ts';
import type { Kernel } from '../system/types.ts';
import { identify, type Member } from './member.ts';

export type GroupChoice =
  | { readonly pid: number; readonly fd: number }
  /** By the id that was shown. */
  | { readonly group: string; readonly port: number }
  | { readonly port: number; readonly protocol: 'tcp' | 'udp'; readonly allGroups: boolean };

export interface ChosenGroup {
  readonly member: Member;
  readonly group: Group;
}

/** Throws Failure: everything of `identify`, other-netns, no-such-group, several-groups, EPERM. */
export async function selectGroups(
  kernel: Kernel,
  seen: Pick<Sockets, 'groups' | 'lone'>,
  selector: GroupChoice,
): Promise<ChosenGroup[]> {
  if ('pid' in selector) {
    const member = await identify(kernel, selector.pid, selector.fd);
    return [{ member, group: groupOf(seen, member) }];
  }
  if ('group' in selector) {
    const group = seen.groups.find(({ id }) => id === selector.group);
    if (group !== undefined) return [{ member: await memberOf(kernel, group), group }];
    throw failure(
      'no-such-group',
      `${selector.group}: this reuseport group no longer exists`,
      '`locality-tune inspect` lists the groups',
    );
  }
  const { port, protocol, allGroups } = selector;
  const groups = seen.groups.filter((group) => group.port === port && group.protocol === protocol);
  if (groups.length === 0) throw noGroup(seen, port, protocol);
  if (groups.length > 1 && !allGroups)
    throw failure(
      'several-groups',
      `${protocol} port ${port} has ${groups.length} groups: ${groups.map(({ id }) => id).join(', ')}`,
      'choose one with --pid and --fd, or use --all-groups',
    );
  return Promise.all(groups.map(async (group) => ({ member: await memberOf(kernel, group), group })));
}

function groupOf(seen: Pick<Sockets, 'groups'>, member: Member): Group {
  const group = seen.groups.find(({ sockets }) => sockets.some(({ inode }) => inode === member.inode));
  if (group) return group;
  throw failure(
    'other-netns',
    `pid ${member.pid} fd ${member.fd} (${member.protocol} port ${member.port}) belongs to no group in this network namespace`,
    `use --netns ${member.pid}`,
  );
}

function noGroup(seen: Pick<Sockets, 'groups' | 'lone'>, port: number, protocol: string): Failure {
  const alone = seen.lone.filter((socket) => socket.port === port && socket.protocol === protocol);
  if (alone.length > 0 && alone.every(({ owners }) => owners.length === 0))
    return failure(
      'EPERM',
      `${protocol} port ${port}: it cannot be seen whether SO_REUSEPORT is set, because no process that holds the socket could be read`,
      'reading /proc/PID/fd of other users needs CAP_SYS_PTRACE: run as root',
    );
  if (alone.length > 0)
    return failure(
      'not-reuseport',
      `${protocol} port ${port} is served without SO_REUSEPORT, so it has no group`,
      'have the server open one SO_REUSEPORT socket per worker (nginx: `listen … reuseport`)',
    );
  const other = seen.groups.find((group) => group.port === port);
  return failure(
    'no-such-group',
    `no reuseport group on ${protocol} port ${port}`,
    other
      ? `${other.id} has one${other.protocol === 'udp' ? ': add --udp' : ''}`
      : '`locality-tune inspect` lists the groups',
  );
}

/** What a descriptor may have become since it was found. */
const CHANGED: ReadonlySet<string> = new Set(['gone', 'no-such-fd', 'not-a-socket', 'descriptor-silent']);

/** Any member will do; a process may have ended since, so the next one is tried. */
async function memberOf(kernel: Kernel, group: Group): Promise<Member> {
  const holders = group.sockets.flatMap(({ inode, holders }) =>
    holders.map((holder) => ({ ...holder, inode })),
  );
  for (const { pid, fd, inode } of holders) {
    try {
      const member = await identify(kernel, pid, fd);
      if (member.inode === inode) return member;
    } catch (error) {
      if (!isFailure(error) || !CHANGED.has(error.code)) throw error;
    }
  }
  throw failure(
    'EPERM',
    `${group.id}: none of its ${group.size} sockets belongs to a readable process`,
    'reading /proc/PID/fd of other users needs CAP_SYS_PTRACE: run as root',
  );
}
