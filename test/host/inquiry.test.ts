import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../../src/cbpf/instruction.ts';
import { cpu, map } from '../../src/cbpf/programs.ts';
import { addAnswer, missing, toReading } from '../../src/host/inquiry.ts';
import type { Answer } from '../../src/host/slot-probe.ts';

interface State {
  readonly slots: readonly number[];
  readonly program?: readonly (readonly [number, number, number, number])[];
}

/** What slots.bt answers for one index of a group in that state. */
function answer({ slots, program = [] }: State, index: number): Answer {
  const bytes = encode(program);
  const word = index < program.length ? new DataView(bytes.buffer).getBigUint64(8 * index, true) : 0xdeadn;
  return {
    token: 1,
    index,
    asked: slots[0] ?? 0,
    size: slots.length,
    program: program.length > 0 ? 'cbpf' : 'none',
    withIncomingCpu: 0,
    length: program.length,
    inode: slots[index] ?? 0xdead,
    incomingCpu: -1,
    word,
    address: program.length > 0 ? 'ffffc900013e9000' : '0',
    group: 'ffff88810a3c5000',
    name: '',
  };
}

function ask(state: State, indices: readonly number[], answers = new Map<number, Answer>()) {
  for (const index of indices) addAnswer(answers, answer(state, index));
  return answers;
}

describe('the answers of one group', () => {
  it('make the group, in whatever order and however often they come', () => {
    const group = fc.record({
      slots: fc.uniqueArray(fc.integer({ min: 1 }), { minLength: 1, maxLength: 60 }),
      program: fc.constantFrom(
        [],
        cpu(4),
        map(
          new Map([
            [3, 0],
            [5, 1],
            [64, 2],
            [65, 3],
          ]),
        ),
      ),
    });
    fc.assert(
      fc.property(group, fc.nat(60), fc.infiniteStream(fc.nat()), (state, expected, random) => {
        const answers = new Map<number, Answer>();
        let open = missing(answers, expected);
        for (let round = 0; open.length > 0; round++) {
          expect(round).toBeLessThan(100);
          // Every other answer gets lost.
          const heard = open.filter((_, position) => position === 0 || (random.next().value ?? 0) % 2 === 0);
          ask(state, heard.reverse(), answers);
          open = missing(answers, expected);
        }
        expect(toReading(answers)).toMatchObject({
          slots: state.slots,
          selection: state.program.length > 0 ? 'cbpf' : 'hash',
          program: state.program.length > 0 ? { kind: 'cbpf', instructions: state.program } : null,
        });
      }),
    );
  });

  it('are void when the group changes in between', () => {
    const before = { slots: [11, 12, 13], program: cpu(3) };
    const answers = ask(before, [0, 1]);
    ask({ slots: [11, 13], program: cpu(3) }, [2], answers);
    expect(missing(answers, 3)).toEqual([0, 1]);
    expect(toReading(answers)).toBeNull();
  });

  it('are void when one socket is in two slots: it moved into a hole', () => {
    const answers = ask({ slots: [11, 12, 13] }, [2]);
    ask({ slots: [11, 13, 14] }, [0, 1], answers);
    expect(missing(answers, 3)).toEqual([]);
    expect(toReading(answers)).toBeNull();
  });

  it('include SO_INCOMING_CPU, if the kernel uses it', () => {
    const reading = (withIncomingCpu: number) =>
      toReading(new Map([[0, { ...answer({ slots: [11] }, 0), withIncomingCpu, incomingCpu: 3 }]]));
    expect(reading(1)).toMatchObject({
      selection: 'incoming_cpu',
      incomingCpus: [3],
      incomingCpuHonoured: true,
    });
    expect(reading(-1)).toMatchObject({ selection: 'hash', incomingCpus: [3], incomingCpuHonoured: false });
  });

  it('name an eBPF program', () => {
    const ebpf = { ...answer({ slots: [11] }, 0), program: 'ebpf' as const, name: 'quic_select' };
    expect(toReading(new Map([[0, ebpf]]))).toMatchObject({
      selection: 'ebpf',
      program: { kind: 'ebpf', name: 'quic_select' },
    });
  });

  it('give nothing for a socket without a group', () => {
    expect(toReading(ask({ slots: [] }, [0]))).toBeNull();
  });
});
