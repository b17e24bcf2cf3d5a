import type { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { type Candidates, candidates } from '../../../src/cli/completion/candidates.ts';
import { sourceOf, valuesOf } from '../../../src/cli/completion/values.ts';
import { createProgram } from '../../../src/cli/program.ts';

const program = await createProgram([]);

const at = async (line: string): Promise<Candidates> =>
  candidates(program, line.split(' ').slice(1), valuesOf);

async function offered(line: string): Promise<string[]> {
  return (await at(line)).offers.map(({ value }) => value);
}

describe('offers', () => {
  it.each<[string, string[]]>([
    ['locality-tune insp', ['inspect']],
    ['locality-tune measure ', ['skb', 'accept', 'udp', 'help']],
    ['locality-tune help meas', ['measure']],
    ['locality-tune help measure s', ['skb']],
    ['locality-tune inspect --ifa', ['--iface']],
    ['locality-tune inspect --port 1 --por', []],
    ['locality-tune inspect --iface lo --ifa', ['--iface']],
    ['locality-tune --color ', ['auto', 'always', 'never']],
    ['locality-tune inspect --color=al', ['--color=always']],
    ['locality-tune inspect -I l', ['lo']],
    ['locality-tune inspect --netns 1 -I l', ['lo']],
    ['locality-tune inspect --netns web -I l', []],
    ['locality-tune inspect --from web.json -I l', []],
    ['locality-tune plan --only irq,x', ['irq,xps']],
    ['locality-tune plan --only irq,ir', ['irq,irqbalance']],
    ['locality-tune watch --repair n', ['none', 'napi']],
    ['locality-tune measure skb --by ', ['use', 'free']],
    ['locality-tune sim x --by ', ['cpu', 'rand', 'flow']],
    ['locality-tune prove --metric n', ['number']],
    ['locality-tune findings worker-', ['worker-not-pinned']],
    ['locality-tune explain ', ['tcp', 'udp']],
    ['locality-tune explain tcp ', []],
    ['locality-tune inspect --with rss', ['rss=equal', 'rss=default']],
    ['locality-tune attach --program ma', ['map']],
    ['locality-tune attach --measure --dry', ['--dry-run']],
    ['locality-tune completion b', ['bash']],
    ['locality-tune nonsense ', []],
    ['locality-tune inspect -- --if', []],
  ])('%s', async (line, expected) => {
    expect(await offered(line)).toEqual(expected);
  });

  it.each([
    ['locality-tune inspect --from ', 'files'],
    ['locality-tune snapshot -o ', 'files'],
    ['locality-tune inspect --root ', 'folders'],
    ['locality-tune attach --program ', 'files'],
    ['locality-tune asm ', 'files'],
  ])('%s: %s', async (line, how) => {
    expect((await at(line)).how).toEqual([how]);
  });

  it('this process, by its name', async () => {
    const { offers } = await at('locality-tune attach --pid ');
    expect(offers).toContainEqual({
      value: String(process.pid),
      says: expect.stringMatching(/node|MainThread|vitest/),
    });
  });

  it('nothing that a shell would evaluate', async () => {
    const hostile = async () => ({
      how: [],
      offers: ['eth0', '$(reboot)', 'a b', 'a\nb', '`id`', "'", 'x;y'].map((value) => ({ value, says: '' })),
    });
    const found = await candidates(program, ['inspect', '--iface', ''], hostile);
    expect(found.offers.map(({ value }) => value)).toEqual(['eth0']);
  });
});

const all = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(all)];

describe('every command', () => {
  const options = all(program).flatMap((command) =>
    command.options
      .filter((option) => !option.hidden && (option.required || option.optional))
      .map((option): [Command, Option] => [command, option]),
  );
  const FROM_THE_MACHINE = ['--iface', '--port', '--pid', '--netns', '--journal'];

  it('decides what to offer for each of its options and arguments', () => {
    expect(options.length).toBeGreaterThan(80);
    for (const [command, option] of options) expect(() => sourceOf(option, { command })).not.toThrow();
    for (const command of all(program))
      for (const argument of command.registeredArguments)
        expect(() => sourceOf(argument, { command })).not.toThrow();
  });

  it('takes the values that are offered', async () => {
    for (const [command, option] of options.filter(
      ([, { long }]) => !FROM_THE_MACHINE.includes(long ?? ''),
    )) {
      const { offers } = await valuesOf(option, { command, given: new Map() }, '');
      for (const { value } of offers)
        if (!value.endsWith('='))
          expect(() => option.parseArg?.(value, undefined as never), `${option.long} ${value}`).not.toThrow();
    }
  });
});
