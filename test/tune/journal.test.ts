import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSetup } from '../../src/tune/irqbalance.ts';
import { type Entry, type Header, parseJournal } from '../../src/tune/journal.ts';
import { change } from './lab.ts';

const header: Header = {
  record: 'journal',
  version: 1,
  time: '2026-01-01T00:00:00.000Z',
  bootId: 'b',
  netns: 1,
  netnsCookie: '4097',
  by: { user: null, command: 'locality-tune apply', version: '0.1.0' },
};
const xps = (queue: number) => change({ kind: 'xps', nic: 'eth0', queue, by: 'cpus' }, '1');
const intent = (step: number): Entry => ({
  record: 'intent',
  step,
  change: xps(step),
  device: { ifindex: 7, address: '02:00:00:00:00:01' },
  from: '0',
  to: '1',
  also: [],
});

const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.nat(9).map(intent),
  fc.record({ record: fc.constant('done' as const), step: fc.nat(9), is: fc.option(fc.string()) }),
  fc.record({ record: fc.constant('restored' as const), step: fc.nat(9) }),
  fc.record({ record: fc.constant('persisted' as const), unit: fc.string(), files: fc.array(fc.string()) }),
  fc.constant({ record: 'end' as const }),
);
const toText = (entries: readonly object[]) => entries.map((each) => `${JSON.stringify(each)}\n`).join('');

describe('a journal', () => {
  it('returns what was written, wherever it was cut', () => {
    fc.assert(
      fc.property(fc.array(entry), fc.nat(), (entries, cut) => {
        const whole = parseJournal(toText([header, ...entries]));
        expect(whole?.header).toEqual(header);
        const intents = entries.filter(({ record }) => record === 'intent');
        expect(new Set(whole?.steps.map(({ step }) => step))).toEqual(
          new Set(intents.map((each) => 'step' in each && each.step)),
        );
        expect(whole?.ended).toBe(entries.some(({ record }) => record === 'end'));
        const text = toText([header, ...entries]);
        const at = toText([header]).length + (cut % text.length);
        // Room that was kept free follows the cut. A line that lacks nothing but its end is whole.
        const left = text.slice(0, at);
        const lines = left.split('\n').length - (text[at] === '\n' ? 0 : 1);
        expect(parseJournal(`${left}\n\n\n`)).toEqual(
          parseJournal(toText([header, ...entries].slice(0, lines))),
        );
      }),
    );
  });

  it('knows what was begun, done and restored', () => {
    const text = toText([header, intent(0), { record: 'done', step: 0, is: '01' }, intent(1), intent(2)]);
    const outcomes = (more: string) =>
      parseJournal(text + more)?.steps.map(({ outcome, is }) => `${outcome} ${is}`);
    expect(outcomes('')).toEqual(['done 01', 'begun 1', 'begun 1']);
    expect(outcomes('\n{"record":"restored","step":2}\n')).toEqual(['done 01', 'begun 1', 'restored 1']);
  });

  it('of another version, or of another kind, is rejected', () => {
    expect(parseJournal(toText([{ ...header, version: 2 }]))).toBeNull();
    expect(parseJournal('')).toBeNull();
  });

  it('never throws, whatever is in it', () => {
    const line = fc.oneof(
      fc.string(),
      fc.json(),
      entry.map((each) => JSON.stringify({ ...each, step: 'x', also: 1 })),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        parseJournal([JSON.stringify(header), ...lines].join('\n'));
        parseJournal(lines.join('\n'));
      }),
    );
  });
});

describe("irqbalance's answer", () => {
  it('as 1.9.2 gives it', () => {
    const answer = 'SLEEP 30 IRQ 29 LOAD 0 DIFF 0 CLASS 0 IRQ 28 LOAD 7 DIFF 0 CLASS 5 BANNED 00000000';
    expect(parseSetup(answer)).toEqual([28, 29]);
    expect(parseSetup('SLEEP 30 BANNED 00000000')).toEqual([]);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => parseSetup(text).every(Number.isInteger)));
  });
});
