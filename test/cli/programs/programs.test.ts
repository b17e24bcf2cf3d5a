import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { PROGRAM_NAMES, recognise } from '../../../src/cbpf/programs.ts';
import { BUILT, run } from '../run.ts';

describe('programs', () => {
  it('lists them, in 100 columns', async () => {
    const { status, stdout } = await run(['programs']);
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.slice(1, PROGRAM_NAMES.length + 1).map((line) => line.split(' ')[0])).toEqual(PROGRAM_NAMES);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('lists them as JSON, with what each costs where it is possible', async () => {
    const list = async (size: string) =>
      JSON.parse((await run(['programs', '--group-size', size, '-j'])).stdout);
    const { programs, ...rest } = await list('4');
    expect(rest).toEqual({ schema: 'locality-tune.programs/1', groupSize: 4 });
    expect(programs[0]).toMatchObject({ name: 'cpu', cost: { instructions: 3, longest: 3 } });
    expect(programs.map(({ name }: { name: string }) => name)).toEqual(PROGRAM_NAMES);
    const impossible = (await list('1')).programs.filter(
      ({ cost }: { cost: object | null }) => cost === null,
    );
    expect(impossible.map(({ name }: { name: string }) => name)).toEqual(['drain']);
    expect((await run(['programs', '--group-size', '32768'])).status).toBe(0);
  });

  it.each(PROGRAM_NAMES)('prints %s so that asm takes it back', async (name) => {
    const printed = await run(['programs', name, '--group-size', '6']);
    expect({ ...printed, stdout: '' }).toEqual({ status: 0, stderr: '', stdout: '' });
    expect(printed.stdout).toMatch(new RegExp(`^; ${name}: `));
    expect(printed.stdout).toMatch(/^; cost: \d+ instructions \(.*\); \d+ bytes of net\.core\.optmem_max$/m);
    for (const line of printed.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    const back = spawnSync(process.execPath, [BUILT, 'asm', '-', '-j'], {
      input: printed.stdout,
      encoding: 'utf8',
    });
    const { instructions, warnings } = JSON.parse(back.stdout);
    expect(warnings).toEqual([]);
    expect(recognise(instructions)?.name).toBe(name);
    const document = JSON.parse((await run(['programs', name, '--group-size', '6', '-j'])).stdout);
    expect(document).toMatchObject({ name, groupSize: 6, instructions });
  });

  it('makes them from the given parameters', async () => {
    const made = async (...args: string[]) =>
      recognise(JSON.parse((await run(['programs', ...args, '-j'])).stdout).instructions);
    expect(await made('map', '--cpus', '3,0-1')).toEqual({
      name: 'map',
      slotOfCpu: new Map([
        [0, 1],
        [1, 2],
        [3, 0],
      ]),
    });
    expect(await made('numa', '--cpus', '0,2,1,3', '--nodes', '0-1/2-3', '--by', 'flow')).toEqual({
      name: 'numa',
      nodes: [
        { cpus: [0, 1], slots: [0, 2] },
        { cpus: [2, 3], slots: [1, 3] },
      ],
      spread: 'flow',
    });
    expect(await made('drain', '--group-size', '6', '--drain', '1,4-5', '--by', 'cpu')).toEqual({
      name: 'drain',
      size: 6,
      drained: [1, 4, 5],
      by: 'cpu',
    });
    expect(await made('weighted', '--weights', '3,0,1')).toMatchObject({
      weights: [3, 0, 1],
      spread: 'rand',
    });
  });

  it.each([
    [['nope'], `'nope': no such program; there are: ${PROGRAM_NAMES.join(', ')}`],
    [['drain', '--drain', '9'], 'drain: slot 9 is not in a group of 8'],
    [['weighted', '--weights', '1,x'], "--weights '1,x': must be whole numbers separated by commas"],
    [['drain', '--drain', 'a'], "--drain 'a': must be a list of slots"],
    [['map', '--cpus', '1,,2'], "--cpus '1,,2': must be a list of CPUs"],
    [['numa', '--nodes', '0-3/'], "--nodes '0-3/': must be a list of CPUs for each node"],
    [['numa', '--by', 'chance'], "--by 'chance': must be cpu, rand or flow"],
    [['cpu', '--drain', '1'], '--drain: cpu does not use it; use it with drain'],
  ])('%j: one line, exit 2', async (args, message) => {
    const { status, stdout, stderr } = await run(['programs', ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
