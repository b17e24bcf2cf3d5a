import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { breakCommand } from '../../src/report/commands.ts';

it('leaves a command that fits unchanged, and breaks others at spaces', () => {
  expect(breakCommand('echo 3 > /proc/irq/59/smp_affinity_list', '', 40)).toEqual([
    'echo 3 > /proc/irq/59/smp_affinity_list',
  ]);
  expect(breakCommand("for n in '0 32' '1 33' '2 34'; do set -- $n; done", '  ', 32)).toEqual([
    "  for n in '0 32' '1 33' \\",
    "    '2 34'; do set -- $n; done",
  ]);
});

it('means the same to a shell, wherever it was broken', () => {
  const word = fc.oneof(
    fc.stringMatching(/^[a-z0-9/._-]{1,40}$/),
    fc.stringMatching(/^'[a-z "\\$#]{0,60}'$/),
    fc.stringMatching(/^"[a-z '#]{0,60}"$/),
    fc.stringMatching(/^"([a-z ]|\\[ "\\]){0,30}"$/),
    fc.stringMatching(/^([a-z]|\\[ a-z"'\\]){1,30}$/),
  );
  const command = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));
  const cases = fc.sample(fc.tuple(command, fc.integer({ min: 16, max: 60 })), { numRuns: 500, seed: 1 });
  const words = (commands: readonly string[]) =>
    execFileSync('sh', {
      input: commands.map((each) => `printf '<%s>' ${each}; echo\n`).join(''),
      encoding: 'utf8',
    });
  const broken = cases.map(([text, room]) => breakCommand(text, '    ', room));
  broken.forEach((lines, at) => {
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(cases[at]?.[1] ?? 0);
  });
  expect(words(broken.map((lines) => lines.join('\n'))).split('\n')).toEqual(
    words(cases.map(([text]) => text)).split('\n'),
  );
});
