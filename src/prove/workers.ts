/** The groups as they were when the experiment began: their sockets, and the threads that serve them. */
import type { Group } from '../host/types.ts';
import type { DiagSocket, Files, Kernel } from '../system/types.ts';
import { startTimeOf } from '../tune/settings/affinity.ts';

/** All threads of the processes that serve the groups. */
export function threadsOf(
  files: Files,
  groups: readonly Group[],
): readonly { readonly pid: number; readonly tid: number }[] {
  return pidsOf(groups).flatMap((pid) =>
    files
      .list(`/proc/${pid}/task`)
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid, tid: Number(name) })),
  );
}

const pidsOf = (groups: readonly Group[]): readonly number[] => [
  ...new Set(groups.flatMap(({ sockets }) => sockets.flatMap(({ owners }) => owners.map(({ pid }) => pid)))),
];

/** The sockets of the groups that are still there. Throws SystemError. */
export async function groupSockets(kernel: Kernel, groups: readonly Group[]): Promise<readonly DiagSocket[]> {
  const inodes = new Set(groups.flatMap(({ sockets }) => sockets.map(({ inode }) => inode)));
  return (await kernel.sockets()).filter(({ inode }) => inodes.has(inode));
}

/** Equal as long as the groups have the same sockets and the same workers. */
export async function membersOf({
  files,
  kernel,
  groups,
}: {
  readonly files: Files;
  readonly kernel: Kernel;
  readonly groups: readonly Group[];
}): Promise<string> {
  const inodes = (await kernel.sockets())
    .filter((each) =>
      groups.some(
        ({ protocol, address, port }) =>
          each.protocol === protocol && each.port === port && each.address === address,
      ),
    )
    .map(({ inode }) => inode);
  const workers = pidsOf(groups).map((pid) => `${pid}@${startTimeOf(files, pid, pid)}`);
  return [...inodes.sort((a, b) => a - b), ...workers.sort()].join(' ');
}
