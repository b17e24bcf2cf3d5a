/** The npm package: for the Node of its user, with the addons of all architectures, and nothing to run at installation. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildAddon } from './addon.ts';
import { type Arch, type Origin, root } from './origin.ts';
import { billOfMaterials } from './sbom.ts';
import type { Options } from './tree.ts';

export const npmName = ({ manifest: { name, version } }: Origin): string => `${name}-${version}.tgz`;

/** What a user of the package needs of package.json. */
const FIELDS = [
  'name',
  'version',
  'description',
  'keywords',
  'license',
  'type',
  'os',
  'engines',
  'bin',
  'files',
  'gypfile',
  'dependencies',
];

/** Builds `file` in a folder beside it. npm gives all files the same date. */
export async function makeNpm(
  file: string,
  arches: readonly Arch[],
  origin: Origin,
  options: Options,
): Promise<void> {
  const folder = `${file}.folder`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ['dist', 'docs', 'CHANGELOG.md', 'SECURITY.md', 'README.md', 'LICENSE'])
    cpSync(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => !path.endsWith('.cache') && !path.includes('/.fresh.'),
    });
  for (const arch of arches) await buildAddon(arch, join(folder, `prebuilds/linux-${arch}.node`), options);
  writeFileSync(join(folder, 'sbom.cdx.json'), billOfMaterials(origin, null));
  const manifest = Object.fromEntries(FIELDS.map((field) => [field, origin.manifest[field]]));
  const cpu = [...arches];
  const files = [...(origin.manifest['files'] as readonly string[]), 'sbom.cdx.json'];
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...manifest, files, cpu }, null, 2)}\n`);
  const { stdout } = await promisify(execFile)('npm', ['pack', '--ignore-scripts', '--silent'], {
    cwd: folder,
  });
  const [packed = ''] = readdirSync(folder).filter((name) => name === stdout.trim());
  renameSync(join(folder, packed), file);
  rmSync(folder, { recursive: true });
}
