/** The lines of README.md that install and uninstall, run as they are printed. The rpm and npm packages' lines have tests of their own. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { commandsOf, readmeInstall } from './page.ts';
import { copyInto, freshRoot, type Root } from './root.ts';

const exec = promisify(execFile);
const VERSION = manifest.version;
const lines = readmeInstall();
const checkout = join(import.meta.dirname, '../..');

describe('on a fresh Debian', () => {
  let root: Root;
  beforeAll(async () => {
    root = await freshRoot('trixie', 'xz-utils');
    for (const name of [`locality-tune_${VERSION}_amd64.deb`, `locality-tune-${VERSION}-linux-x64.tar.xz`])
      await copyInto(root, join(inject('packages'), name), `packages/${name}`);
  });
  afterAll(() => root?.close());

  it('the .deb is installed, completes, and is purged', async () => {
    await root.run(lines.deb);
    expect(await root.run('locality-tune --version')).toBe(`${VERSION}\n`);
    expect(await root.run(`${lines.completion}; complete -p locality-tune`)).toContain('locality-tune');
    // The first line is for those who have a watcher. On a terminal the second one asks.
    const [, undo = '', purge = ''] = commandsOf('Uninstall', 'README.md').join('\n').split('\n');
    await root.run(`${undo.replace('--all', '--all --yes')}\n${purge}`);
    expect(await root.run('command -v locality-tune || echo gone')).toBe('gone\n');
    expect(await root.run('ls -d /var/lib/locality-tune 2>&1 || true')).toContain('No such file');
  });

  it('bpftrace is installed, and then found', async () => {
    await root.run(lines.deb);
    await root.online(`sudo apt update\n${lines.bpftrace}`);
    const { checks } = JSON.parse(await root.run('locality-tune doctor -j || [ $? = 1 ]'));
    expect(checks.find(({ id }: { id: string }) => id === 'bpftrace')).toMatchObject({ ok: true });
    await root.run('apt purge locality-tune');
  });

  it('the archive is unpacked, and runs', async () => {
    await root.run(lines.tar);
    const program = `/opt/locality-tune-${VERSION}-linux-x64/bin/locality-tune`;
    expect(await root.run(`${program} --version`)).toBe(`${VERSION}\n`);
  });
});

it('a clone is built, packed and installed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'locality-tune-clone-'));
  try {
    await exec('git', ['clone', '--quiet', checkout, join(folder, 'clone')]);
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin/sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    const env = {
      ...process.env,
      PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      npm_config_prefix: folder,
    };
    const options = { cwd: join(folder, 'clone'), env, maxBuffer: 1 << 26 };
    await exec('bash', ['-euc', lines.clone], options);
    const { stdout } = await exec(join(folder, 'bin/locality-tune'), ['--version'], options);
    expect(stdout).toBe(`${VERSION}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 1_800_000);
