import { spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILT, ENTRY, run } from './run.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'locality-tune-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('help', () => {
  it('is shown without a command, by --help and by help', async () => {
    const [bare, long, word] = await Promise.all([run([]), run(['--help']), run(['help'])]);
    expect(long).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('Examples:') });
    expect(bare).toEqual(long);
    expect(word).toEqual(long);
    expect(long.stdout.match(/--netns </g)).toHaveLength(1);
  });

  it('of a command names its options and those of all commands', async () => {
    const { status, stdout } = await run(['inspect', '--help']);
    expect(status).toBe(0);
    for (const option of [
      '--iface',
      '--port',
      '--no-slots',
      '--sample',
      '--all',
      '--json',
      '--netns',
      '--root',
    ]) {
      expect(stdout).toContain(option);
    }
  });

  it('of every command fits 100 columns', async () => {
    const { stdout } = await run(['--help']);
    const listed = stdout.slice(stdout.indexOf('Commands:'), stdout.indexOf('Examples:'));
    const names = Array.from(listed.matchAll(/^ {2}([a-z]+)/gm), ([, name = '']) => [name]);
    expect(names.length).toBeGreaterThan(20);
    const commands = [[], ...names, ...['skb', 'accept', 'udp'].map((what) => ['measure', what])];
    const helps = await Promise.all(commands.map((command) => run([...command, '--help'])));
    for (const help of helps)
      for (const line of help.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it('prints the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(ENTRY, '../../../package.json'), 'utf8'));
    expect(await run(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('start-up', () => {
  async function loads(args: readonly string[], entry = ENTRY): Promise<readonly string[]> {
    const LOADS = join(folder, 'loads');
    const node = ['--import', join(import.meta.dirname, 'record-loads.ts')];
    await run(args, { entry, env: { LOADS }, node });
    return JSON.parse(readFileSync(LOADS, 'utf8'));
  }
  const heavy =
    /\.node$|systeminformation|node_modules\/(ink|react)\/|\/src\/(system\/native|host\/host|cbpf)/;

  it.each(['-V', '--version'])(
    '%s loads nothing else of the program, from sources or as built',
    async (word) => {
      const ofSources = (await loads([word])).filter((name) => name.includes('/src/'));
      expect(ofSources.map((name) => name.replace(/.*\/src\//, ''))).toEqual([
        'cli/entry.ts',
        'cli/version.ts',
        'system/package.ts',
      ]);
      // What the bundle of the program is loaded with.
      expect(await loads([word], BUILT)).not.toContain('node:vm');
    },
  );

  it.each(['--help', 'help'])('%s loads neither the addon nor ink nor systeminformation', async (word) => {
    const loaded = await loads([word]);
    expect(loaded.filter((name) => heavy.test(name))).toEqual([]);
    expect(loaded).toContainEqual(expect.stringContaining('src/cli/main.ts'));
  });

  it('of completion loads neither, also for names of this machine', async () => {
    const loaded = await loads(['completion', 'bash', '--', 'attach', '--port', '']);
    expect(loaded.filter((name) => heavy.test(name))).toEqual([]);
    expect(loaded).toContainEqual(expect.stringContaining('src/host/names.ts'));
  });

  it('of inspect does load them, so the test above can fail', async () => {
    const loaded = await loads(['inspect', '--iface', 'none-such']);
    expect(loaded).toContainEqual(expect.stringMatching(/\.node$/));
    expect(loaded).toContainEqual(expect.stringContaining('src/host/host.ts'));
  });

  it('of inspect --no-slots --json loads nothing that only slots and text need', async () => {
    const command = ['inspect', '--no-slots', '--json', '--port', '1'];
    const ofSources = await loads(command);
    expect(ofSources.filter((name) => /\/(slots|bpftrace|run|inspect-text)\.ts$/.test(name))).toEqual([]);
    const ofBundle = await loads(command, BUILT);
    expect(
      ofBundle.filter((name) => /systeminformation|^node:(crypto|child_process|readline)/.test(name)),
    ).toEqual([]);
    expect(ofBundle).toContainEqual(expect.stringMatching(/\.node$/));
  });

  it.each(['--help', 'help'])('as built, %s loads neither the addon nor systeminformation', async (word) => {
    const loaded = await loads([word], BUILT);
    expect(loaded.filter((name) => heavy.test(name))).toEqual([]);
    expect(loaded).toContain('node:vm');
  });

  it('as built runs from a code cache, and also if V8 rejects it', async () => {
    const isCache = (name: string) => name.endsWith('.cache');
    const codeCache = join(import.meta.dirname, '../../scripts/code-cache.mjs');
    const asksV8 = `import { loadProgram } from '${codeCache}';
      const program = loadProgram('${join(dirname(BUILT), 'main.js')}', process.getBuiltinModule);
      await program.main.exports.main(['programs', '--json']);
      console.error(...['main', 'watch', 'rest'].map((part) => program[part].script.cachedDataRejected))`;
    const answer = await run([], { entry: '--', node: ['--input-type=module', '-e', asksV8] });
    expect(answer).toMatchObject({ status: 0, stderr: 'false false false\n' });

    const copy = join(folder, 'built');
    const cli = join(copy, 'dist/src/cli');
    cpSync(join(BUILT, '../../../../package.json'), join(copy, 'package.json'));
    cpSync(join(BUILT, '../..'), join(copy, 'dist/src'), { recursive: true });
    for (const cache of readdirSync(cli).filter(isCache)) writeFileSync(join(cli, cache), 'none');
    const [built, copied] = await Promise.all(
      [BUILT, join(cli, 'entry.js')].map((entry) => run(['programs'], { entry })),
    );
    expect(built).toMatchObject({ status: 0, stderr: '' });
    expect(copied).toEqual(built);
  });

  it('as built explains findings with the page that the build packed', async () => {
    const [built, sources] = await Promise.all(
      [BUILT, ENTRY].map((entry) => run(['findings', '-j'], { entry })),
    );
    expect(built).toMatchObject({ status: 0, stderr: '' });
    expect(built).toEqual(sources);
  });

  it('says in one line that Node is too old, before anything newer is loaded', async () => {
    const old =
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.11.9" } })';
    const { status, stdout, stderr } = await run(['--version'], {
      node: ['--import', `data:text/javascript,${old}`],
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^locality-tune: Node 22\.11\.9 is too old; install Node 22\.12 or later .*\n$/);
    expect(readFileSync(ENTRY, 'utf8')).not.toMatch(/^import\b/m);
  });
});

describe('a wrong command line', () => {
  it.each([
    [['insepct'], "unknown command 'insepct'; did you mean inspect?"],
    [['frobnicate'], "unknown command 'frobnicate'; see locality-tune --help"],
    [['inspct', '--help'], "unknown command 'inspct'; did you mean inspect?"],
    [['--netns', 'inspect', 'inspct', '-h'], "unknown command 'inspct'; did you mean inspect?"],
    [['measure', 'foo'], "unknown command 'foo'; see locality-tune measure --help"],
    [
      ['measure', 'skb', 'x'],
      "too many arguments for 'skb'. Expected 0 arguments but got 1: x; see locality-tune measure skb --help",
    ],
    [['inspect', '--ifaec', 'eth0'], "unknown option '--ifaec'; did you mean --iface?"],
    [
      ['inspect', 'eth0'],
      "too many arguments for 'inspect'. Expected 0 arguments but got 1: eth0; see locality-tune inspect --help",
    ],
    [['inspect', '--port'], "option '--port <port>' argument missing; see locality-tune inspect --help"],
    [['inspect', '--port', '0'], "--port '0': must be a whole number from 1 to 65535"],
    [['inspect', '--port', '65536'], "--port '65536': must be a whole number from 1 to 65535"],
    [['inspect', '--port', '0x50'], "--port '0x50': must be a whole number from 1 to 65535"],
    [['inspect', '--sample', '-1'], "--sample '-1': must be a number of seconds from 0 to 3600"],
    [['inspect', '--color', 'red'], "--color 'red': must be one of auto, always, never"],
    [
      ['inspect', '--root', '/', '--netns', '1'],
      '--netns: a captured tree has no network namespaces; use either --netns or --root',
    ],
    [['attach', '--root', '/', '--port', '80'], '--root: attach works only on the live machine; omit --root'],
    [
      ['inspect', '--root', '/', '--sample', '1'],
      '--sample: a captured tree has nothing to count; omit --sample or --root',
    ],
  ])('%j: one line, exit 2', async (args, message) => {
    expect(await run(args)).toEqual({ status: 2, stdout: '', stderr: `locality-tune: ${message}\n` });
  });

  it('is reported as JSON if JSON was requested, before or after the mistake', async () => {
    const [after, before, unknown] = await Promise.all([
      run(['inspect', '--port', 'x', '-j']),
      run(['-jp', 'inspect', '--port', 'x']),
      run(['frobnicate', '--json']),
    ]);
    const error = {
      code: 'usage',
      message: "--port 'x': must be a whole number from 1 to 65535",
      hint: null,
    };
    expect(JSON.parse(after.stdout)).toEqual({ schema: 'locality-tune.inspect/1', error });
    expect(before).toEqual({ status: 2, stdout: after.stdout, stderr: '' });
    expect(JSON.parse(unknown.stdout)).toMatchObject({
      schema: 'locality-tune.error/1',
      error: { code: 'usage' },
    });
  });
});

describe('a missing object', () => {
  it.each([
    [
      ['--iface', 'none-such'],
      /^locality-tune: --iface none-such: no such interface; there are: .*\blo\b.*\n$/,
    ],
    [
      ['--netns', 'none-such'],
      /^locality-tune: --netns none-such: no such network namespace, process or running container; .*\n$/,
    ],
    [['--root', '/none/such'], /^locality-tune: --root \/none\/such: .*no such.*\n$/],
    [['--root', ENTRY], /^locality-tune: --root .*: not a valid \.tar or \.tar\.gz .*\n$/],
    [['--root', '/usr/share'], /^locality-tune: --root \/usr\/share: has neither proc nor sys; name .*\n$/],
    [['--iface', 'eth\x1b[2J\n0'], /^locality-tune: --iface eth\\x1b\[2J\\x0a0: no such interface; .*\n$/],
  ])('%j: one line, exit 1', async (args, line) => {
    const { status, stdout, stderr } = await run(['inspect', ...args]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(line);
  });
});

describe('output', () => {
  it('ends quietly when nobody reads it', async () => {
    expect(await run(['--help'], { stdout: 'closed' })).toMatchObject({ status: 0, stderr: '' });
  });

  it('that cannot be written is a failure, reported in one line', async () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = await run(['--help'], { stdout: full });
    closeSync(full);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^locality-tune: write stdout: .*no space left.*\n$/);
  });
});

describe('messages that cannot be written', () => {
  it.each([
    [['asm', '/none-such'], 1],
    [['asm', '--none-such'], 2],
  ])('%s: leave the failure a failure', (args, status) => {
    const full = openSync('/dev/full', 'w');
    const done = spawnSync(process.execPath, [BUILT, ...args], { stdio: ['ignore', 'pipe', full] });
    closeSync(full);
    expect(done.status).toBe(status);
  });
});

describe('inspect of a captured tree', () => {
  const interrupts = [
    '           CPU0       CPU1',
    ' 58:        100          0   PCI-MSIX-0000:00:05.0   1-edge      eth0-TxRx-0',
    ' 59:          0        100   PCI-MSIX-0000:00:05.0   2-edge      eth0-TxRx-1',
    '',
  ].join('\n');
  const tree = () => {
    const root = mkdtempSync(join(folder, 'tree-'));
    mkdirSync(join(root, 'proc'));
    writeFileSync(join(root, 'proc/interrupts'), interrupts);
    return root;
  };

  it('needs proc/interrupts only, and prints one document with the names of the contract', async () => {
    const { status, stdout, stderr } = await run(['--root', tree(), 'inspect', '-j']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual([
      'schema',
      'host',
      'nics',
      'groups',
      'lone',
      'paths',
      'expected',
      'findings',
      'notes',
    ]);
    expect(document).toMatchObject({ schema: 'locality-tune.inspect/1', host: { kernel: null }, groups: [] });
    expect(document.nics).toMatchObject([
      {
        name: 'eth0',
        rxQueues: [
          { irq: 58, cpus: [0] },
          { irq: 59, cpus: [1] },
        ],
      },
    ]);
    expect(stdout.split('\n')).toHaveLength(2);
  });

  it('indents for -p, which implies JSON', async () => {
    const { stdout } = await run(['inspect', '-p', '--root', tree()]);
    expect(stdout).toMatch(/^\{\n {2}"schema": "locality-tune.inspect\/1",\n/);
  });

  it('says in its text what such a tree does not contain', async () => {
    const { status, stdout } = await run(['inspect', '--root', tree()]);
    expect(status).toBe(0);
    expect(stdout).toContain('A captured tree has no workers');
    expect(stdout).toMatch(/^rx-0 +58 +0 /m);
  });

  it('uses colours only if requested', async () => {
    const root = tree();
    const coloured = (args: string[], env = {}) =>
      run(['inspect', '--root', root, ...args], { env }).then(({ stdout }) => stdout.includes('\x1b['));
    expect(
      await Promise.all([
        coloured([]),
        coloured(['--color', 'always'], { NO_COLOR: '1' }),
        coloured([], { FORCE_COLOR: '1' }),
        coloured(['--color', 'never'], { FORCE_COLOR: '1' }),
      ]),
    ).toEqual([false, true, true, false]);
  });
});
