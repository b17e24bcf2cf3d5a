import { describe, expect, it } from 'vitest';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { cpu, GROUP_PROGRAMS, generate, hash, map, rand, recognise } from '../../src/cbpf/programs.ts';
import type { Cpus } from '../../src/host/cpus.ts';
import type { Group } from '../../src/host/types.ts';
import { chooseProgram as chooseOn, type Wanted } from '../../src/steer/choose.ts';
import { group, pinned } from '../fixtures/hosts.ts';

const chooseProgram = (wanted: Wanted, of: Group, size: number, nodes: readonly Cpus[] = []) =>
  chooseOn(wanted, of, size, nodes);

describe('the choice of a program', () => {
  it('uses the size of the group and is silent if slots and CPUs agree', () => {
    expect(chooseProgram({ name: 'cpu' }, group({ workers: pinned(0, 1, 2, 3) }), 4)).toEqual({
      instructions: cpu(4),
      warnings: [],
    });
    expect(chooseProgram({ name: 'hash' }, group({ workers: pinned(0, 1) }), 2)).toEqual({
      instructions: hash(),
      warnings: [],
    });
  });

  it('warns of a size that is not the group’s', () => {
    expect(chooseProgram({ name: 'rand' }, group({ workers: pinned(0, 1, 2) }), 2).warnings).toEqual([
      '2 is less than the 3 sockets of the group: the last 1 will get no packets',
    ]);
    expect(chooseProgram({ name: 'rand' }, group({ workers: pinned(0, 1, 2) }), 5).warnings[0]).toMatch(
      /the kernel uses the hash/,
    );
  });

  it('warns if `cpu` would miss the workers, and suggests `map`', () => {
    const { warnings } = chooseProgram({ name: 'cpu' }, group({ workers: pinned(1, 0) }), 2);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/slot 0 on CPU 1, slot 1 on CPU 0.*--program map/);
    expect(
      chooseProgram({ name: 'cpu' }, group({ workers: [{ cpus: [0, 1] }, { cpu: 1 }] }), 2).warnings[0],
    ).toMatch(/1 of 2 workers/);
  });

  it('warns that `rand` breaks stateful protocols', () => {
    expect(
      chooseProgram({ name: 'rand' }, group({ protocol: 'udp', port: 443, workers: pinned(0, 1) }), 2)
        .warnings[0],
    ).toMatch(/QUIC/);
    expect(
      chooseProgram({ name: 'rand' }, group({ protocol: 'udp', port: 443, workers: pinned(0, 1) }), 2)
        .instructions,
    ).toEqual(rand(2));
  });

  it('makes `map` from the real slots, and says which it cannot reach', () => {
    expect(chooseProgram({ name: 'map' }, group({ workers: pinned(5, 3) }), 2)).toEqual({
      instructions: map(
        new Map([
          [3, 1],
          [5, 0],
        ]),
      ),
      warnings: [],
    });
    const { instructions, warnings } = chooseProgram(
      { name: 'map' },
      group({ workers: [{ cpu: 3 }, { cpu: 3 }, { cpus: [0, 1] }] }),
      3,
    );
    expect(instructions).toEqual(map(new Map([[3, 0]])));
    expect(warnings).toEqual([
      'no packets will go to slot 2: the worker is not pinned to one CPU',
      'no packets will go to slot 1: the worker of another slot is pinned to the same CPU',
    ]);
  });

  it('refuses `map` without slots or pins', () => {
    const guessed = group({ workers: pinned(0, 1), slotSource: 'guess' });
    expect(() => chooseProgram({ name: 'map' }, guessed, 2)).toThrow(
      expect.objectContaining({ code: 'slots-unknown' }),
    );
    const loose = group({ workers: [{ cpus: [0, 1] }, { cpus: [0, 1] }] });
    expect(() => chooseProgram({ name: 'map' }, loose, 2)).toThrow(
      expect.objectContaining({ code: 'not-pinned' }),
    );
  });

  it('binds sources to CPUs where each worker has one of its own, so that they survive a change of slots', () => {
    const wanted = { name: 'source-rendezvous' } as const;
    const { instructions, warnings } = chooseProgram(wanted, group({ workers: pinned(5, 3) }), 2);
    expect(warnings).toEqual([]);
    expect(recognise(instructions)).toEqual({
      name: 'source-rendezvous',
      keyOfSlot: new Map([
        [1, 3],
        [0, 5],
      ]),
    });
    for (const workers of [pinned(5, 5), [{ cpus: [0, 1] }, { cpu: 1 }]]) {
      const choice = chooseProgram(wanted, group({ workers }), 2);
      expect(choice.warnings[0]).toMatch(/assigned to slots/);
      expect(recognise(choice.instructions)).toMatchObject({
        keyOfSlot: new Map([
          [0, 0],
          [1, 1],
        ]),
      });
    }
  });

  it('finds the workers of each NUMA node, pinned to a CPU or not', () => {
    const workers = [{ cpu: 2 }, { cpus: [0, 1] }, { cpu: 0 }, { cpus: [1, 2] }];
    const nodes = [
      [0, 1],
      [2, 3],
      [4, 5],
    ];
    const { instructions, warnings } = chooseProgram({ name: 'numa' }, group({ workers }), 4, nodes);
    expect(recognise(instructions)).toMatchObject({
      nodes: [
        { cpus: [0, 1], slots: [1, 2] },
        { cpus: [2, 3], slots: [0] },
      ],
      spread: 'rand',
    });
    expect(warnings).toEqual([
      'no packets will go to slot 3: the worker may run on several nodes',
      '1 of 3 nodes have no worker: the hash chooses there',
    ]);
    const refuse = (more: object, cpus: number[][]) => () =>
      chooseProgram({ name: 'numa' }, group({ workers, ...more }), 4, cpus);
    expect(refuse({ slotSource: 'guess' }, nodes)).toThrow(
      expect.objectContaining({ code: 'slots-unknown' }),
    );
    expect(refuse({}, [])).toThrow(expect.objectContaining({ code: 'no-numa' }));
    expect(refuse({ workers: [{ cpus: null }] }, nodes)).toThrow(
      expect.objectContaining({ code: 'not-pinned' }),
    );
  });

  it('keeps a flow together on UDP, unless another choice is requested', () => {
    const spread = (protocol: 'tcp' | 'udp', by?: 'rand') => {
      const { instructions, warnings } = chooseProgram(
        { name: 'weighted', weights: [2, 1], by },
        group({ protocol, workers: pinned(0, 1) }),
        2,
      );
      return [recognise(instructions), warnings.join()];
    };
    expect(spread('udp')).toEqual([{ name: 'weighted', weights: [2, 1], spread: 'flow' }, '']);
    expect(spread('tcp')).toEqual([{ name: 'weighted', weights: [2, 1], spread: 'rand' }, '']);
    expect(spread('udp', 'rand')[1]).toMatch(/breaks QUIC.*--by flow/);
  });

  it('says which sockets the weights leave out', () => {
    const warningsOf = (...weights: number[]) =>
      chooseProgram({ name: 'weighted', weights }, group({ workers: pinned(0, 1) }), 2).warnings;
    expect(warningsOf(1)).toEqual(['1 weights for 2 sockets: the last 1 will get no packets']);
    expect(warningsOf(1, 1, 1)).toEqual([
      '3 weights for 2 sockets: for the other shares the kernel uses the hash',
    ]);
  });

  it('drains a group without moving what `cpu` sends to the others', () => {
    const drain = (program: 'cpu' | 'rand' | undefined) => {
      const workers = pinned(0, 1, 2);
      const wanted = { name: 'drain', drained: [1] } as const;
      const of = program === undefined ? group({ workers }) : group({ workers, program });
      return recognise(chooseProgram(wanted, of, 3).instructions);
    };
    expect(drain('cpu')).toEqual({ name: 'drain', size: 3, drained: [1], by: 'cpu' });
    expect(drain('rand')).toMatchObject({ by: 'rand' });
    expect(drain(undefined)).toMatchObject({ by: 'rand' });
    const all = { name: 'drain', drained: [0] } as const;
    expect(() => chooseProgram(all, group({ workers: pinned(0) }), 1)).toThrow(
      expect.objectContaining({
        code: 'impossible',
        message: expect.stringContaining('no slot would be left'),
      }),
    );
  });

  it('takes the user’s own program unchanged, with the hints for a group of that size', () => {
    const instructions: Instruction[] = [
      [0x20, 0, 0, 0xfffff024],
      [0x94, 0, 0, 3],
      [0x16, 0, 0, 0],
    ];
    const choice = chooseProgram(
      { name: null, file: 'steer.bpf', instructions },
      group({ workers: pinned(0, 1, 2, 3) }),
      4,
    );
    expect(choice).toEqual({
      instructions,
      warnings: [expect.stringMatching(/^instruction 1 \(mod #3\): .*slot 3 gets nothing/)],
    });
  });

  it('makes programs that are recognised again', () => {
    const of = group({ protocol: 'udp', workers: pinned(0, 1, 2) });
    for (const name of GROUP_PROGRAMS)
      expect(recognise(chooseProgram({ name }, of, 3, [[0, 1, 2]]).instructions)?.name).toBe(name);
    expect(chooseProgram({ name: 'queue' }, of, 3).instructions).toEqual(
      generate({ name: 'queue', size: 3 }),
    );
  });
});
