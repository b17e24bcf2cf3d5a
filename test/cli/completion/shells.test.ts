/** The scripts in real shells, on a terminal. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Header } from '../../../src/tune/journal.ts';
import { ENTRY } from '../../integration/cli.ts';
import { openScreen } from '../../tui/pty.ts';
import { run } from '../run.ts';

let folder = '';
let env: Record<string, string> = {};
/** The two sockets of a reuseport group. */
let group: readonly Server[] = [];
let port = '';
beforeAll(async () => {
  const first = await listening(0);
  const address = first.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  group = [first, await listening(address.port)];
  port = String(address.port);
  folder = mkdtempSync(join(tmpdir(), 'locality-tune-completion-'));
  const program = join(folder, 'locality-tune');
  // It shows the words that it was given; the shells' scripts get the program.
  const shows = 'printf got; printf " <%s>" "$@"; echo " end"';
  writeFileSync(
    program,
    `#!/bin/sh\n[ "$1" = completion ] || { ${shows}; exit; }\nexec '${process.execPath}' '${ENTRY}' "$@"\n`,
  );
  chmodSync(program, 0o755);
  writeFileSync(join(folder, 'web 07.json'), '');
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(join(folder, shell), (await run(['completion', shell])).stdout);
  const state = join(folder, 'state');
  mkdirSync(join(state, 'journals'), { recursive: true });
  writeFileSync(join(state, 'journals', `${JOURNAL}.jsonl`), `${JSON.stringify(HEADER)}\n`, { mode: 0o600 });
  env = {
    PATH: `${folder}:${process.env['PATH']}`,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    LOCALITY_TUNE_STATE: state,
  };
});
afterAll(() => {
  for (const server of group) server.close();
  rmSync(folder, { recursive: true });
});

const JOURNAL = '4711';
const HEADER: Header = {
  record: 'journal',
  version: 1,
  time: '2026-01-01T00:00:00.000Z',
  bootId: 'b',
  netns: 1,
  netnsCookie: null,
  by: { user: null, command: 'locality-tune apply', version: '0.1.0' },
};

function listening(wanted: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ host: '127.0.0.1', port: wanted, reusePort: true }, () => resolve(server));
  });
}

/** Begun, and whole: what only this machine knows. */
const dynamic = (): readonly (readonly [begun: string, words: readonly string[]])[] => [
  [`attach --port ${port.slice(0, -1)}`, ['attach', '--port', port]],
  ['attach --program source-r', ['attach', '--program', 'source-rendezvous']],
  ['undo --journal 47', ['undo', '--journal', JOURNAL]],
];

const SHELLS = {
  bash: { args: ['--norc', '--noprofile'], setup: 'source ./bash' },
  zsh: { args: ['-f'], setup: 'autoload -Uz compinit && compinit -u -D && source ./zsh' },
} as const;

/** Types each line, a tab and its end; returns the words that the shell then had. */
async function complete(shell: keyof typeof SHELLS, lines: readonly string[]): Promise<string[]> {
  const { args, setup } = SHELLS[shell];
  const screen = openScreen('env', ['-C', folder, shell, ...args], { columns: 200, env });
  try {
    screen.type(`PS1='ready> '; ${setup}\r`);
    await screen.until(/^ready>$/m);
    const got: string[] = [];
    for (const line of lines) {
      screen.type(`clear\r`);
      await screen.until((text) => /^ready>\s*$/.test(text));
      screen.type(`${line}\t`);
      await screen.until(
        (text) => text.includes('ready> locality-tune') && changed(text, line),
        `${shell}: ${line}`,
      );
      screen.type('\r');
      got.push(/^got (.*) end$/m.exec(await screen.until(/^got .* end$/m))?.[1] ?? '');
    }
    return got;
  } finally {
    screen.kill('SIGKILL');
    await screen.ended;
  }
}

/** Is there more on the line than what was typed? */
function changed(text: string, typed: string): boolean {
  const shown = text.split('\n').findLast((line) => line.startsWith('ready> ')) ?? '';
  return shown.length > 'ready> '.length + typed.trimEnd().length;
}

describe.each(['bash', 'zsh'] as const)('%s', (shell) => {
  it('completes commands, options, values and files', async () => {
    const lines = ['insp', 'inspect --ifac', 'inspect --iface l', 'inspect --color=al', 'inspect --from we'];
    expect(
      await complete(
        shell,
        lines.map((line) => `locality-tune ${line}`),
      ),
    ).toEqual([
      '<inspect>',
      '<inspect> <--iface>',
      '<inspect> <--iface> <lo>',
      '<inspect> <--color=always>',
      '<inspect> <--from> <web 07.json>',
    ]);
  });

  it('completes ports of groups, programs and journals', async () => {
    const wanted = dynamic();
    const got = await complete(
      shell,
      wanted.map(([begun]) => `locality-tune ${begun}`),
    );
    expect(got).toEqual(wanted.map(([, words]) => words.map((word) => `<${word}>`).join(' ')));
  });

  it('evaluates nothing that was typed', async () => {
    const [got] = await complete(shell, ["locality-tune inspect --root '$(touch evil)' --no-sl"]);
    expect(got).toBe('<inspect> <--root> <$(touch evil)> <--no-slots>');
    expect(existsSync(join(folder, 'evil'))).toBe(false);
  });
});

it('fish completes commands, options, values and files', () => {
  const ask = (line: string) =>
    execFileSync('fish', ['--no-config', '-c', 'source ./fish; complete -C $argv[1]', '--', line], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
      .trim()
      .split('\n')
      .map((each) => each.split('\t')[0]);
  expect(ask('locality-tune insp')).toEqual(['inspect']);
  expect(ask('locality-tune inspect --ifac')).toEqual(['--iface']);
  expect(ask('locality-tune inspect --iface l')).toEqual(['lo']);
  expect(ask('locality-tune inspect --color=al')).toEqual(['--color=always']);
  expect(ask('locality-tune inspect --from we')).toEqual(['web 07.json']);
  for (const [begun, words] of dynamic()) expect(ask(`locality-tune ${begun}`)).toEqual(words.slice(-1));
});
