import { describe, expect, it } from 'vitest';
import { cpu, hash, map, rand } from '../../src/cbpf/programs.ts';
import { chooseProgram } from '../../src/steer/choose.ts';
import { group, pinned } from '../fixtures/hosts.ts';

describe('the choice of a program', () => {
  it('takes the size of the group and says nothing where slots and CPUs agree', () => {
    expect(chooseProgram('cpu', group({ workers: pinned(0, 1, 2, 3) }), 4)).toEqual({
      instructions: cpu(4),
      warnings: [],
    });
    expect(chooseProgram('hash', group({ workers: pinned(0, 1) }), 2)).toEqual({
      instructions: hash(),
      warnings: [],
    });
  });

  it('warns of a size that is not the group’s', () => {
    expect(chooseProgram('rand', group({ workers: pinned(0, 1, 2) }), 2).warnings).toEqual([
      "2 is less than the group's 3 sockets: the last 1 will get nothing",
    ]);
    expect(chooseProgram('rand', group({ workers: pinned(0, 1, 2) }), 5).warnings[0]).toMatch(
      /falls back to the hash/,
    );
  });

  it('warns where `cpu` would miss the workers, and points to `map`', () => {
    const { warnings } = chooseProgram('cpu', group({ workers: pinned(1, 0) }), 2);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/slot 0 on CPU 1, slot 1 on CPU 0.*--program map/);
    expect(chooseProgram('cpu', group({ workers: [{ cpus: [0, 1] }, { cpu: 1 }] }), 2).warnings[0]).toMatch(
      /1 of 2 workers/,
    );
  });

  it('warns that `rand` breaks what has a state', () => {
    expect(
      chooseProgram('rand', group({ protocol: 'udp', port: 443, workers: pinned(0, 1) }), 2).warnings[0],
    ).toMatch(/QUIC/);
    expect(
      chooseProgram('rand', group({ protocol: 'udp', port: 443, workers: pinned(0, 1) }), 2).instructions,
    ).toEqual(rand(2));
  });

  it('makes `map` from the real slots, and says which it can not reach', () => {
    expect(chooseProgram('map', group({ workers: pinned(5, 3) }), 2)).toEqual({
      instructions: map(
        new Map([
          [3, 1],
          [5, 0],
        ]),
      ),
      warnings: [],
    });
    const { instructions, warnings } = chooseProgram(
      'map',
      group({ workers: [{ cpu: 3 }, { cpu: 3 }, { cpus: [0, 1] }] }),
      3,
    );
    expect(instructions).toEqual(map(new Map([[3, 0]])));
    expect(warnings).toEqual([
      'no CPU leads to slot 2: its worker is not pinned to one CPU',
      "no CPU leads to slot 1: another slot's worker is pinned to the same CPU",
    ]);
  });

  it('refuses `map` without slots or pins', () => {
    const guessed = group({ workers: pinned(0, 1), slotSource: 'guess' });
    expect(() => chooseProgram('map', guessed, 2)).toThrow(
      expect.objectContaining({ code: 'slots-unknown' }),
    );
    const loose = group({ workers: [{ cpus: [0, 1] }, { cpus: [0, 1] }] });
    expect(() => chooseProgram('map', loose, 2)).toThrow(expect.objectContaining({ code: 'not-pinned' }));
  });
});
