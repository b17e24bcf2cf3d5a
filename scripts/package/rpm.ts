/** The RPM package of a tree. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SYNOPSIS } from './deb.ts';
import { afterInstall, afterRemoval, beforeRemoval } from './maintainer.ts';
import { type Arch, type Origin, RPM_ARCH } from './origin.ts';
import { units } from './units.ts';

const RELEASE = '1';

export const rpmName = ({ manifest: { name, version } }: Origin, arch: Arch): string =>
  `${name}-${version}-${RELEASE}.${RPM_ARCH[arch]}.rpm`;

/** Builds `file` from `tree`, in a folder beside it. The same tree gives the same bytes. */
export async function makeRpm(
  tree: string,
  file: string,
  arch: Arch,
  origin: Origin,
  level: number,
): Promise<void> {
  const folder = `${tree}.rpm`;
  rmSync(folder, { recursive: true, force: true });
  const prefix = join(folder, 'root/usr');
  cpSync(tree, prefix, { recursive: true });
  // Debian's zsh looks for the completions of packages in a folder of its own.
  renameSync(join(prefix, 'share/zsh/vendor-completions'), join(prefix, 'share/zsh/site-functions'));
  for (const [name, text] of installed) {
    mkdirSync(join(prefix, 'lib/systemd/system'), { recursive: true });
    writeFileSync(join(prefix, 'lib/systemd/system', name), text);
  }
  const spec = join(folder, 'locality-tune.spec');
  writeFileSync(spec, specOf(origin, level));
  const definitions = {
    _topdir: folder,
    _rpmdir: folder,
    _build_name_fmt: 'built.rpm',
    _buildhost: 'localhost',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
  };
  const defined = Object.entries(definitions).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  await promisify(execFile)(
    'rpmbuild',
    ['-bb', '--quiet', '--target', `${RPM_ARCH[arch]}-linux`, ...defined, spec],
    {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(origin.date) },
      maxBuffer: 1 << 26,
    },
  );
  renameSync(join(folder, 'built.rpm'), file);
  rmSync(folder, { recursive: true });
}

const installed = units('/usr/bin/locality-tune');

/** The tree is ready: nothing may be stripped, compressed or moved any more. */
function specOf({ manifest, date }: Origin, level: number): string {
  const { name, version, license } = manifest;
  const files = [
    '/usr/bin/locality-tune',
    '/usr/lib/locality-tune',
    ...[...installed.keys()].map((unit) => `/usr/lib/systemd/system/${unit}`),
    '%doc /usr/share/doc/locality-tune',
    '%doc /usr/share/man/man*/locality-tune*',
    '/usr/share/bash-completion/completions/locality-tune',
    '/usr/share/zsh/site-functions/_locality-tune',
    '/usr/share/fish/vendor_completions.d/locality-tune.fish',
  ];
  const when = new Date(date * 1000).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) .*/, '$1 $3 $2 $4');
  return `%global debug_package %{nil}
%global _build_id_links none
%global __os_install_post %{nil}
%global _binary_payload w${level}.xzdio
Name: ${name}
Version: ${version}
Release: ${RELEASE}
Summary: ${SYNOPSIS.replace(/^s/, 'S')}
License: ${license}
Recommends: bpftrace >= 0.17
# The addon and Node are for this program only.
AutoProv: no

%description
locality-tune shows on which CPUs a server receives, reads and sends its
packets, explains why these CPUs differ, and makes them the same on the
running server, with a way back.

It brings its own Node.js. Without bpftrace it cannot measure, and does not
know which worker has which slot of a reuseport group.

%install
mkdir -p %{buildroot}
cp -a %{_topdir}/root/. %{buildroot}

%files
%defattr(-,root,root)
${files.join('\n')}

%post
${afterInstall}

%preun
if [ "$1" = 0 ]; then
${beforeRemoval}
fi

%postun
if [ "$1" = 0 ]; then
${afterRemoval}
fi

%changelog
* ${when} the locality-tune authors <noreply@locality-tune.invalid> - ${version}-${RELEASE}
- See /usr/share/doc/locality-tune/CHANGELOG.md
`;
}
