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

  it.each([
    ['eth0 is down: `ip link set eth0 up`', "eth0 is down: `ip netns exec web sh -c 'ip link set eth0 up'`"],
    ['see `ss -ltnp`, or', "see `ip netns exec web sh -c 'ss -ltnp'`, or"],
    ['first: `ethtool -K eth0 tx off`', "first: `ip netns exec web sh -c 'ethtool -K eth0 tx off'`"],
    ['use `ip netns exec` or --netns', 'use `ip netns exec` or --netns'],
    ['what `ethtool -X` set', 'what `ethtool -X` set'],
    ['(`tc qdisc del … clsact` does)', '(`tc qdisc del … clsact` does)'],
  ])('enters it with commands of other tools too: %s', (sentence, entered) => {
    expect(mentionNetns(sentence, web)).toBe(entered);
  });
});
