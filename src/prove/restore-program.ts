/** Sets the program of a group through any of its members: processes end, and the group lives on in the others. */
import type { Instruction } from '../cbpf/instruction.ts';
import { readSockets } from '../host/sockets.ts';
import type { Group } from '../host/types.ts';
import { checkMember, identify, type Member } from '../steer/member.ts';
import { setGroupProgram } from '../steer/set-program.ts';
import { failure, isFailure, isSystemError } from '../system/errors.ts';
import type { Files, Kernel } from '../system/types.ts';

/** A group, and a member of it for each process that holds one of its sockets. */
export interface Handles {
  readonly group: Pick<Group, 'id' | 'protocol' | 'port'>;
  readonly inodes: readonly number[];
  readonly members: readonly Member[];
}

interface Machine {
  readonly files: Files;
  readonly kernel: Kernel;
}

export async function handlesOf(kernel: Kernel, group: Group): Promise<Handles> {
  const byPid = new Map(
    group.sockets.flatMap(({ holders }) => holders.map(({ pid, fd }) => [pid, fd] as const)),
  );
  const asked = [...byPid].map(([pid, fd]) => ({ pid, fd, cookie: null }));
  const inodes = group.sockets.map(({ inode }) => inode);
  const members = (await kernel.borrow(asked)).flatMap((found, at) => {
    const request = asked[at];
    return request === undefined || isSystemError(found) || !inodes.includes(found.inode)
      ? []
      : [checkMember(found, request.pid, request.fd)];
  });
  const { id, protocol, port } = group;
  return { group: { id, protocol, port }, inodes, members };
}

/** Its process has ended, or has another file there. */
const LOST: ReadonlySet<string> = new Set([
  'gone',
  'no-such-fd',
  'not-a-socket',
  'fd-reused',
  'descriptor-silent',
]);

/**
 * Resolves also if no socket of the group is left: then there is no program either. Throws Failure: those of
 * setGroupProgram, `no-member` if nobody is left through whom the sockets can be reached.
 */
export async function setThroughAny(
  machine: Machine,
  handles: Handles,
  program: readonly Instruction[] | null,
): Promise<void> {
  for (const member of handles.members) if (await tried(member, program)) return;
  // Other processes may have them by now.
  const { id, port } = handles.group;
  const { groups } = await readSockets(machine, null, { port, slots: false, sampleSeconds: 0 });
  const left = groups.flatMap(({ sockets }) => sockets.filter(({ inode }) => handles.inodes.includes(inode)));
  if (left.length === 0) return;
  for (const { inode, holders } of left)
    for (const { pid, fd } of holders) {
      const member = await identify(machine.kernel, pid, fd).catch(lost);
      if (member?.inode === inode && (await tried(member, program))) return;
    }
  throw failure(
    'no-member',
    `no process is left through which the program of ${id} can be set`,
    `see \`locality-tune inspect --port ${port}\``,
  );
}

const tried = async (member: Member, program: readonly Instruction[] | null): Promise<boolean> =>
  setGroupProgram(member, program)
    .then(() => true)
    .catch(lost)
    .then((done) => done === true);

function lost(error: unknown): null {
  if (isFailure(error) && LOST.has(error.code)) return null;
  throw error;
}
