/** Which words `prove` refuses, before it does anything. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { checkOptions, type ProveCommandOptions } from '../../../src/cli/prove/check-options.ts';
import { register } from '../../../src/cli/prove/prove.ts';

/** Its options as they are parsed. */
function parsed(args: readonly string[]): ProveCommandOptions {
  const program = new Command();
  register(program, null);
  const [command] = program.commands;
  if (command === undefined) throw new Error('no command');
  command.exitOverride().action(() => {});
  program.parse(['prove', ...args], { from: 'user' });
  return command.opts<ProveCommandOptions>();
}

const check = (...args: readonly string[]) => checkOptions(parsed(['--port', '80', ...args]));

describe('an option', () => {
  it.each([
    [['--group', 'a', '--all-groups'], 'only one of them can choose'],
    [['--group', 'tcp [::]:81'], 'must be the id of a TCP group on port 80'],
    [['--udp', '--group', 'tcp [::]:80'], 'must be the id of a UDP group on port 80'],
    [['--iface', 'eth0'], '--iface: only for --change plan'],
    [['--change', 'plan', '--weights', '1,1'], '--weights: only for --change program'],
    [['--change', 'plan', '--round', '6'], 'rounds of a plan have at least 30 s'],
    [['--udp', '--per', 'packet'], 'divided by datagrams'],
    [['--metric', 'number'], '--metric number: no number is given'],
    [['--metric', 'steal'], "--metric 'steal': must be one of worker-cpu, "],
    [['--command', 'a', '--url', 'http://b/'], 'only one of them can give the number'],
    [['--command', ' '], 'must name a program'],
    [['--url', 'ftp://b/'], 'must be a URL of http or https'],
    [['--until-clear', '--blocks', '5'], 'a look needs 6 blocks'],
    [['--require', 'none'], 'must be gain or no-loss'],
    [['--margin', '0'], 'must be a number of percent above 0, at most 100'],
    [['--better', 'bigger'], 'must be lower or higher'],
    [['--change', 'all'], 'must be program or plan'],
  ])('is refused: %j', (args, text) => {
    expect(() => check(...args)).toThrow(text);
  });

  it.each([
    [['--group', 'tcp 0.0.0.0:80']],
    [['--group', 'tcp [::]%eth1:80 group 2']],
    [['--udp', '--group', 'udp 0.0.0.0:80']],
    [['--change', 'plan', '--iface', 'eth0', '--round', '30']],
    [['--metric', 'number', '--command', '/bin/true']],
    [['--until-clear', '--blocks', '6']],
  ])('is accepted: %j', (args) => {
    expect(() => check(...args)).not.toThrow();
  });
});
