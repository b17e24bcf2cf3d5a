/** Real control groups, below a folder of the test's own, in the hierarchy that systemd would name. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestCgroup {
  /** Moves a process into it. */
  add(pid: number): void;
  /** Fails while a process is in it. */
  remove(): void;
}

/** Where the unified hierarchy is mounted, else that of systemd; null where neither is. */
export function cgroupMount(): string | null {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => /^\S+ \S+ \S+ \S+ (\S+) .* - (\S+) \S+ (\S+)$/.exec(line) ?? []);
  const unified = mounts.find(([, , type]) => type === 'cgroup2');
  const systemd = mounts.find(
    ([, , type, options]) => type === 'cgroup' && options?.includes('name=systemd'),
  );
  return (unified ?? systemd)?.[1] ?? null;
}

/** @param path below the mount: `lt-test.slice/web.service`; its first part is the test's own */
export function makeCgroup(path: string): TestCgroup {
  const mount = cgroupMount();
  if (mount === null) throw new Error('no cgroup hierarchy is mounted');
  const parts = path.split('/');
  const folders = parts.map((_, at) => join(mount, ...parts.slice(0, at + 1)));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  const deepest = folders.at(-1) ?? mount;
  return {
    add: (pid) => writeFileSync(join(deepest, 'cgroup.procs'), `${pid}`),
    remove: () => {
      // A parent may hold other groups of the test.
      for (const folder of folders.toReversed())
        try {
          rmdirSync(folder);
        } catch (error) {
          if (folder === deepest) throw error;
        }
    },
  };
}
