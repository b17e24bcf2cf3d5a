import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { styleOf } from '../../src/cli/output.ts';
import { openScreen } from '../tui/pty.ts';

const pipe = {};
const terminal = { isTTY: true, columns: 200 };

it('colours a terminal, unless the user or the terminal says no', () => {
  const color = (when: 'auto' | 'always' | 'never', stream: object, environment: Record<string, string>) =>
    styleOf(when, stream, environment).color;
  expect(color('auto', terminal, {})).toBe(true);
  expect(color('auto', pipe, {})).toBe(false);
  expect(color('auto', terminal, { NO_COLOR: '1' })).toBe(false);
  expect(color('auto', terminal, { NO_COLOR: '' })).toBe(true);
  expect(color('auto', terminal, { TERM: 'dumb' })).toBe(false);
  expect(color('auto', pipe, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(true);
  expect(color('auto', terminal, { FORCE_COLOR: '0' })).toBe(false);
  expect(color('always', pipe, { NO_COLOR: '1' })).toBe(true);
  expect(color('never', terminal, { FORCE_COLOR: '1' })).toBe(false);
});

it('draws rules on a terminal only, 100 columns wide at most', () => {
  expect(styleOf('auto', terminal, {})).toMatchObject({ rules: true, columns: 100 });
  expect(styleOf('auto', { isTTY: true, columns: 80 }, {})).toMatchObject({ columns: 80 });
  expect(styleOf('auto', { isTTY: true, columns: 0 }, {})).toMatchObject({ columns: 100 });
  expect(styleOf('always', pipe, {})).toMatchObject({ rules: false, columns: 100 });
});

it('goes beyond ASCII only where the locale does: LC_ALL, then LC_CTYPE, then LANG', () => {
  const unicode = (environment: Record<string, string>) => styleOf('auto', pipe, environment).unicode;
  expect(unicode({ LANG: 'de_DE.UTF-8' })).toBe(true);
  expect(unicode({ LANG: 'C.utf8' })).toBe(true);
  expect(unicode({ LANG: 'en_US.UTF-8', LC_ALL: 'C' })).toBe(false);
  expect(unicode({ LC_ALL: '', LC_CTYPE: 'POSIX', LANG: 'C.UTF-8' })).toBe(false);
  expect(unicode({})).toBe(false);
});

it('breaks a note at words on a terminal, and leaves it whole in a log', async () => {
  const module = new URL('../../src/cli/output.ts', import.meta.url).href;
  const note = 'the receiving CPU is that of the sender, and UDP over loopback has no tx of its own to count';
  const script = `import(${JSON.stringify(module)}).then((it) => it.createNotePrinter()([${JSON.stringify(note)}]))`;
  const screen = openScreen(process.execPath, ['-e', script], { columns: 60 });
  await screen.ended;
  expect(screen.lines().filter((line) => line !== '')).toEqual([
    'note: the receiving CPU is that of the sender, and UDP over',
    '      loopback has no tx of its own to count',
  ]);
  const { stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(stderr).toBe(`note: ${note}\n`);
});
