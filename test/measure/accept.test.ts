import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AcceptEvent, formatEvent, parseEvent, toAccepts, toPairs } from '../../src/measure/accept.ts';
import { percentOf } from '../../src/measure/percent.ts';
import { countsOf } from './counts.ts';

const comm = (pid: number) => (pid === 29333 ? 'nginx' : null);

describe('accepts of an interval', () => {
  it('are summed by listener, and matched where the CPU is the rxcpu', () => {
    const pairs = { '29333,7,8080,0,0': 502, '29333,7,8080,0,1': 507, '4711,4,80,1,1': 3 };
    const pairsSeen = toPairs(countsOf({ pairs }));
    expect(toAccepts(pairsSeen, comm)).toEqual({
      accepts: 1012,
      matched: 505,
      percent: 49.9,
      listeners: [
        { pid: 29333, comm: 'nginx', fd: 6, port: 8080, accepts: 1009, matched: 502 },
        { pid: 4711, comm: null, fd: 3, port: 80, accepts: 3, matched: 3 },
      ],
      pairs: [
        { pid: 4711, fd: 3, cpu: 1, rxcpu: 1, count: 3 },
        { pid: 29333, fd: 6, cpu: 0, rxcpu: 0, count: 502 },
        { pid: 29333, fd: 6, cpu: 0, rxcpu: 1, count: 507 },
      ],
      notes: [],
    });
  });

  it('may be empty', () => {
    expect(toAccepts(toPairs(countsOf({})), comm)).toMatchObject({ accepts: 0, percent: null, pairs: [] });
  });

  it('say which descriptor was not seen', () => {
    const pairs = { '1,0,80,0,-1': 2, '1,0,80,0,4294967295': 1 };
    const { pairs: read, notes } = toAccepts(toPairs(countsOf({ pairs })), comm);
    expect(read.map(({ fd, rxcpu }) => [fd, rxcpu])).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(notes).toEqual([expect.stringMatching(/^accepts without a known listener .*: 3$/)]);
  });

  it('add up, whatever is counted', () => {
    const cpu = fc.nat(511);
    const key = fc.tuple(fc.nat(9), fc.nat(3), fc.nat(2), cpu, fc.oneof(cpu, fc.constant(-1)));
    fc.assert(
      fc.property(fc.dictionary(key.map(String), fc.integer({ min: 1, max: 1e6 })), (pairs) => {
        const total = Object.values(pairs).reduce((sum, count) => sum + count, 0);
        const { listeners, pairs: read } = toAccepts(toPairs(countsOf({ pairs })), comm);
        const sum = (list: readonly { accepts: number }[]) => list.reduce((all, one) => all + one.accepts, 0);
        expect(sum(listeners)).toBe(total);
        expect(read).toHaveLength(Object.keys(pairs).length);
        const local = read
          .filter((pair) => pair.cpu === pair.rxcpu)
          .reduce((all, { count }) => all + count, 0);
        expect(listeners.reduce((all, { matched }) => all + matched, 0)).toBe(local);
      }),
    );
  });
});

describe('the line of an accept', () => {
  it('has the known form', () => {
    const line = 'cpu=#12 pid=29333 accept(3) -> fd=30 rxcpu=#12';
    expect(parseEvent(`${line}\n`)).toEqual({ cpu: 12, pid: 29333, fd: 3, newFd: 30, rxcpu: 12 });
    expect(formatEvent({ cpu: 12, pid: 29333, fd: 3, newFd: 30, rxcpu: 12 })).toBe(line);
  });

  it('is read back', () => {
    const event: fc.Arbitrary<AcceptEvent> = fc.record({
      cpu: fc.nat(8191),
      pid: fc.nat(4_194_304),
      fd: fc.option(fc.nat()),
      newFd: fc.nat(),
      rxcpu: fc.option(fc.nat(8191)),
    });
    fc.assert(
      fc.property(event, (each) => {
        expect(parseEvent(formatEvent(each).replaceAll('?', '-1'))).toEqual(each);
      }),
    );
  });

  it('is null for anything else', () => {
    fc.assert(fc.property(fc.string(), (text) => parseEvent(text) === null));
  });
});

describe('percentOf', () => {
  it('is whole only for the whole, and nothing only for nothing', () => {
    expect([percentOf(0, 0), percentOf(0, 9), percentOf(9, 9), percentOf(1, 8)]).toEqual([
      null,
      0,
      100,
      12.5,
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1e9 }), fc.integer({ min: 1 }), (total, some) => {
        const percent = percentOf(1 + (some % (total - 1)), total) ?? -1;
        expect(percent).toBeGreaterThan(0);
        expect(percent).toBeLessThan(100);
      }),
    );
  });
});
