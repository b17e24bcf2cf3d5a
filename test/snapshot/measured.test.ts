import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecorder } from '../../src/live/recording.ts';
import { parseMeasured } from '../../src/snapshot/measured.ts';
import { isFailure } from '../../src/system/errors.ts';
import { configurationOf, eight, historyOf } from '../fixtures/samples.ts';
import { cell, skbLine } from '../html/pages.ts';

const codeOf = (text: string): unknown => {
  try {
    return parseMeasured(text);
  } catch (error) {
    return isFailure(error) ? error.code : error;
  }
};

const changed = (change: object): string => JSON.stringify({ ...JSON.parse(skbLine(2)), ...change });

describe('a measurement', () => {
  it('is the sum of the lines of `measure skb -j`', () => {
    const measured = parseMeasured(`${skbLine(4)}\n${skbLine(4, 2)}\n`);
    expect(measured).toMatchObject({
      first: '2026-11-21T04:00:01.000Z',
      last: '2026-11-21T04:00:02.000Z',
      seconds: 2,
      intervals: 2,
      coverage: ['fentry'],
      notes: ['a note of the probe'],
      accept: { packets: null, percent: null },
      host: null,
    });
    expect(measured.rxMatrix?.[1]?.[3]).toBe(3 * cell(1, 3));
    const packets = measured.rxMatrix?.flat().reduce((sum, each) => sum + each, 0);
    expect(measured.rx.packets).toBe(packets);
    expect(measured.rx.percent).toBe(74.7);
  });

  it('may be a recording of the live view, with the machine as it was last seen', () => {
    const folder = mkdtempSync(join(tmpdir(), 'measured-'));
    const file = join(folder, 'recording');
    const samples = historyOf([
      { configuration: configurationOf(eight()), seconds: 3, rx: 0.125, tx: 0.09 },
      { configuration: configurationOf(eight('cpu')), seconds: 2, rx: 1, tx: 1 },
    ]);
    const recorder = createRecorder(file);
    for (const sample of samples) recorder.write(sample);
    recorder.close();
    const text = readFileSync(file, 'utf8');
    rmSync(folder, { recursive: true });
    const measured = parseMeasured(text);
    const sum = (of: (sample: (typeof samples)[number]) => number | null | undefined) =>
      samples.reduce((total, sample) => total + (of(sample) ?? 0), 0);
    expect(measured.intervals).toBe(samples.length);
    expect(measured.host).toEqual(eight('cpu'));
    expect(measured.rx.packets).toBe(sum(({ rx }) => rx.packets));
    expect(measured.accept.packets).toBe(sum(({ accept }) => accept?.accepts));
    expect(measured.rxMatrix?.[2]?.[2]).toBe(sum(({ rxMatrix }) => rxMatrix?.[2]?.[2]));
    // Who was killed while writing has left half a line.
    expect(parseMeasured(text.slice(0, -40)).intervals).toBe(samples.length - 1);
  });

  it('has no share where an interval was incomplete, and none of nothing', () => {
    const rx = { packets: 10, local: 5, percent: null, pps: null };
    expect(parseMeasured(`${skbLine(2)}\n${changed({ rx })}`).rx.percent).toBeNull();
    const nothing = { packets: 0, local: 0, percent: null, pps: 0 };
    expect(parseMeasured(changed({ rx: nothing })).rx).toEqual(nothing);
    expect(parseMeasured(`${skbLine(2)}\n${changed({ rx: nothing })}`).rx.percent).not.toBeNull();
    const uncounted = { packets: null, local: null, percent: null, pps: 7 };
    expect(parseMeasured(changed({ tx: uncounted, txMatrix: null }))).toMatchObject({
      tx: uncounted,
      txMatrix: null,
    });
  });

  it('follows CPUs that come and go', () => {
    const measured = parseMeasured(`${skbLine(2)}\n${changed({ cpus: [0, 5] })}`);
    expect(measured.cpus).toEqual([0, 1, 5]);
    expect(measured.rxMatrix).toEqual([
      [2 * cell(0, 0), cell(0, 1), cell(0, 1)],
      [cell(1, 0), cell(1, 1), 0],
      [cell(1, 0), 0, cell(1, 1)],
    ]);
  });

  it.each([
    ['', 'not-a-measurement'],
    ['{"schema":"locality-tune.accept/1"}', 'not-a-measurement'],
    ['text', 'not-a-measurement'],
    [`${skbLine(2)}\nx\n${skbLine(2)}`, 'broken-measurement'],
    [changed({ rxMatrix: [[1]] }), 'broken-measurement'],
    [changed({ seconds: '1' }), 'broken-measurement'],
  ])('%.40s is refused', (text, code) => expect(codeOf(text)).toBe(code));

  it('any text at all ends in a measurement or in one Failure', () => {
    const damaged = fc.tuple(fc.nat(skbLine(2).length), fc.string({ maxLength: 4 })).map(([at, by]) => {
      const line = skbLine(2);
      return line.slice(0, at) + by + line.slice(at + by.length);
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string(), fc.json()), (text) => {
        expect(['string', 'object']).toContain(typeof codeOf(text));
        expect(codeOf(text)).not.toBeInstanceOf(Error);
      }),
    );
  });
});
