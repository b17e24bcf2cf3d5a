/** The sudoers example of SECURITY.md, through the real sudo, on a machine of its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/system/package.ts';
import { type Booted, openMachine } from './machine.ts';

const TUNE = '/usr/local/bin/locality-tune';

const example =
  /```sudoers\n(.*?)```/s.exec(readFileSync(join(packageRoot, 'SECURITY.md'), 'utf8'))?.[1] ?? '';

let machine: Booted;
beforeAll(async () => {
  machine = openMachine('sudoers', 'ip link add v0 type veth peer name v1');
  await machine.boot();
  machine.run(`groupadd netops; useradd -m -G netops looker; useradd -m other; mkdir -p /etc/sudoers.d`);
  machine.run(
    `cat > /etc/sudoers.d/locality-tune <<'END'\n${example}END\nchmod 440 /etc/sudoers /etc/sudoers.d/locality-tune`,
  );
});
afterAll(() => machine?.close());

/** For it.each, with a readable title. */
const rows = (all: readonly string[][]) => all.map((args) => [args.join(' '), args] as const);

const as = (user: string, ...words: string[]) => {
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  return machine.run(
    `cd / && setpriv --reuid ${user} --regid ${user} --init-groups env -i HOME=/tmp PATH=/tmp/evil:/usr/bin ` +
      `NODE_OPTIONS=--require=/tmp/evil.cjs LD_PRELOAD=/tmp/evil.so sudo -n ${quoted} 2>&1; true`,
  );
};

it('is accepted by visudo', () => {
  expect(machine.run('visudo -c')).toContain('/etc/sudoers.d/locality-tune: parsed OK');
});

it.each(
  rows([
    ['inspect', '--json'],
    ['inspect', '--no-slots', '--json'],
    ['inspect', '--iface', 'v0', '--json'],
    ['inspect', '--iface', 'v0', '--port', '80', '--json'],
    ['status', '--json'],
  ]),
)('lets the group run it as root, without the environment of the caller: %s', (_, args) => {
  machine.run(`echo "require('fs').writeFileSync('/tmp/pwned', '')" > /tmp/evil.cjs`);
  const printed = as('looker', TUNE, ...args);
  expect(printed).toContain(`{"schema":"locality-tune.${args[0]}/1"`);
  expect(machine.run('ls /tmp')).not.toContain('pwned');
});

it('shows processes of other users, as root sees them', () => {
  machine.run(
    `systemd-run -q --unit=web --uid=other python3 -m http.server 8080; ` +
      `for try in $(seq 600); do ss -ltn | grep -q :8080 && break; sleep 0.1; done`,
  );
  const { lone } = JSON.parse(as('looker', TUNE, 'inspect', '--no-slots', '--json'));
  expect(lone).toContainEqual(
    expect.objectContaining({ owners: [expect.objectContaining({ comm: 'python3' })] }),
  );
});

it.each(
  rows([
    ['apply', '--yes'],
    ['undo', '--yes'],
    ['live'],
    ['snapshot', '-o', '/etc/passwd', '--force'],
    ['inspect', '--root', '/root'],
    ['inspect', '--from', '/etc/shadow', '--json'],
    ['inspect', '--iface', 'v0', '--root', '/root', '--json'],
    ['inspect', '--iface', 'v0 --root /root'],
    ['inspect', '--iface', 'v0', '--json', '--netns', '1'],
    ['status', '--json', '--netns', '1'],
    ['--netns', '1', 'inspect', '--json'],
  ]),
)('lets nobody run anything else: %s', (_, args) => {
  expect(as('looker', TUNE, ...args)).toMatch(/a password is required/);
});

it('lets nobody else run anything', () => {
  expect(as('other', TUNE, 'inspect', '--json')).toMatch(/a password is required/);
});
