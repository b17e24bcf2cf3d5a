/** Fresh Debian systems in folders, made by mmdebstrap, without Node.js; their programs run in namespaces of their own. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE, debianArchive } from '../../scripts/debian/apt.ts';
import { exists } from '../../scripts/debian/exists.ts';

const exec = promisify(execFile);

/** Small servers have these; all others are what Debian calls essential, and apt. */
const PACKAGES = ['sudo', 'man-db', 'bash-completion'];

export type Suite = 'bullseye' | 'bookworm' | 'trixie' | 'forky';

export interface Root {
  readonly folder: string;
  /** Standard output of a bash script that root runs in it. Throws with its standard error if it fails. */
  run(script: string): Promise<string>;
  /** The same in the network of this machine, for what apt has to fetch. */
  online(script: string): Promise<string>;
  close(): Promise<void>;
}

/** `more`: packages of the suite that are there from the beginning. */
export async function freshRoot(suite: Suite, ...more: readonly string[]): Promise<Root> {
  const folder = await mkdtemp(join(tmpdir(), `locality-tune-${suite}-`));
  await exec('tar', ['-xf', await archiveOf(suite, [...PACKAGES, ...more]), '-C', folder]);
  // The commands in the documentation are for people, who answer questions.
  await writeFile(join(folder, 'etc/apt/apt.conf.d/50test'), 'APT::Get::Assume-Yes "true";\n');
  const enter = async (namespaces: readonly string[], script: string) => {
    const words = [...namespaces, '--mount', '--pid', '--fork', 'sh', '-c', ENTER, folder, script];
    return (await exec('unshare', words, OPTIONS)).stdout;
  };
  return {
    folder,
    run: (script) => enter(['--net'], script),
    online: (script) => enter([], script),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

const OPTIONS = {
  maxBuffer: 1 << 26,
  env: {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    HOME: '/root',
    TERM: 'dumb',
  },
};

/** A root needs its own procfs and sysfs for the namespaces that it is in. */
const ENTER = `ip link set lo up && mount -t proc proc "$0/proc" && mount -t sysfs sysfs "$0/sys" && mount --rbind /dev "$0/dev" &&
cd "$0" && exec chroot "$0" bash -euc "cd /root; $1"`;

/** Kept for the next run, beside the lab's kernels. */
async function archiveOf(suite: Suite, packages: readonly string[]): Promise<string> {
  const file = join(CACHE, `root-${suite}-${packages.join('-')}.tar`);
  if (await exists(file)) return file;
  await mkdir(CACHE, { recursive: true });
  const work = `${file}.${process.pid}.tar`;
  try {
    const options = [
      '--variant=apt',
      `--include=${packages.join(',')}`,
      '--aptopt=APT::Install-Recommends "0"',
      // A mirror that lags has an expired list of testing.
      '--aptopt=Acquire::Check-Valid-Until "0"',
    ];
    await exec('mmdebstrap', [...options, suite, work, await debianArchive()], { maxBuffer: 1 << 26 });
    await rename(work, file);
  } finally {
    await rm(work, { force: true });
  }
  return file;
}

/** `name`: its path below /root. */
export const copyInto = (root: Root, file: string, name: string): Promise<void> =>
  cp(file, join(root.folder, 'root', name));

/** Lists all files of a system except logs and what apt and dpkg keep for themselves. */
export const ALL_FILES = `find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /root -o -path /tmp -o -path /var/log \\
  -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg \\) -prune -o -print | sort`;
