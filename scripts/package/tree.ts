/**
 * The tree that the archive, the .deb and the .rpm hold below their prefix:
 *
 *     bin/locality-tune                  starts the carried Node with the program
 *     lib/locality-tune/                 node, package.json, dist/, prebuilds/, node_modules/
 *     lib/systemd/system/                the unit of the watcher, for the link in /usr/local/bin that docs/install.md makes
 *     share/man/man1/, share/bash-completion/…, share/zsh/…, share/fish/…
 *     share/doc/locality-tune/           README, docs/, changelog, licences, bill of materials
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildAddon } from './addon.ts';
import { warmUp } from './code-cache.ts';
import { HEAPS } from './heaps.ts';
import { type Arch, modules, type Origin, root } from './origin.ts';
import { type Runtime, runtimeOf } from './runtime.ts';
import { billOfMaterials } from './sbom.ts';
import { units } from './units.ts';

/** NODE_OPTIONS is for another Node, and must not reach into a program that runs as root. */
const LAUNCHER = `#!/bin/sh
# Starts locality-tune with the Node.js that came with it.
unset NODE_OPTIONS
self=$0
[ -L "$self" ] && self=$(readlink -f "$self")
lib=\${self%/*}/../lib/locality-tune
# These run for long, beside servers: small heaps. Without a command it is the live view.
case \${1-} in
${Object.entries(HEAPS)
  .map(
    ([command, options]) => `${command === 'live' ? "live | ''" : command}) heap='${options.join(' ')}' ;;`,
  )
  .join('\n')}
*) heap= ;;
esac
[ -z "$heap" ] || export MALLOC_ARENA_MAX=1
exec "$lib/node" $heap "$lib/dist/src/cli/entry.js" "$@"
`;

export interface Options {
  /** Compiles the addon, even if it is in the cache. */
  readonly fresh: boolean;
  readonly say: (line: string) => void;
}

/** Lays the tree out in the folder `tree`, which it replaces. Throws what failed. */
export async function layOut(tree: string, arch: Arch, origin: Origin, options: Options): Promise<void> {
  const lib = join(tree, 'lib/locality-tune');
  const runtime = await runtimeOf(arch, options.say);
  rmSync(tree, { recursive: true, force: true });
  put(join(tree, 'bin/locality-tune'), LAUNCHER);
  copy(join(runtime.folder, 'bin/node'), join(lib, 'node'));
  put(join(lib, 'package.json'), manifestOf(origin));
  copyProgram(lib);
  copyDependencies(lib, origin);
  await buildAddon(arch, join(lib, `prebuilds/linux-${arch}.node`), options);
  options.say(`filling the code cache for ${arch}`);
  await warmUp(arch, lib);
  for (const [name, text] of units('/usr/local/bin/locality-tune'))
    put(join(tree, 'lib/systemd/system', name), text);
  copyPages(join(tree, 'share'));
  copyDocs(join(tree, 'share/doc/locality-tune'), runtime, origin);
  setModes(tree);
}

/** What the program reads of it. The entry file is CommonJS by a package.json of its own. */
function manifestOf({ manifest }: Origin): string {
  const { name, version, description, license, type } = manifest;
  return `${JSON.stringify({ name, version, description, license, type, private: true }, null, 2)}\n`;
}

/** dist/, without what has another place in the tree, and without the cache of the build's own Node. */
function copyProgram(lib: string): void {
  const left = new Set(
    ['man', 'completions', 'LICENSES', 'bundled.json'].map((name) => join(root, 'dist', name)),
  );
  cpSync(join(root, 'dist'), join(lib, 'dist'), {
    recursive: true,
    filter: (path) => !left.has(path) && !path.endsWith('.cache') && !path.includes('/.fresh.'),
  });
}

function copyDependencies(lib: string, { manifest }: Origin): void {
  for (const name of Object.keys(manifest.dependencies))
    cpSync(join(modules, name), join(lib, 'node_modules', name), {
      recursive: true,
      filter: (path) => !/\.(md|d\.ts)$/.test(path),
    });
}

/** Shell -> where it looks for completions, below share/. */
const COMPLETIONS: Readonly<Record<string, string>> = {
  bash: 'bash-completion/completions',
  zsh: 'zsh/vendor-completions',
  fish: 'fish/vendor_completions.d',
};

function copyPages(share: string): void {
  const man = join(root, 'dist/man');
  for (const name of readdirSync(man))
    put(join(share, `man/man${name.slice(-1)}`, `${name}.gz`), compressed(readFileSync(join(man, name))));
  for (const [shell, place] of Object.entries(COMPLETIONS))
    cpSync(join(root, 'dist/completions', shell), join(share, place), { recursive: true });
}

function copyDocs(doc: string, runtime: Runtime, origin: Origin): void {
  for (const name of ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE'])
    copy(join(root, name), join(doc, name));
  cpSync(join(root, 'docs'), join(doc, 'docs'), { recursive: true });
  put(join(doc, 'THIRD-PARTY-LICENSES'), licencesOf(runtime, origin));
  put(join(doc, 'sbom.cdx.json'), billOfMaterials(origin, runtime));
}

function licencesOf({ folder, version }: Runtime, { manifest }: Origin): string {
  const ofPackage = (name: string) =>
    `${name} ${manifest.dependencies[name]}\n\n${readFileSync(join(modules, name, 'LICENSE'), 'utf8')}`;
  return [
    readFileSync(join(root, 'dist/LICENSES'), 'utf8'),
    ...Object.keys(manifest.dependencies).map(ofPackage),
    `Node.js ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8')}`,
  ].join('\n\n');
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** zlib writes neither name nor time. */
const compressed = (text: Buffer): Buffer => gzipSync(text, { level: 9 });

/** Regardless of this machine's umask. Only two files are started; entry.js is not, it is given to Node. */
function setModes(tree: string): void {
  chmodSync(tree, 0o755);
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const started = path === join(tree, 'bin/locality-tune') || path === join(tree, 'lib/locality-tune/node');
    chmodSync(path, entry.isDirectory() || started ? 0o755 : 0o644);
  }
}
