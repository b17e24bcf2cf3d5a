import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/types.ts';
import { expectedLocality } from '../../src/path/expected.ts';
import { isFailure } from '../../src/system/errors.ts';
import { type HostChange, parseHostChange } from '../../src/what-if/change.ts';
import { group, host, nic, pinned, range } from '../fixtures/hosts.ts';

const change = (text: string): HostChange => {
  const parsed = parseHostChange(text);
  return typeof parsed === 'string' ? expect.fail(parsed) : parsed;
};
const made = (machine: Host, ...texts: string[]) => texts.reduce((of, text) => change(text)(of), machine);
const first = (of: Host) => of.nics[0] ?? expect.fail('no NIC');
const table = (of: Host) => first(of).rss?.indirection;
const local = (of: Host) => expectedLocality(of).map(({ now }) => now);

const eth = (queues: number, more: Parameters<typeof nic>[0] = {}) =>
  nic({
    queues,
    ...more,
    more: { channels: { rx: null, tx: null, combined: { current: queues, max: 8 }, other: null } },
  });
const web = group({ workers: pinned(0, 1, 2, 3) });
const machine = host({ nics: [eth(4, { rss: range(8).map((entry) => entry % 4) })], groups: [web] });

describe('a change', () => {
  it('does not change the given machine', () => {
    const before = structuredClone(machine);
    made(
      machine,
      'channels=8',
      'rss=equal 2',
      'irq=spread',
      'xps=irq',
      'rps=0-1',
      'workers=8',
      'program=map',
    );
    expect(machine).toEqual(before);
  });

  it('of the table writes what ethtool would', () => {
    expect(table(made(machine, 'rss=equal 3'))).toEqual([0, 1, 2, 0, 1, 2, 0, 1]);
    expect(table(made(machine, 'rss=equal 2 2'))).toEqual([2, 3, 2, 3, 2, 3, 2, 3]);
    expect(table(made(machine, 'rss=weight 3 1 0 0'))).toEqual([0, 0, 0, 0, 0, 0, 1, 1]);
    expect(table(made(machine, 'rss=weight 1 0 2'))).toEqual([0, 0, 2, 2, 2, 2, 2, 2]);
    const back = made(machine, 'rss=weight 0 1', 'rss=default');
    expect([table(back), first(back).rss?.isDefault]).toEqual([table(machine), true]);
  });

  it('of the channels grows and shrinks queues, and a default table with them', () => {
    const grown = first(made(machine, 'channels=8'));
    expect(grown.rxQueues.map(({ cpus }) => cpus)).toEqual([[0], [1], [2], [3], [], [], [], []]);
    expect(grown.rss?.indirection).toEqual(range(8));
    expect(grown.channels?.combined).toEqual({ current: 8, max: 8 });
    expect(first(made(machine, 'channels=2')).rss?.indirection).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
    expect(local(made(machine, 'channels=8', 'program=cpu'))).toEqual([null]);
    expect(local(made(machine, 'channels=8', 'workers=8', 'program=cpu', 'irq=spread'))).toEqual([1]);
  });

  it('of IRQs and XPS puts queue i on the i-th CPU', () => {
    const numa = host({
      numa: [range(4), [4, 5, 6, 7]],
      nics: [eth(4, { irqCpus: [0, 0, 0, 0], more: { numaNode: 0 } })],
    });
    const spread = first(made(numa, 'irq=spread', 'xps=irq'));
    expect(spread.rxQueues.map(({ cpus }) => cpus)).toEqual([[0], [1], [2], [3]]);
    expect(spread.txQueues.map(({ xpsCpus }) => xpsCpus)).toEqual([[0], [1], [2], [3]]);
    expect(first(made(numa, 'irq=6-7')).rxQueues.map(({ cpus }) => cpus)).toEqual([[6], [7], [6], [7]]);
    expect(first(made(numa, 'irq=spread', 'xps=irq', 'xps=off')).txQueues[2]?.xpsCpus).toEqual([]);
  });

  it('of IRQs uses one thread of each core first, and moves what shares a vector together', () => {
    const smt = host({ nics: [eth(4)] });
    const threads = {
      ...smt.machine,
      cpus: {
        ...smt.machine.cpus,
        online: range(4),
        numa: [],
        smtSiblings: [
          [0, 1],
          [2, 3],
        ],
      },
    };
    const placed = first(made({ ...smt, machine: threads }, 'irq=spread'));
    expect(placed.rxQueues.map(({ cpus }) => cpus)).toEqual([[0], [2], [1], [3]]);
    const shared = eth(4);
    const two = {
      ...shared,
      rxQueues: shared.rxQueues.map((queue) => ({ ...queue, irq: 32 + (queue.index >> 1) })),
    };
    expect(first(made(host({ nics: [two] }), 'irq=spread')).rxQueues.map(({ cpus }) => cpus)).toEqual([
      [0],
      [0],
      [1],
      [1],
    ]);
  });

  it('of RPS and RFS', () => {
    const rps = host({
      nics: [eth(2, { rps: [0, 1, 2, 3], rfsFlows: 4096 })],
      groups: [web],
      rpsSockFlowEntries: 32768,
    });
    expect(local(made(rps, 'rps=off'))).toEqual([null]);
    expect(local(made(rps, 'rps=off', 'rfs=off', 'program=cpu'))).toEqual([1]);
    expect(local(made(rps, 'rps=7', 'rfs=off', 'program=cpu'))).toEqual([0]);
  });

  it('of workers pins them one to each CPU, in slot order, under the program that is attached', () => {
    const attached = host({
      cpus: 8,
      nics: [eth(4)],
      groups: [group({ workers: pinned(3, 2, 1, 0), program: 'cpu' })],
    });
    expect(local(attached)).toEqual([0]);
    const [eight] = made(attached, 'workers=8').groups;
    expect(eight?.sockets.map(({ slot, cpus }) => [slot, ...cpus])).toEqual(
      range(8).map((cpu) => [cpu, cpu]),
    );
    expect(eight?.program?.asm).toBe('ld cpu\nmod #4\nret a');
    expect(local(made(attached, 'workers=4 4-7', 'program=map'))).toEqual([0]);
  });

  it('of the program follows the workers where it must', () => {
    const odd = host({ nics: [eth(4)], groups: [group({ workers: pinned(3, 2, 1, 0) })] });
    expect(local(made(odd, 'program=cpu'))).toEqual([0]);
    expect(local(made(odd, 'program=map'))).toEqual([1]);
    expect(local(made(odd, 'program=map', 'program=none'))).toEqual([0.25]);
    expect(made(odd, 'program=weighted 3,1,1,1').groups[0]?.program?.name).toBe('weighted');
    expect(made(odd, 'program=drain 2').groups[0]?.program?.name).toBe('drain');
  });

  it.each([
    ['channels=9', 'eth0: channels=9: it has at most 8'],
    ['rss=equal 5', 'eth0: rss: there is no queue 4: it has 4'],
    ['rss=weight 5 4', 'rss=weight: the sum of 9 exceeds a table of 8'],
    ['program=map', 'no worker is pinned'],
    ['irq=6-9', 'irq: CPU 8-9 is not online'],
    ['workers=2 99', 'workers: CPU 99 is not online'],
  ])('that the kernel would refuse, or that has nothing to go by, says so: %s', (text, message) => {
    const unpinned = { ...machine, groups: [group({ workers: [{ cpus: range(4) }] })] };
    expect(() => made(unpinned, text)).toThrow(message);
  });

  it('of channels is refused while the table names a queue that would disappear', () => {
    expect(() => made(machine, 'rss=weight 0 0 1 1', 'channels=2')).toThrow('names queue 3');
    expect(first(made(machine, 'rss=equal 2', 'channels=2')).rxQueues).toHaveLength(2);
  });

  it('that does not exist is refused with a list of those that do', () => {
    for (const text of [
      '',
      'speed=fast',
      'channels=0',
      'channels=x',
      'rss=even 2',
      'rss=weight 0 0',
      'rss=equal 0',
      'irq=near',
      'xps=on',
      'program=fast',
      'program=cpu 2',
      'program=weighted',
      'workers=0',
      'workers=2 x',
    ])
      expect(parseHostChange(text)).toMatch(/: (must be|not) /);
    expect(parseHostChange('rss=even')).toContain('rss=equal [N [FIRST]], rss=weight W…, rss=default');
  });

  it('accepts any typed text', () => {
    const words = fc.constantFrom(
      'channels',
      'rss',
      'irq',
      'xps',
      'rps',
      'rfs',
      'workers',
      'program',
      '=',
      ' ',
      'equal',
      'weight',
      'spread',
      'map',
      'numa',
      '4',
      '2-3',
      '0',
      ',',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 6 }).map((parts) => parts.join('')),
      fc.tuple(words, words, words).map(([name, one, other]) => `${name}=${one} ${other}`),
    );
    fc.assert(
      fc.property(text, (typed) => {
        const parsed = parseHostChange(typed);
        if (typeof parsed === 'string') return;
        try {
          parsed(machine);
        } catch (error) {
          if (!isFailure(error)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
