/** Packages of any Debian suite, unpacked into a cache: nothing is installed, no other suite is configured. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exists } from './exists.ts';

const exec = promisify(execFile);

export const CACHE = join(homedir(), '.cache/locality-tune/lab');

export interface Wanted {
  /** `trixie`; with a base where it does not stand alone: `bookworm-backports` on `bookworm`. */
  readonly suite: string;
  readonly base?: string;
  /** Debian's name, `arm64`; without it, that of this machine. */
  readonly architecture?: string;
  readonly packages: readonly string[];
}

/**
 * Folder with the packages and all that they depend on, as under `/`; kept for the next run. Throws what apt-get said
 * when they can't be fetched.
 */
export async function unpacked(wanted: Wanted, say: (line: string) => void): Promise<string> {
  const { suite, architecture, packages } = wanted;
  const root = join(CACHE, [suite, ...(architecture ? [architecture] : []), ...packages].join('-'));
  if (await exists(root)) return root;
  say(`fetching ${packages.join(', ')} of Debian's ${suite}, once`);
  const work = `${root}.${process.pid}`;
  try {
    await mkdir(join(work, 'root'), { recursive: true });
    await download(work, wanted);
    for (const file of await debsIn(work)) await exec('dpkg-deb', ['-x', file, join(work, 'root')]);
    await mergeLib(join(work, 'root'));
    await keepLoader(join(work, 'root'));
    await rename(join(work, 'root'), root);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return root;
}

/** apt with folders of its own and an empty status, so that all dependencies come along, the C library too. */
async function download(work: string, { suite, base, architecture, packages }: Wanted): Promise<void> {
  const archive = await debianArchive();
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    await mkdir(join(work, folder), { recursive: true });
  const suites = [suite, ...(base === undefined ? [] : [base])];
  await writeFile(
    join(work, 'sources.list'),
    suites.map((each) => `deb [signed-by=${KEYRING}] ${archive} ${each} main\n`).join(''),
  );
  await writeFile(join(work, 'status'), '');
  const options = [
    `Dir::Etc::SourceList=${work}/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${work}/lists`,
    `Dir::State::status=${work}/status`,
    `Dir::Cache=${work}/cache`,
    'Debug::NoLocking=1',
    'APT::Install-Recommends=0',
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    // A mirror that lags has an expired list of testing.
    'Acquire::Check-Valid-Until=0',
    ...(architecture ? [`APT::Architecture=${architecture}`, `APT::Architectures=${architecture}`] : []),
  ].flatMap((option) => ['-o', option]);
  await exec('apt-get', [...options, 'update', '-qq']);
  await exec('apt-get', [...options, 'install', '-qq', '--download-only', '-t', suite, ...packages]);
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The archive that this machine itself is installed from; security updates and derivatives have other suites. */
export async function debianArchive(): Promise<string> {
  const { stdout } = await exec('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Identifier: Packages',
    'Origin: Debian',
    'Label: Debian',
  ]);
  const [archive = ''] = stdout.split('\n');
  if (archive === '')
    throw new Error('apt knows no Debian archive here: on Debian, apt-get update makes it known');
  return archive;
}

async function debsIn(work: string): Promise<string[]> {
  const folder = join(work, 'cache/archives');
  return (await readdir(folder)).filter((name) => name.endsWith('.deb')).map((name) => join(folder, name));
}

/** Debian 12's base package has no /lib -> usr/lib, its others put files below both; 13's have all below usr. */
async function mergeLib(root: string): Promise<void> {
  const [split, merged] = [join(root, 'lib/modules'), join(root, 'usr/lib/modules')];
  if ((await exists(split)) || !(await exists(merged))) return;
  await mkdir(join(root, 'lib'), { recursive: true });
  await symlink('../usr/lib/modules', split);
}

/** The dynamic loader in /lib64 is an absolute link, which leads a linker with --sysroot out of the folder. */
async function keepLoader(root: string): Promise<void> {
  const folder = join(root, 'lib64');
  if (!(await exists(folder))) return;
  for (const name of await readdir(folder)) {
    const link = join(folder, name);
    const target = await readlink(link).catch(() => '');
    if (!target.startsWith('/')) continue;
    await rm(link);
    await symlink(`..${target}`, link);
  }
}
