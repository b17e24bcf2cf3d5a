/** The group as it was when the experiment began: its sockets, and the threads that serve them. */
import type { Group } from '../host/types.ts';
import type { DiagSocket, Files, Kernel } from '../system/types.ts';
import { startTimeOf } from '../tune/settings/affinity.ts';

/** All threads of the processes that serve the group. */
export function threadsOf(
  files: Files,
  group: Group,
): readonly { readonly pid: number; readonly tid: number }[] {
  return pidsOf(group).flatMap((pid) =>
    files
      .list(`/proc/${pid}/task`)
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid, tid: Number(name) })),
  );
}

const pidsOf = ({ sockets }: Group): readonly number[] => [
  ...new Set(sockets.flatMap(({ owners }) => owners.map(({ pid }) => pid))),
];

/** The sockets of the group that are still there. Throws SystemError. */
export async function groupSockets(kernel: Kernel, group: Group): Promise<readonly DiagSocket[]> {
  const inodes = new Set(group.sockets.map(({ inode }) => inode));
  return (await kernel.sockets()).filter(({ inode }) => inodes.has(inode));
}

/** Equal as long as the group has the same sockets and the same workers. */
export async function membersOf({
  files,
  kernel,
  group,
}: {
  readonly files: Files;
  readonly kernel: Kernel;
  readonly group: Group;
}): Promise<string> {
  const { protocol, address, port } = group;
  const inodes = (await kernel.sockets())
    .filter((each) => each.protocol === protocol && each.port === port && each.address === address)
    .map(({ inode }) => inode);
  const workers = pidsOf(group).map((pid) => `${pid}@${startTimeOf(files, pid, pid)}`);
  return [...inodes.sort((a, b) => a - b), ...workers.sort()].join(' ');
}
