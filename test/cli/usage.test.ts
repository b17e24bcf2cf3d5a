/** What wrong or empty requests are answered with. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asFailure } from '../../src/cli/errors.ts';
import { failure } from '../../src/system/errors.ts';
import { run } from './run.ts';

const TREE = join(import.meta.dirname, '../fixtures/trees/bnxt');

it.each([
  [['inspect', '--root', '/dev/null'], '--root /dev/null: neither a directory nor an archive; name the '],
  [['inspect', '--root', '/none/such'], '--root /none/such: no such file or directory (ENOENT)\n'],
  [['snapshot', '-o', '/none/such', '--root', TREE], '-o /none/such: no such file or directory (ENOENT)\n'],
])('a file that cannot be used is named as the user named it: %j', async (args, text) => {
  const { status, stderr } = await run(args);
  expect(status).toBe(1);
  expect(stderr.startsWith(`locality-tune: ${text}`)).toBe(true);
});

describe('a usage error', () => {
  it.each([
    [['explain'], 'PROTOCOL, SOURCE and DESTINATION are missing'],
    [['explain', 'tcp'], 'SOURCE and DESTINATION are missing'],
    [['explain', 'tcp', '198.51.100.7:40001'], 'DESTINATION is missing'],
    [['explain', '198.51.100.7:40001', '192.0.2.10:443'], 'PROTOCOL is missing'],
    [['help', 'nope'], "help: unknown command 'nope'; see locality-tune --help\n"],
    [['help', 'inspct'], "help: unknown command 'inspct'; did you mean inspect?\n"],
    [['help', 'measure', 'skbb'], "help: unknown command 'skbb'; did you mean skb?\n"],
    [['help', 'measure', 'nope'], "help: unknown command 'nope'; see locality-tune measure --help\n"],
    [['inspect', '-i', 'eth0'], '-i is the interval of measure and live; an interface is --iface or -I'],
  ])('names what is wrong: %j', async (args, text) => {
    const { status, stderr } = await run(args);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
  });
});

describe('--root', () => {
  const NO_MACHINE = 'reads neither /proc nor /sys; omit --root';
  const LIVE = 'works only on the live machine; omit --root';
  it.each([
    [['fleet', 'a.json'], `fleet ${NO_MACHINE}`],
    [['schema', 'inspect'], `schema ${NO_MACHINE}`],
    [['findings'], `findings ${NO_MACHINE}`],
    [['programs'], `programs ${NO_MACHINE}`],
    [['balance', 'check', 'file.json'], `balance check ${NO_MACHINE}`],
    [['balance', 'plan', 'file.json'], `balance plan ${LIVE}`],
    [['balance', 'status'], `balance status ${LIVE}`],
    [['xdp', 'status'], `xdp status ${LIVE}`],
    [['measure', 'udp'], `measure udp ${LIVE}`],
  ])('is refused for the true reason: %j', async (args, text) => {
    const { status, stderr } = await run([...args, '--root', '/']);
    expect({ status, stderr }).toEqual({ status: 2, stderr: `locality-tune: --root: ${text}\n` });
  });
});

it('names the port on which nothing is', async () => {
  const { stdout } = await run(['inspect', '--root', TREE, '--port', '4567']);
  expect(stdout).toMatch(/^Nothing was seen on port 4567: no process listens on it with TCP, and no UDP/);
});

it.each([
  ['attach', true, false],
  ['inspect', true, true],
  ['status', true, false],
  ['undo', true, false],
])('the help of %s shows only options that it takes', async (command, netns, root) => {
  const { stdout } = await run([command, '--help']);
  expect([stdout.includes('--netns <name'), stdout.includes('--root <dir>')]).toEqual([netns, root]);
});

it('the help of measure skb shows neither --netns nor --root', async () => {
  const { stdout } = await run(['measure', 'skb', '--help']);
  expect(stdout).not.toMatch(/--netns <|--root </);
});

it('what only root could see is a missing privilege to others', () => {
  const unseen = failure('program-unknown', 'cannot see whether a program is attached', 'run as root');
  expect(asFailure(unseen).exit).toBe(process.geteuid?.() === 0 ? 1 : 77);
  expect(asFailure(failure('EPERM', 'not permitted', 'run as root')).exit).toBe(77);
});

it.each([
  ['/none/such', /^locality-tune UNKNOWN: --baseline \/none\/such: no such file or directory \(ENOENT\)\n$/],
  [import.meta.filename, /^locality-tune UNKNOWN: .*: is neither a saved plan nor a snapshot; use .*\n$/],
])('watch --once cannot tell without its baseline, %s', async (baseline, line) => {
  const { status, stdout, stderr } = await run(['watch', '--once', '--baseline', baseline]);
  if (process.geteuid?.() !== 0) return expect(status).toBe(77);
  expect({ status, stderr }).toEqual({ status: 3, stderr: '' });
  expect(stdout).toMatch(line);
});

it.each(['explain', 'inspect', 'live', 'plan', 'report', 'tune', 'watch'])(
  'an interface is -I to %s, as the hint for -i says',
  async (command) => {
    const { stdout } = await run([command, '--help']);
    expect(stdout).toContain('-I, --iface <name>');
  },
);

it.each([
  [['plan', '--port', '1', '--cpus', '0,99'], 2, '--cpus 0,99: 99 is not online; online are '],
  [['plan', '--port', '1', '--irq-cpus', '99'], 2, '--irq-cpus 99: 99 is not online; online are '],
  [['plan', '--port', '1'], 1, 'nothing to tune. tcp port 1: There is no reuseport group on this port; see '],
  [['demo', '--port', '0'], 2, "unknown option '--port'; see locality-tune demo --help"],
  [['live', '--recrod', 'x'], 2, "unknown option '--recrod'; did you mean --record?"],
  [['export', '--listen', '192.0.2.1:9'], 1, '--listen 192.0.2.1:9: no interface has this address; see '],
  [['measure', 'skb', '--pid', '4194304'], 1, '--pid 4194304: no such process; see `pgrep -a NAME`'],
  [['measure', 'udp', '--pid', '4194304'], 1, '--pid 4194304: no such process; see `pgrep -a NAME`'],
])('what is wrong is said in one line: %j', async (args, status, text) => {
  const ran = await run(args);
  expect([ran.status, ran.stderr]).toEqual([status, expect.stringContaining(text)]);
  expect(ran.stderr.match(/\n/g)).toHaveLength(1);
});

it.each([
  [['watch', '--install', '--uninstall'], '--install: cannot be combined with --uninstall; omit one of them'],
  [['watch', '--once', '--resume'], '--once: cannot be combined with --resume; omit one of them'],
])('watch does one thing at a time: %j', async (args, text) => {
  const { status, stderr } = await run(args);
  expect([status, stderr]).toEqual([2, `locality-tune: ${text}\n`]);
});

it.each([
  [['tune', '--seconds', '0'], "--seconds '0': must be a number of seconds from 1 to 3600"],
  [['attach', '--measure', '0'], "--measure '0': must be a number of seconds from 0.1 to 3600"],
  [['live', '--interval', '0.2'], "--interval '0.2': must be a number of seconds from 1 to 3600"],
  [['measure', 'udp', '--interval', '0'], "--interval '0': must be a number of seconds from 0.1 to 86400"],
  [['prove', '--round', '0'], "--round '0': must be a number of seconds from 4 to 3600"],
  [['balance', 'health', '--interval', '0'], "--interval '0': must be a number of seconds from 0.1 to 3600"],
])('a time that cannot be kept is refused: %j', async (args, text) => {
  const { status, stderr } = await run(args);
  expect([status, stderr]).toEqual([2, `locality-tune: ${text}\n`]);
});

/** A user who adds --yes and is refused then has been sent in a circle. */
it.each([
  [['apply', '--iface', 'nope'], 1, '--iface nope: no such interface'],
  [['tune', '--port', '1'], 1, 'nothing to tune. tcp port 1'],
  [['prove', '--port', '1', '--program', 'nope'], 2, "'nope': no such program"],
  [['xdp', 'spread', '--iface', 'nope', '--port', '1', '--by', 'flow'], 1, 'no such interface'],
  [['xdp', 'sport', '--iface', 'nope', '--port', '1', '--one-way'], 1, 'no such interface'],
  [['xdp', 'detach', '--iface', 'nope'], 1, 'no such interface'],
  [['balance', 'remove', '192.0.2.1'], 1, 'no interface here has a balancer'],
  [['balance', 'detach'], 1, 'no interface here has a balancer'],
])('%j says what is wrong before it asks for --yes', async (args, status, text) => {
  const ran = await run(args);
  if (process.geteuid?.() !== 0) return expect(ran.status).toBe(77);
  expect([ran.status, ran.stderr]).toEqual([status, expect.stringContaining(text)]);
  expect(ran.stderr).not.toContain('--yes');
});

it.each([
  [['--iface', 'nope'], '--iface nope: no such interface; there are: '],
  [['--port', '1'], '--port 1: no reuseport group is on this port, and none was; '],
])('watch --once cannot tell anything of what is not there: %j', async (scope, text) => {
  const { status, stdout } = await run(['watch', '--once', '--baseline', 'now', ...scope]);
  if (process.geteuid?.() !== 0) return expect(status).toBe(77);
  expect([status, stdout]).toEqual([3, expect.stringContaining(`locality-tune UNKNOWN: ${text}`)]);
});

it.each(['apply', 'tune'])('%s without a subject asks for one before it asks for --yes', async (command) => {
  const { status, stderr } = await run([command]);
  if (process.geteuid?.() !== 0) return expect(status).toBe(77);
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: 'locality-tune: no interface and no port is given; use --iface IF, --port PORT, or both\n',
  });
});

it.each([
  [[], 'omit --netns, and filter with --pid, --comm or --port'],
  [['--port', '1'], 'omit --netns'],
])(
  'measure skb %j is refused in a named network namespace, with a remedy that works',
  async (filter, remedy) => {
    const { status, stderr } = await run(['measure', 'skb', '--netns', `${process.pid}`, ...filter]);
    expect(status).toBe(2);
    expect(stderr).toContain(`counts the packets of all network namespaces; ${remedy}\n`);
  },
);
