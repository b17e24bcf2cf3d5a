/** The Debian package of a tree. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterInstall, afterRemoval, beforeRemoval, purge } from './maintainer.ts';
import { type Arch, DEBIAN_ARCH, type Origin, root } from './origin.ts';
import { units } from './units.ts';

export const debName = ({ manifest: { name, version } }: Origin, arch: Arch): string =>
  `${name}_${version}_${DEBIAN_ARCH[arch]}.deb`;

/** Builds `file` from `tree`, in a folder beside it. The same tree gives the same bytes. */
export async function makeDeb(
  tree: string,
  file: string,
  arch: Arch,
  origin: Origin,
  level: number,
): Promise<void> {
  const folder = `${tree}.deb`;
  rmSync(folder, { recursive: true, force: true });
  cpSync(tree, join(folder, 'usr'), { recursive: true });
  const doc = join(folder, 'usr/share/doc/locality-tune');
  rmSync(join(doc, 'LICENSE'));
  put(join(doc, 'copyright'), copyright(origin));
  for (const [name, text] of units('/usr/bin/locality-tune'))
    put(join(folder, 'usr/lib/systemd/system', name), text);
  const files = filesIn(folder);
  put(join(folder, 'DEBIAN/control'), control(arch, origin, files));
  put(
    join(folder, 'DEBIAN/md5sums'),
    files.map((path) => `${md5(path)}  ${relative(folder, path)}\n`).join(''),
  );
  for (const [name, text] of Object.entries(scripts)) put(join(folder, 'DEBIAN', name), text, 0o755);
  await promisify(execFile)(
    'dpkg-deb',
    ['--root-owner-group', '-Zxz', `-z${level}`, '--build', folder, `${file}.new`],
    {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(origin.date) },
    },
  );
  renameSync(`${file}.new`, file);
  rmSync(folder, { recursive: true });
}

/** What Node and the addon need: glibc 2.28, and the libstdc++ of GCC 8 (test/packages compares it with the files). */
const DEPENDS = 'libc6 (>= 2.28), libgcc-s1 | libgcc1, libstdc++6 (>= 8)';

/** deb-control(5). Installed-Size is in KiB, each file rounded up. */
function control(arch: Arch, { manifest }: Origin, files: readonly string[]): string {
  const size = files.reduce((sum, path) => sum + Math.ceil(statSync(path).size / 1024), 0);
  return `Package: ${manifest.name}
Version: ${manifest.version}
Architecture: ${DEBIAN_ARCH[arch]}
Maintainer: the locality-tune authors <noreply@locality-tune.invalid>
Installed-Size: ${size}
Depends: ${DEPENDS}
Recommends: bpftrace (>= 0.17)
Section: net
Priority: optional
Description: ${SYNOPSIS}
 locality-tune shows on which CPUs a server receives, reads and sends its
 packets, explains why these CPUs differ, and makes them the same on the
 running server, with a way back.
 .
 It brings its own Node.js. Without bpftrace it cannot measure, and does not
 know which worker has which slot of a reuseport group.
`;
}

export const SYNOPSIS = 'see, measure and tune the CPU locality of packets';

const script = (...parts: readonly string[]) => `#!/bin/sh\nset -e\n${parts.join('\n')}\n`;

/** deb-prerm(5): `remove` is not an upgrade. */
const scripts: Readonly<Record<string, string>> = {
  postinst: script('if [ "$1" = configure ]; then', afterInstall, 'fi'),
  prerm: script('if [ "$1" = remove ]; then', beforeRemoval, 'fi'),
  postrm: script('if [ "$1" = remove ]; then', afterRemoval, 'fi', 'if [ "$1" = purge ]; then', purge, 'fi'),
};

/** https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/ */
function copyright({ manifest }: Origin): string {
  const [, holder = ''] = /^Copyright \(c\) (.*)$/m.exec(license) ?? [];
  const text = license
    .slice(license.indexOf('Permission'))
    .trimEnd()
    .replace(/^$/gm, '.')
    .replace(/^/gm, ' ');
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: ${manifest.name}
Comment: Node.js and the npm packages within have licences of their own: see
 THIRD-PARTY-LICENSES in this folder, and sbom.cdx.json for their list.

Files: *
Copyright: ${holder}
License: MIT
${text}
`;
}

const license = readFileSync(join(root, 'LICENSE'), 'utf8');

const md5 = (path: string): string => createHash('md5').update(readFileSync(path)).digest('hex');

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o755 });
  writeFileSync(path, text);
  chmodSync(path, mode);
}
