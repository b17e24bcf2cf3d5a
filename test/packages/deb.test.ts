/** The .deb on fresh Debian systems without Node.js, installed and removed as docs/install.md says. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { commandsOf } from './page.ts';
import { ALL_FILES, copyInto, freshRoot, type Root, type Suite } from './root.ts';

const exec = promisify(execFile);
const FILE = `locality-tune_${manifest.version}_amd64.deb`;
const [install = '', uninstall = ''] = commandsOf('Debian and Ubuntu');
const [remove = '', purge = ''] = uninstall.split('\n');

it.each(['amd64', 'arm64'])(
  'recommends bpftrace, and needs only the C and C++ libraries (%s)',
  async (arch) => {
    const file = join(inject('packages'), `locality-tune_${manifest.version}_${arch}.deb`);
    const field = async (name: string) => (await exec('dpkg-deb', ['--field', file, name])).stdout.trim();
    expect(await field('Architecture')).toBe(arch);
    expect(await field('Recommends')).toBe('bpftrace (>= 0.17)');
    const needs = (await field('Depends')).split(/, | \| /).map((each) => each.replace(/ .*/, ''));
    expect(needs).toEqual(['libc6', 'libgcc-s1', 'libgcc1', 'libstdc++6']);
  },
);

describe.each<Suite>(['bullseye', 'bookworm', 'trixie', 'forky'])('on Debian %s', (suite) => {
  let root: Root;
  let before = '';
  beforeAll(async () => {
    root = await freshRoot(suite);
    await copyInto(root, join(inject('packages'), FILE), FILE);
    before = await root.run(ALL_FILES);
    await root.run(install);
  });
  afterAll(() => root.close());

  it('has no other Node', async () => {
    expect(await root.run('command -v node nodejs || echo none')).toBe('none\n');
    expect(await root.run('locality-tune --version')).toBe(`${manifest.version}\n`);
  });

  it('inspects, also without root', async () => {
    const seen = JSON.parse(await root.run('locality-tune inspect -j'));
    expect(seen).toMatchObject({ schema: 'locality-tune.inspect/1', groups: [] });
    expect(seen.host.kernel).toBe((await root.run('uname -r')).trim());
    expect(await root.run('sudo -u nobody locality-tune inspect')).toContain('Run inspect as root');
  });

  it('says what works and what does not', async () => {
    // Exit status 1: there is no bpftrace.
    const { schema, checks } = JSON.parse(await root.run('locality-tune doctor -j || [ $? = 1 ]'));
    expect(schema).toBe('locality-tune.doctor/1');
    const bpftrace = checks.find(({ id }: { id: string }) => id === 'bpftrace');
    expect(bpftrace).toMatchObject({ ok: false, fix: expect.stringContaining('apt install bpftrace') });
  });

  it('shows the effect of a program', async () => {
    expect(await root.run('locality-tune demo')).toMatch(/accepted on its rxcpu .* 100\.0 %/);
  });

  it('has its manual where man finds it', async () => {
    const pages = await root.run('man -w locality-tune locality-tune-inspect 5 locality-tune-json');
    expect(pages.split('\n')).toContain('/usr/share/man/man1/locality-tune-inspect.1.gz');
    expect(await root.run('man locality-tune')).toMatch(/^NAME\n +locality-tune - /m);
  });

  it('completes command lines', async () => {
    const complete = `source /usr/share/bash-completion/bash_completion
      _completion_loader locality-tune || true
      COMP_WORDS=(locality-tune ins) COMP_CWORD=1 COMP_LINE='locality-tune ins' COMP_POINT=17
      spec=$(complete -p locality-tune); function=\${spec#*-F }; \${function%% *} locality-tune ins locality-tune
      echo "\${COMPREPLY[*]}"`;
    expect(await root.run(complete)).toMatch(/^inspect\b/);
  });

  it('asks only for libraries that its dependencies have', async () => {
    const missing =
      'ldd /usr/lib/locality-tune/node /usr/lib/locality-tune/prebuilds/*.node | grep -i "not found" || echo none';
    expect(await root.run(missing)).toBe('none\n');
  });

  it('removes its units, and leaves only the journals behind', async () => {
    await root.run(`mkdir -p /var/lib/locality-tune && echo {} > /var/lib/locality-tune/1.json
      mkdir -p /etc/systemd/system/{nginx,other}.service.d /etc/systemd/system/multi-user.target.wants
      cd /etc/systemd/system
      echo ExecStart=/usr/lib/locality-tune/node /usr/lib/locality-tune/dist/src/cli/entry.js apply > locality-tune-1.service
      ln -s /etc/systemd/system/locality-tune-1.service multi-user.target.wants/
      echo ExecStartPost=-+/usr/lib/locality-tune/node > nginx.service.d/locality-tune-tcp-80.conf
      echo ExecStartPost=/usr/local/lib/node > other.service.d/locality-tune-tcp-81.conf`);
    await root.run(remove);
    const left = new Set((await root.run(ALL_FILES)).split('\n'));
    for (const file of before.split('\n')) left.delete(file);
    const expected = [
      '/etc/systemd/system/multi-user.target.wants',
      '/etc/systemd/system/other.service.d',
      '/etc/systemd/system/other.service.d/locality-tune-tcp-81.conf',
      '/var/lib/locality-tune',
      '/var/lib/locality-tune/1.json',
    ];
    expect([...left].filter((file) => !/^\/etc\/systemd(\/system)?$/.test(file))).toEqual(expected);
    await root.run(purge);
    expect(await root.run('ls -d /var/lib/locality-tune 2>&1 || true')).toContain('No such file');
  });
});
