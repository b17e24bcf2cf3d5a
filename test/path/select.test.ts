import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { cpu, rand } from '../../src/cbpf/programs.ts';
import { memberSelector } from '../../src/path/select.ts';
import { type GroupFacts, group, pinned } from '../fixtures/hosts.ts';

const choose = (facts: GroupFacts, onCpu: number, rxQueue: number | null = 0) =>
  memberSelector(group(facts))(onCpu, rxQueue);
const load = (extension: number, size: number): Instruction[] => [
  [0x20, 0, 0, 0xfffff000 + extension],
  [0x94, 0, 0, size],
  [0x16, 0, 0, 0],
];
const workers = pinned(0, 1, 2, 3);
const HASH = { kind: 'uniform', by: 'hash', slots: 4 };

describe('a program', () => {
  it('that chooses by the CPU is run', () => {
    expect(choose({ workers, program: 'cpu' }, 6)).toEqual({ kind: 'slot', slot: 2 });
    expect(choose({ workers, program: new Map([[6, 1]]) }, 6)).toEqual({ kind: 'slot', slot: 1 });
  });

  it('leaves an index beyond the group to the hash, or to SO_INCOMING_CPU where that counts', () => {
    expect(choose({ workers, program: 'hash' }, 1)).toEqual(HASH);
    expect(choose({ workers, program: cpu(8) }, 5)).toEqual(HASH);
    const incoming = workers.map((worker, index) => ({ ...worker, incomingCpu: index }));
    const facts = { workers: incoming, program: 'hash' } as const;
    expect(choose(facts, 2)).toMatchObject({ kind: 'members' });
    expect(choose({ ...facts, more: { incomingCpuHonoured: false } }, 2)).toEqual(HASH);
    expect(choose({ ...facts, more: { incomingCpuHonoured: null } }, 2).kind).toBe('unknown');
  });

  it('that chooses by the rx queue sees its number + 1, if the driver records it', () => {
    expect(choose({ workers, program: load(24, 4) }, 0, 2)).toEqual({ kind: 'slot', slot: 3 });
    expect(choose({ workers, program: load(24, 4) }, 0, null).kind).toBe('unknown');
    expect(choose({ workers, program: 'cpu' }, 1, null)).toEqual({ kind: 'slot', slot: 1 });
  });

  it('that is random spreads evenly over its modulus, and over the group if that is smaller', () => {
    expect(choose({ workers, program: 'rand' }, 0)).toEqual({ kind: 'uniform', by: 'rand', slots: 4 });
    expect(choose({ workers, program: rand(3) }, 0)).toEqual({ kind: 'uniform', by: 'rand', slots: 3 });
    expect(choose({ workers, program: rand(9) }, 0)).toEqual({ kind: 'uniform', by: 'rand', slots: 4 });
  });

  it('that reads anything else decides nothing that can be known here', () => {
    const why = (program: Instruction[]) => choose({ workers, program }, 0);
    expect(why(load(32, 4))).toEqual({ kind: 'unknown', why: "the program also reads the NIC's hash" });
    expect(why([[0x30, 0, 0, 0], ...cpu(4)])).toEqual({
      kind: 'unknown',
      why: 'the program also reads the packet',
    });
    expect(why([[0x0d, 0, 0, 0]])).toMatchObject({ why: expect.stringContaining("can't be run") });
  });
});

it('goes on from a connected member to the next by hash, and sends nothing to a group that new flows do not meet', () => {
  const made = group({ workers });
  const connect = (...slots: readonly number[]) => ({
    ...made,
    sockets: made.sockets.map((socket, at) => ({ ...socket, connected: slots.includes(at) })),
  });
  const chances = (of: typeof made) => {
    const choice = memberSelector(of)(0, 0);
    return choice.kind === 'members'
      ? [...choice.chances].map(([{ slot }, chance]) => [slot, chance])
      : choice;
  };
  expect(chances(connect(0, 2))).toEqual([
    [1, 0.5],
    [3, 0.5],
  ]);
  expect(chances(connect(1))).toEqual([
    [0, 0.25],
    [2, 0.5],
    [3, 0.25],
  ]);
  expect(chances(connect())).toEqual(HASH);
  expect(memberSelector({ ...made, newFlows: false })(0, 0)).toEqual({
    kind: 'unknown',
    why: 'no new flow comes here: another group of the port takes them all',
  });
});

it('knows nothing of eBPF, of a selection that was not read, of an empty group', () => {
  const kind = (facts: GroupFacts) => choose(facts, 0).kind;
  expect(kind({ workers, more: { selection: 'ebpf' } })).toBe('unknown');
  expect(kind({ workers, more: { selection: null } })).toBe('unknown');
  expect(kind({ workers, more: { selection: 'cbpf' } })).toBe('unknown');
  expect(kind({ workers: [] })).toBe('unknown');
});

describe('SO_INCOMING_CPU', () => {
  it('has the chances of the kernel’s walk from the slot of the hash', () => {
    const cpus = fc.array(fc.option(fc.nat(3)), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(cpus, fc.nat(3), (incoming, onCpu) => {
        const made = group({
          workers: incoming.map((incomingCpu) => ({ cpu: 0, incomingCpu })),
          more: { selection: 'incoming_cpu' },
        });
        const chosen = incoming.map((_, start) => {
          const walk = [...incoming.keys()].map((step) => (start + step) % incoming.length);
          return walk.find((slot) => incoming[slot] === onCpu) ?? start;
        });
        const choice = memberSelector(made)(onCpu, 0);
        for (const socket of made.sockets) {
          const share = chosen.filter((slot) => slot === socket.slot).length / incoming.length;
          const chance = choice.kind === 'members' ? (choice.chances.get(socket) ?? 0) : 1 / incoming.length;
          expect(chance).toBeCloseTo(share, 10);
        }
      }),
    );
  });

  it('needs slots only if several members have the CPU', () => {
    const facts = (...incoming: number[]): GroupFacts => ({
      workers: incoming.map((incomingCpu) => ({ cpu: 0, incomingCpu })),
      slotSource: 'guess',
      more: { selection: 'incoming_cpu' },
    });
    expect(choose(facts(1, 2, 3), 2).kind).toBe('members');
    expect(choose(facts(1, 2, 2), 2).kind).toBe('unknown');
  });
});
