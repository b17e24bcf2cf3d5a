/** The sockets that an epoll instance watches. */

export interface Watched {
  readonly fd: number;
  readonly inode: number;
}

/**
 * The `tfd:` lines of /proc/PID/fdinfo/FD (fs/eventpoll.c, ep_show_fdinfo). `ino:` is hexadecimal there. Kernels before
 * 4.13 have no `ino:`; such lines are skipped.
 */
export function parseEpoll(text: string): Watched[] {
  const watched: Watched[] = [];
  for (const [, fd, inode] of text.matchAll(TARGET))
    watched.push({ fd: Number(fd), inode: Number.parseInt(inode ?? '', 16) });
  return watched;
}

const TARGET = /^tfd:[ \t]*(\d+) .*? ino:([0-9a-f]+)/gm;
