import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { mentionNetns } from '../../src/words/in-netns.ts';

/** Commands that read no machine, or are about the whole machine. */
const OF_NO_NAMESPACE = new Set([
  'findings',
  'balance check',
  'measure skb',
  'asm',
  'disasm',
  'check',
  'sim',
  'programs',
  'fleet',
  'demo',
  'doctor',
  'schema',
  'completion',
]);

const web = { asked: 'web', pid: null };

describe('a sentence that names a command, for somebody outside the namespace', async () => {
  const program = await createProgram([]);
  const leaves = (command: Command, above: readonly string[]): string[] =>
    command.commands.length === 0
      ? [[...above, command.name()].join(' ')]
      : command.commands.flatMap((each) =>
          leaves(each, command.parent === null ? [] : [...above, command.name()]),
        );
  const all = leaves(program, []);

  it('knows all commands', () => {
    expect(all).toContain('xdp spread');
    expect(all).toContain('balance status');
    for (const each of OF_NO_NAMESPACE) expect(all).toContain(each);
  });

  it.each(all)('%s', (command) => {
    const entering = OF_NO_NAMESPACE.has(command) ? '' : ' --netns web';
    expect(mentionNetns(`see \`locality-tune ${command}\`.`, web)).toBe(
      `see \`locality-tune ${command}${entering}\`.`,
    );
    expect(mentionNetns(`detach it first: locality-tune ${command} --iface eth0`, web)).toBe(
      `detach it first: locality-tune ${command}${entering} --iface eth0`,
    );
  });
});
