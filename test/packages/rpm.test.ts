/** The .rpm: checked with rpm's own tools, and installed and removed by dnf as docs/install.md says. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { commandsOf, readmeInstall } from './page.ts';
import { copyInto, freshRoot, type Root } from './root.ts';

const exec = promisify(execFile);
const FILE = `locality-tune-${manifest.version}-1.x86_64.rpm`;
const [install = '', uninstall = ''] = commandsOf('Red Hat, Fedora, SUSE');
const query = async (...args: string[]) =>
  (await exec('rpm', ['-qp', ...args, join(inject('packages'), FILE)])).stdout;

describe('by rpm', () => {
  it.each(['x86_64', 'aarch64'])('has digests that are right (%s)', async (arch) => {
    const file = join(inject('packages'), `locality-tune-${manifest.version}-1.${arch}.rpm`);
    expect((await exec('rpm', ['-K', file])).stdout).toMatch(/: digests OK\n$/);
    expect((await exec('rpm', ['-qp', '--qf', '%{ARCH}', file])).stdout).toBe(arch);
  });

  it('recommends bpftrace, and needs nothing but a shell and the C and C++ libraries', async () => {
    expect(await query('--recommends')).toBe('bpftrace >= 0.17\n');
    const needs = (await query('--requires')).split('\n').filter(Boolean);
    expect(
      needs.filter(
        (each) => !/^(\/bin\/sh$|rpmlib\(|rtld\(|ld-linux|lib(c|dl|gcc_s|m|pthread|stdc\+\+)\.so)/.test(each),
      ),
    ).toEqual([]);
    const newest = (library: string) =>
      needs
        .flatMap((each) => new RegExp(`\\(${library}_([\\d.]+)\\)`).exec(each)?.[1] ?? [])
        .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
        .at(-1);
    // RHEL 8 has 2.28 and 3.4.25.
    expect({ glibc: newest('GLIBC'), glibcxx: newest('GLIBCXX') }).toEqual({
      glibc: '2.28',
      glibcxx: '3.4.22',
    });
  });
});

/** A Debian with dnf: what RPM distributions have as packages, an empty package here says that it provides. */
describe('by dnf', () => {
  let root: Root;
  beforeAll(async () => {
    root = await freshRoot('bookworm', 'dnf');
    await copyInto(root, join(inject('packages'), FILE), FILE);
    await copyInto(root, await emptyPackage(await query('--requires')), 'system.rpm');
    await root.run(
      `printf '[main]\\nassumeyes=1\\nreposdir=/none\\n' > /etc/dnf/dnf.conf; dnf install ./system.rpm`,
    );
  });
  afterAll(() => root?.close());

  it('is installed, runs, and is removed', async () => {
    await root.run(install);
    expect(await root.run('locality-tune --version')).toBe(`${manifest.version}\n`);
    expect(JSON.parse(await root.run('locality-tune inspect -j'))).toMatchObject({
      schema: 'locality-tune.inspect/1',
    });
    await root.run(`mkdir -p /var/lib/locality-tune; ${uninstall}`);
    await root.run(`mkdir packages; ln ${FILE} packages/; ${readmeInstall().rpm}`);
    expect(await root.run('locality-tune --version')).toBe(`${manifest.version}\n`);
    await root.run(uninstall);
    expect(
      await root.run(
        'find / -xdev -name "*locality-tune*" -not -path "/root/*" -not -path "/var/log/*" -not -path "/var/cache/*"',
      ),
    ).toBe('');
  });
});

async function emptyPackage(requires: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'locality-tune-rpm-'));
  const provides = requires.split('\n').filter((each) => each !== '' && !each.startsWith('rpmlib('));
  const spec = join(folder, 'system.spec');
  const lines = [
    'Name: system',
    'Version: 1',
    'Release: 1',
    'Summary: system',
    'License: MIT',
    'BuildArch: noarch',
  ];
  await writeFile(
    spec,
    [...lines, ...provides.map((each) => `Provides: ${each}`), '%description', 'system', '%files', ''].join(
      '\n',
    ),
  );
  await exec('rpmbuild', [
    '-bb',
    '--quiet',
    '--define',
    `_rpmdir ${folder}`,
    '--define',
    '_build_name_fmt system.rpm',
    '--define',
    `_topdir ${folder}`,
    spec,
  ]);
  cleanUp.push(folder);
  return join(folder, 'system.rpm');
}

const cleanUp: string[] = [];
afterAll(async () => {
  for (const folder of cleanUp) await rm(folder, { recursive: true });
});
