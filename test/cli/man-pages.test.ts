import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { manPages } from '../../scripts/man-pages.ts';
import { createProgram } from '../../src/cli/program.ts';

const pages = await manPages({ version: '1.2.3', date: '2026-01-31' });
const program = await createProgram([]);

/** A page as a person reads it. */
const read = (page: string): string =>
  spawnSync('mandoc', ['-Tutf8', '-Owidth=200'], { input: page, encoding: 'utf8' })
    // Bold and underlined letters are overstruck.
    .stdout.replaceAll(/.[\b]/g, '');

const all = (command: Command, name = command.name()): readonly (readonly [string, Command])[] => [
  [name, command],
  ...command.commands.flatMap((below) => all(below, `${name}-${below.name()}`)),
];

it.each([...pages])('%s is lint-clean', (_, page) => {
  const { stdout, status } = spawnSync('mandoc', ['-Tlint', '-W', 'style'], {
    input: page,
    encoding: 'utf8',
  });
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
});

describe.each(all(program))('%s', (name, command) => {
  const page = read(pages.get(`${name}.1`) ?? '');
  const help = command.createHelp();

  it('has a page with its name and description', () => {
    expect(page).toMatch(new RegExp(`^NAME\\n +${name} - `, 'm'));
    expect(page).toContain('1.2.3');
    expect(page).toContain('2026-01-31');
  });

  it('lists the options of its help', () => {
    const flags = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].map(
      (each) => each.flags,
    );
    for (const flag of flags) expect(page).toContain(`       ${flag.replace(/[<>]/g, '')}\n`.trimEnd());
  });
});

it('says what the help says, as the examples are', () => {
  const page = read(pages.get('locality-tune-asm.1') ?? '');
  expect(page).toContain("echo 'ld cpu; mod #4; ret a' | locality-tune asm --semicolons -\n");
  expect(page).toMatch(/^ARGUMENTS\n +FILE +the program; - is stdin$/m);
  expect(read(pages.get('locality-tune-attach.1') ?? '')).toMatch(
    /\n +--weights list\n +weighted: weights of slot 0, 1, …/,
  );
});

it('lists each document that has a schema in the page of JSON, and nothing of commands without JSON', () => {
  const page = read(pages.get('locality-tune-json.5') ?? '');
  const folder = join(import.meta.dirname, '../../docs/schemas');
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const names = texts.flatMap((text) => text.match(/(?<=")locality-tune\.[a-z-]+\/1(?=")/g) ?? []);
  expect(names.length).toBeGreaterThan(30);
  for (const name of names) expect(page).toMatch(new RegExp(`^ +${name.replace('.', '\\.')}(?: |$)`, 'm'));
  expect(page).toMatch(
    /locality-tune\.balance-plan\/1\s+printed by locality-tune-balance-check\(1\), locality-tune-balance-plan\(1\)/,
  );
  for (const name of ['completion', 'metrics', 'report', 'schema'])
    expect(page).not.toContain(`locality-tune.${name}/1`);
});

it('names every command in the page of the program', () => {
  const page = read(pages.get('locality-tune.1') ?? '');
  for (const { name } of program.commands.map((each) => ({ name: each.name() })))
    expect(page).toContain(`locality-tune-${name}(1)`);
});
