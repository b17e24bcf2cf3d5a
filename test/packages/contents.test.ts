/** What all packages have in common, and that a second build makes the same. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import bundled from '../../dist/bundled.json' with { type: 'json' };
import manifest from '../../package.json' with { type: 'json' };
import { SCRIPTS } from '../../probes/scripts.ts';
import { COMMANDS } from '../../src/cli/program.ts';
import { buildPackages } from './build.ts';
import { commandsOf } from './page.ts';

const exec = promisify(execFile);

/** Libraries of Node that its LICENSE has by another name, or as part of another one. */
const IN_NODE: Readonly<Record<string, string>> = {
  ares: 'c-ares',
  cldr: 'ICU',
  tz: 'ICU',
  unicode: 'ICU',
  uv: 'libuv',
};
/** nbytes and ncrypto are Node's own, under its licence. SQLite is in the public domain. */
const WITHOUT_LICENCE = ['nbytes', 'ncrypto', 'sqlite'];

it('is the same, byte for byte, if everything is built again', async () => {
  const again = await mkdtemp(join(tmpdir(), 'locality-tune-again-'));
  try {
    await buildPackages(again, '--fresh');
    const [first, second] = await Promise.all(
      [inject('packages'), again].map((folder) => readFile(join(folder, 'SHA256SUMS'), 'utf8')),
    );
    expect(second).toBe(first);
    expect(first?.trimEnd().split('\n')).toHaveLength(7);
  } finally {
    await rm(again, { recursive: true });
  }
}, 1_800_000);

it('has checksums that sha256sum accepts', async () => {
  const [, check = ''] = commandsOf('Build the packages');
  const { stdout } = await exec('sh', ['-c', check], { cwd: inject('packages') });
  expect(stdout.match(/: OK$/gm)).toHaveLength(7);
});

describe.each(['x64', 'arm64'])('the archive for %s', (arch) => {
  const title = `locality-tune-${manifest.version}-linux-${arch}`;
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'locality-tune-archive-'));
    await exec('tar', ['-xJf', join(inject('packages'), `${title}.tar.xz`), '-C', folder, '--exclude=node']);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const read = (path: string) => readFile(join(folder, title, path), 'utf8');

  it('is whole: program, probes, manual, completions, schemas and unit', async () => {
    const { stdout } = await exec('find', [join(folder, title), '-type', 'f', '-printf', '%P\\n'], {
      maxBuffer: 1 << 26,
    });
    const lib = 'lib/locality-tune';
    const manual = [...COMMANDS.keys()].map((name) => `share/man/man1/locality-tune-${name}.1.gz`);
    const probes = [...SCRIPTS.keys()].map((name) => `${lib}/dist/probes/${name}`);
    expect(stdout.trimEnd().split('\n')).toEqual(
      expect.arrayContaining([
        ...manual,
        ...probes,
        'bin/locality-tune',
        `${lib}/dist/src/cli/entry.js`,
        `${lib}/prebuilds/linux-${arch}.node`,
        `${lib}/dist/schemas/inspect.json`,
        'lib/systemd/system/locality-tune-watch.service',
        'share/man/man1/locality-tune.1.gz',
        'share/man/man5/locality-tune-json.5.gz',
        'share/bash-completion/completions/locality-tune',
        'share/zsh/vendor-completions/_locality-tune',
        'share/fish/vendor_completions.d/locality-tune.fish',
      ]),
    );
  });

  it('lists what it is made of, Node with its libraries too', async () => {
    const text = await read('share/doc/locality-tune/sbom.cdx.json');
    expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)).toBe(null);
    const bom = JSON.parse(text);
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    const names: string[] = bom.components.map(({ purl }: { purl: string }) => purl);
    for (const { name, version } of bundled)
      expect(names).toContain(`pkg:npm/${name.replace('@', '%40')}@${version}`);
    expect(names).toContain(`pkg:npm/systeminformation@${manifest.dependencies.systeminformation}`);
    const node = bom.components.find(({ name }: { name: string }) => name === 'node');
    expect(node).toMatchObject({ purl: `pkg:npm/node-linux-${arch}@${node.version}` });
    const libraries = node.components.map(({ name }: { name: string }) => name);
    expect(libraries).toEqual(expect.arrayContaining(['openssl', 'uv', 'v8', 'zlib']));
  });

  it('has the licence of everything in it', async () => {
    const licences = await read('share/doc/locality-tune/THIRD-PARTY-LICENSES');
    for (const { name, version } of [...bundled, { name: 'Node.js', version: '' }])
      expect(licences).toMatch(new RegExp(`^${name} ${version}`.replaceAll('.', '\\.'), 'm'));
    const bom = JSON.parse(await read('share/doc/locality-tune/sbom.cdx.json'));
    const node = bom.components.find(({ name }: { name: string }) => name === 'node');
    const parts: string[] = node.components.map(({ name }: { name: string }) => name);
    expect(parts.length).toBeGreaterThan(20);
    const ofNode = licences.slice(licences.indexOf('\nNode.js '));
    const missing = parts.filter(
      (name) => !new RegExp(`^- ${IN_NODE[name] ?? name}, located at`, 'im').test(ofNode),
    );
    expect(missing.sort()).toEqual(WITHOUT_LICENCE);
  });

  it('has a code cache for its own Node only', async () => {
    const { stdout } = await exec('sh', ['-c', `find ${folder} -name '*.cache' -o -name '*.node' | sort`]);
    const files = stdout.split('\n').map((path) => path.replace(/.*\//, ''));
    const cache = `${process.version}-${arch}.cache`;
    expect(files).toEqual([
      `main.js.${cache}`,
      `rest.js.${cache}`,
      `watch.js.${cache}`,
      `linux-${arch}.node`,
      '',
    ]);
  });
});
