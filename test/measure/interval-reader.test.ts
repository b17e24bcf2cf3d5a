import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIntervalReader, difference } from '../../src/measure/interval-reader.ts';
import type { Counts, Interval } from '../../src/measure/types.ts';
import { type Message, parseMessage } from '../../src/system/bpftrace-output.ts';

/** What each version writes of the same two seconds, the final maps at the end. */
const streams = {
  '0.17': `{"type": "attached_probes", "data": {"probes": 3}}
{"type": "printf", "data": "Tracing the CPUs of packets ... Hit Ctrl-C to end.\\n"}
{"type": "map", "data": {"@rx": {"0,1": 23}}}
{"type": "map", "data": {"@unknown": 0}}
{"type": "time", "data": "01:54:09\\n"}
{"type": "map", "data": {"@rx": {"0,1": 23, "1,1": 7}}}
{"type": "map", "data": {"@unknown": 2}}
{"type": "time", "data": "01:54:10\\n"}


{"type": "map", "data": {"@rx": {"0,1": 36, "1,1": 7}}}
{"type": "map", "data": {"@unknown": 2}}`,
  '0.23': `{"type": "attached_probes", "data": {"probes": 3}}
{"type": "printf", "data": "Tracing the CPUs of packets ... Hit Ctrl-C to end.\\n"}
{"type": "map", "data": {"@rx": {"0,1": 23}}}
{"type": "map", "data": {"@unknown": 0}}
{"type": "time", "data": "01:54:09\\n"}
{"type": "map", "data": {"@rx": {"0,1": 23, "1,1": 7}}}
{"type": "helper_error", "msg": "Map full; can't update element. Try increasing max_map_keys config", "helper": "map_update_elem", "retcode": -7, "line": 2, "col": 34}
{"type": "map", "data": {"@unknown": 2}}
{"type": "lost_events", "data": {"events": 4}}
{"type": "time", "data": "01:54:10\\n"}


{"type": "map", "data": {"@rx": {"0,1": 36, "1,1": 7}}}
{"type": "map", "data": {"@unknown": 2}}`,
  '0.27': `{"type": "attached_probes", "count": 3, "data": {"probes": 3}}
{"type": "printf", "data": "Tracing the CPUs of packets ... Hit Ctrl-C to end.\\n"}
{"type": "map", "data": {"@rx": {"0,1": 23}}}
{"type": "map", "data": {"@unknown": 0}}
{"type": "time", "data": "01:54:09\\n"}
{"type": "map", "data": {"@rx": {"1,1": 7, "0,1": 23}}}
{"type": "helper_error", "msg": "Argument list too long", "helper": "map_update_elem", "retcode": -7, "filename": "o.bt", "line": 2, "col": 34}
{"type": "map", "data": {"@unknown": 2}}
{"type": "time", "data": "01:54:10\\n"}
{"type": "map", "data": {"@rx": {"1,1": 7, "0,1": 36}}}
{"type": "map", "data": {"@unknown": 2}}`,
} as const;

const messagesOf = (text: string): Message[] => text.split('\n').flatMap((line) => parseMessage(line) ?? []);

function play(text: string): Interval[] {
  let now = 0;
  const reader = createIntervalReader(8, () => now);
  const intervals = messagesOf(text).flatMap((message) => {
    now += 100;
    const heard = reader.add(message);
    if (heard instanceof Error) throw heard;
    return heard ?? [];
  });
  reader.finish();
  return [...intervals, reader.rest()];
}

const plain = (counts: Counts) =>
  Object.fromEntries(Array.from(counts, ([name, map]) => [name, Object.fromEntries(map)]));

describe('intervals', () => {
  it.each(Object.entries(streams))('of %s are what was counted in each of them', (_version, text) => {
    expect(play(text).map(({ counts }) => plain(counts))).toEqual([
      { rx: { '0,1': 23 } },
      { rx: { '1,1': 7 }, unknown: { '': 2 } },
      { rx: { '0,1': 13 } },
    ]);
  });

  it('include each loss once', () => {
    expect(play(streams['0.23']).map(({ lost }) => lost)).toEqual([0, 5, 0]);
    expect(play(streams['0.27']).map(({ lost }) => lost)).toEqual([0, 1, 0]);
  });

  it('have their measured length', () => {
    expect(play(streams['0.17']).map(({ seconds }) => seconds)).toEqual([0.4, 0.3, 0.2]);
  });

  it('detect a full map, which 0.17 does not report', () => {
    const reader = createIntervalReader(2, () => 0);
    reader.add({ type: 'map', data: { '@rx': { '0,0': 1, '0,1': 1 }, '@tx': { '0,0': 1 } } });
    expect(reader.rest().full).toEqual(['rx']);
  });

  it('lose nothing of what comes while bpftrace is ending', () => {
    const reader = createIntervalReader(8, () => 0);
    reader.finish();
    reader.add({ type: 'map', data: { '@rx': { '0,0': 23 } } });
    expect(reader.add({ type: 'time', data: '01:54:10\n' })).toBeNull();
    reader.add({ type: 'map', data: { '@rx': { '0,0': 29 } } });
    expect(plain(reader.rest().counts)).toEqual({ rx: { '0,0': 29 } });
  });

  it('keep what a reading of the map missed', () => {
    const reader = createIntervalReader(8, () => 0);
    reader.add({ type: 'map', data: { '@rx': { '0,0': 23, '1,1': 7 } } });
    reader.rest();
    reader.add({ type: 'map', data: { '@rx': { '0,0': 24 } } });
    expect(plain(reader.rest().counts)).toEqual({ rx: { '0,0': 1 } });
    reader.add({ type: 'map', data: { '@rx': { '0,0': 24, '1,1': 9 } } });
    expect(plain(reader.rest().counts)).toEqual({ rx: { '1,1': 2 } });
  });

  it('end with a failure that shows the garbled line, cut short', () => {
    const failure = createIntervalReader(8, () => 0).add({
      type: 'garbled',
      data: `{"type": "ma${'x'.repeat(9999)}`,
    });
    expect(failure).toMatchObject({ code: 'bpftrace-garbled' });
    expect(failure instanceof Error ? failure.message.length : 0).toBeLessThan(120);
  });

  it('add up to the totals, however they are cut', () => {
    const growth = fc.array(fc.dictionary(fc.constantFrom('0,0', '0,1', '1,0', '1,1'), fc.nat(1_000)));
    fc.assert(
      fc.property(growth, (steps) => {
        const reader = createIntervalReader(8, () => 0);
        const totals = new Map<string, number>();
        const seen = new Map<string, number>();
        for (const step of steps) {
          for (const [key, count] of Object.entries(step)) totals.set(key, (totals.get(key) ?? 0) + count);
          reader.add({ type: 'map', data: { '@rx': Object.fromEntries(totals) } });
          for (const [key, count] of reader.rest().counts.get('rx') ?? [])
            seen.set(key, (seen.get(key) ?? 0) + count);
        }
        const counted = new Map([...totals].filter(([, count]) => count > 0));
        expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(counted));
      }),
    );
  });

  it('take any line without throwing', () => {
    const line = fc.oneof(
      fc.string(),
      fc.json().map((data) => `{"type": "map", "data": ${data}}`),
      fc.json().map((data) => `{"type": "lost_events", "data": ${data}}`),
      fc.json().map((data) => `{"type": ${data}`),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const reader = createIntervalReader(8, () => 0);
        for (const message of messagesOf(lines.join('\n'))) reader.add(message);
        const { counts, lost } = reader.rest();
        return (
          lost >= 0 && [...counts.values()].every((map) => [...map.values()].every((count) => count > 0))
        );
      }),
    );
  });

  it('differ from themselves by nothing', () => {
    const totals = fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.nat()));
    fc.assert(
      fc.property(totals, (maps) => {
        const counts = new Map(
          Object.entries(maps).map(([name, map]) => [name, new Map(Object.entries(map))]),
        );
        return difference(counts, counts).size === 0;
      }),
    );
  });
});
