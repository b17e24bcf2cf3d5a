// npm run build: the native addon to prebuilds/linux-<arch>.node, one bundle for each program and each probe to dist/.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SCRIPTS } from '../probes/scripts.ts';
import { SCRIPTS as COMPLETIONS } from '../src/cli/completion/scripts.ts';
import { wrapper } from './code-cache.mjs';
import { buildParts } from './parts.mjs';

const root = join(import.meta.dirname, '..');
const native = join(root, 'native');
const stamp = join(native, 'build', '.stamp');
const prebuilds = join(root, 'prebuilds');
const addon = join(prebuilds, `linux-${process.arch}.node`);
const dist = join(root, 'dist');
/** What is in it. */
const KEPT = [
  'src',
  'tui',
  'probes',
  'completions',
  'man',
  'schemas',
  'findings.md',
  'LICENSES',
  'bundled.json',
];
/** A folder for this run: two runs at a time must not mix. */
const fresh = join(dist, `.fresh.${process.pid}`);
const headers = join(root, 'node_modules', `node-linux-${process.arch}`);

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}

/** Runs a program; its output is shown only when it fails. */
function run(file, args) {
  const done = spawnSync(file, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (done.error?.code === 'ENOENT') fail(`${file}: not found; run it as "npm run build", after "npm ci"`);
  if (done.status !== 0) {
    process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`);
    fail(`${file} failed (${done.error?.message ?? `exit status ${done.status ?? done.signal}`})`);
  }
}

/** What the addon depends on, and the addon itself: if any of it changes or is deleted, the addon is rebuilt. */
function fingerprint() {
  const hash = createHash('sha256');
  const sources = readdirSync(native, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(native, entry.name))
    .sort();
  const apis = ['node-addon-api', `node-linux-${process.arch}`].map((name) =>
    join(root, 'node_modules', name, 'package.json'),
  );
  for (const path of [...sources, ...apis, addon]) {
    const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

function buildAddon() {
  if (existsSync(addon) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()) return;
  const missing = ['g++', 'make', 'python3'].filter(
    (tool) => spawnSync(tool, ['--version']).error !== undefined,
  );
  if (missing.length > 0)
    fail(`${missing.join(', ')} missing; on Debian: apt-get install ${missing.join(' ')}`);
  // The headers that npm has already installed; node-gyp would download them.
  const nodedir = existsSync(join(headers, 'include', 'node', 'node_api.h')) ? [`--nodedir=${headers}`] : [];
  run('node-gyp', ['rebuild', '--directory', native, '--silent', '--jobs=max', ...nodedir]);
  mkdirSync(prebuilds, { recursive: true });
  // By rename: a running process has the old file mapped.
  const fresh = `${addon}.${process.pid}`;
  copyFileSync(join(native, 'build', 'Release', 'locality_tune.node'), fresh);
  renameSync(fresh, addon);
  writeFileSync(stamp, fingerprint());
}

/** For users who run the probes by hand; the program contains them. */
function writeProbes() {
  mkdirSync(join(fresh, 'probes'), { recursive: true });
  for (const [name, text] of SCRIPTS) writeFileSync(join(fresh, 'probes', name), text);
}

/** Under the names that the shells look for, for packages to install. */
function writeCompletions() {
  for (const [shell, { file, text }] of Object.entries(COMPLETIONS)) {
    mkdirSync(join(fresh, 'completions', shell), { recursive: true });
    writeFileSync(join(fresh, 'completions', shell, file), text);
  }
}

async function writeManPages() {
  // Imported here, after tsc, which reports a forgotten `npm ci`.
  const { manPages } = await import('./man-pages.ts');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  mkdirSync(join(fresh, 'man'), { recursive: true });
  for (const [name, text] of await manPages({ version, date: dateOfSources() }))
    writeFileSync(join(fresh, 'man', name), text);
}

/** YYYY-MM-DD of the newest commit, so that a build can be repeated; outside of a repository, of package.json. */
function dateOfSources() {
  const { stdout, status } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  const seconds =
    process.env.SOURCE_DATE_EPOCH ??
    (status === 0 ? stdout.trim() : statSync(join(root, 'package.json')).mtimeMs / 1000);
  return new Date(1000 * Number(seconds)).toISOString().slice(0, 10);
}

/**
 * Everything that a process runs in one CommonJS file, because finding, reading and linking 140 modules takes longer
 * than the rest of `inspect`. The old files stay until everything is built.
 */
async function bundle() {
  // Imported here, after tsc, which reports a forgotten `npm ci`.
  const { build } = await import('esbuild');
  const inputs = new Set();
  const note = ({ metafile }) => {
    for (const input of Object.keys(metafile.inputs)) inputs.add(input);
  };
  const toDist = async (entryPoints, options) =>
    note(await build({ ...common, entryPoints, outdir: fresh, outbase: root, ...options }));
  rmSync(fresh, { recursive: true, force: true });
  await toDist(['src/cli/entry.ts'], { plugins: [mainFromCache] });
  const parts = { ...common, outdir: fresh, plugins: [commanderAlone, viewApart], ...wrapper, ...compact };
  for (const part of await buildParts(build, parts)) note(part);
  await toDist(['tui/main.tsx'], {
    ...modern,
    outExtension: { '.js': '.mjs' },
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [inkAlone],
    minify: true,
    legalComments: 'none',
  });
  copyFileSync(join(root, 'scripts/boot-view.cjs'), join(fresh, 'tui/boot.cjs'));
  await toDist([
    'src/demo/client.ts',
    'src/demo/worker.ts',
    'src/prove/put-back-child.ts',
    'src/steer/set-program-child.ts',
    'src/system/with-tracefs.ts',
    'src/xdp/set-xdp-child.ts',
  ]);
  writeFileSync(join(fresh, 'src/package.json'), '{ "type": "commonjs" }\n');
  writeBundled(inputs);
  writeProbes();
  writeCompletions();
  await writeManPages();
  cpSync(join(root, 'docs/schemas'), join(fresh, 'schemas'), { recursive: true });
  copyFileSync(join(root, 'docs/findings.md'), join(fresh, 'findings.md'));
  for (const old of readdirSync(dist))
    if (!old.startsWith('.fresh.')) rmSync(join(dist, old), { recursive: true, force: true });
  for (const name of KEPT) renameSync(join(fresh, name), join(dist, name));
  rmSync(fresh, { recursive: true });
}

/**
 * What the bundles contain of other packages: LICENSES for people; bundled.json, an array of {name, version, license}, for the bill
 * of materials. The addon is compiled with the headers of node-addon-api.
 */
function writeBundled(inputs) {
  const folders = [...inputs, 'node_modules/node-addon-api/napi.h'].flatMap(
    (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  const packages = new Map();
  for (const folder of [...new Set(folders)].sort()) {
    const file = readdirSync(join(root, folder)).find((name) => /^licen[cs]e/i.test(name));
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const text =
      file === undefined ? licenceOf(name, license) : readFileSync(join(root, folder, file), 'utf8');
    packages.set(`${name} ${version}`, { text, facts: { name, version, license } });
  }
  const texts = [...packages].map(([title, { text }]) => `${title}\n\n${text}`);
  writeFileSync(join(fresh, 'LICENSES'), texts.join('\n\n'));
  const facts = [...packages.values()].map((each) => each.facts);
  writeFileSync(join(fresh, 'bundled.json'), `${JSON.stringify(facts, null, 2)}\n`);
}

/** Packages under the MIT License that come without its text, and the copyright in the head of their files. */
const MIT_WITHOUT_FILE = new Map([['yoga-layout', 'Copyright (c) Meta Platforms, Inc. and affiliates.']]);

/** The licence asks for its text in every copy. The project's own is the same, below its copyright. */
function licenceOf(name, license) {
  const holder = MIT_WITHOUT_FILE.get(name);
  if (holder === undefined || license !== 'MIT')
    fail(`${name} (${license}) has no licence file; add its text to build.mjs`);
  return readFileSync(join(root, 'LICENSE'), 'utf8').replace(/^Copyright .*$/m, holder);
}

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // An older Node must be able to read entry.ts, which says that Node is too old.
  target: 'node18',
  define: { 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' },
  external: ['systeminformation'],
  // A script from the code cache has no import() without an experimental warning; require() loads the same.
  supported: { 'dynamic-import': false },
  logLevel: 'warning',
  metafile: true,
};

const mainFromCache = {
  name: 'main from its code cache',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: join(root, 'scripts/cached-main.mjs') })),
};

/** Half the bytes to read at each start. Names stay, and lines stay short enough for a stack trace to be of use. */
const compact = { minifyWhitespace: true, minifySyntax: true, lineLimit: 200, legalComments: 'none' };

/** Ink awaits its layout engine while it is loaded, which only a module can; its dependencies require builtins. */
const modern = {
  format: 'esm',
  target: 'node22',
  supported: {},
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
};

/** The view is a bundle of its own, which a file that Node itself has loaded imports: see boot-view.cjs. */
const viewApart = {
  name: 'view apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/tui\/main\.tsx$/ }, () => ({ path: '../../tui/boot.cjs', external: true })),
};

/** Ink can connect to React's debugger, if that is installed. */
const inkAlone = {
  name: 'ink alone',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/devtools\.js$/ }, () => ({ path: 'nothing', namespace: 'stub' }));
    onLoad({ filter: /^nothing$/, namespace: 'stub' }, () => ({ contents: '' }));
  },
};

/**
 * commander can start programs as subcommands. There are none, and node:child_process takes 5 ms to load. So does node:process: esbuild
 * reads each property of what is imported whole, which sets up the three standard streams. Of node:fs, that loads another module.
 */
const commanderAlone = {
  name: 'commander alone',
  setup({ onResolve, onLoad }) {
    const stubs = { 'node:child_process': '{}', 'node:fs': '{}', 'node:process': 'process' };
    onResolve({ filter: /^node:(child_process|fs|process)$/ }, ({ path, importer }) =>
      importer.includes('/node_modules/commander/') ? { path, namespace: 'stub' } : null,
    );
    onLoad({ filter: /./, namespace: 'stub' }, ({ path }) => ({ contents: `export default ${stubs[path]}` }));
  },
};

/** Not fatal: without it the program is slower by 20 ms. */
function warmUp() {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/warm-up.mjs')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) console.error(`build: no code cache: ${stderr}`);
}

buildAddon();
run(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', root]);
await bundle();
warmUp();
