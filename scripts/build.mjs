// npm run build: the native addon to prebuilds/linux-<arch>.node, then TypeScript to dist/.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const native = join(root, 'native');
const stamp = join(native, 'build', '.stamp');
const prebuilds = join(root, 'prebuilds');
const addon = join(prebuilds, `linux-${process.arch}.node`);
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

/** What the addon depends on, and the addon itself: a changed or deleted one is built anew. */
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
  // The headers that npm has installed already: node-gyp would download them.
  const nodedir = existsSync(join(headers, 'include', 'node', 'node_api.h')) ? [`--nodedir=${headers}`] : [];
  run('node-gyp', ['rebuild', '--directory', native, '--silent', '--jobs=max', ...nodedir]);
  mkdirSync(prebuilds, { recursive: true });
  // By rename: a running process has the old file mapped.
  const fresh = `${addon}.${process.pid}`;
  copyFileSync(join(native, 'build', 'Release', 'locality_tune.node'), fresh);
  renameSync(fresh, addon);
  writeFileSync(stamp, fingerprint());
}

buildAddon();
run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', root]);
