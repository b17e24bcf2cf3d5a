/** The scripts in real shells, on a terminal. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openScreen } from '../../tui/pty.ts';
import { ENTRY, run } from '../run.ts';

let folder = '';
let env: Record<string, string> = {};
beforeAll(async () => {
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
  env = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, XDG_CONFIG_HOME: folder };
});
afterAll(() => rmSync(folder, { recursive: true }));

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
});
