/** Options that come from the configuration file. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { TABLES } from '../../src/config/config.ts';
import { packageRoot } from '../../src/system/package.ts';
import { run } from './run.ts';

let folder = '';
beforeAll(() => {
  // Nobody else can write there, unlike in /tmp.
  folder = mkdtempSync(join(homedir(), 'locality-tune-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function config(text: string, mode = 0o644): string {
  const file = join(folder, 'locality-tune.conf');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

it('gives defaults, which the command line beats', async () => {
  const file = config('iface = "none-such"\n');
  const asConfigured = await run(['inspect', '--no-slots', '--config', file]);
  expect(asConfigured.stderr).toContain('--iface none-such: no such interface');
  const asked = await run(['inspect', '--no-slots', '--config', file, '--iface', 'other']);
  expect(asked.stderr).toContain('--iface other: no such interface');
  const elsewhere = await run([
    'inspect',
    '--root',
    join(import.meta.dirname, '../fixtures/trees/bnxt'),
    '--config',
    file,
    '-j',
  ]);
  expect(elsewhere.status).toBe(0);
});

it.each([
  ['port = 443\nprot = 80\n', 0o644, 2, /locality-tune\.conf:2: unknown key 'prot'; did you mean port\?\n$/],
  ['\nport = 77777\n', 0o644, 2, /locality-tune\.conf:2: --port '77777': must be a whole number/],
  ['port = 443\n', 0o666, 1, /can be written by others than its owner .*chmod go-w/],
])('%j, mode %i: exit %i', async (text, mode, status, stderr) => {
  const result = await run(['inspect', '--no-slots', '--config', config(text, mode)]);
  expect(result).toMatchObject({ status, stdout: '', stderr: expect.stringMatching(stderr) });
});

it('is refused by commands that take nothing from it, and must exist if it is named', async () => {
  expect((await run(['asm', '-', '--config', '/none/such'])).stderr).toContain(
    '--config: asm takes no defaults',
  );
  expect((await run(['inspect', '--config', '/none/such'])).stderr).toMatch(
    /read \/none\/such: .*ENOENT|no such file/,
  );
});

it('is shown by doctor', async () => {
  const ask = async (text: string) => {
    const { stdout } = await run(['doctor', '--no-probes', '-j', '--config', config(text)]);
    return (JSON.parse(stdout) as { checks: { id: string; ok: boolean; detail: string }[] }).checks.find(
      ({ id }) => id === 'config',
    );
  };
  expect(await ask('port = [80, 443]\n[watch]\nrepair = "irq"\n')).toMatchObject({
    ok: true,
    detail: expect.stringMatching(/: port=80,443 watch\.repair=irq$/),
  });
  expect(await ask('prot = 80\n')).toMatchObject({
    ok: false,
    detail: expect.stringContaining(":1: unknown key 'prot'"),
  });
});

it('has keys that are options, each of which the page explains', async () => {
  const program = await createProgram([]);
  const page = readFileSync(join(packageRoot, 'docs/configuration.md'), 'utf8');
  for (const [table, keys] of TABLES) {
    const command = program.commands.find((each) => each.name() === table);
    for (const key of keys) {
      expect(
        command?.options.map(({ long }) => long),
        table,
      ).toContain(`--${key}`);
      expect(page).toContain(`\`${key}\``);
    }
  }
});
