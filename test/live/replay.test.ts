import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { createRecorder, openRecording } from '../../src/live/recording.ts';
import type { Replay, Sample } from '../../src/live/types.ts';
import { configurationOf, historyOf, pair } from '../fixtures/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

const history = historyOf([
  { configuration: configurationOf(pair()), seconds: 100, rx: 0.5, tx: 0.5 },
  { configuration: configurationOf(pair('cpu')), seconds: 100, rx: 1, tx: 1 },
]);
const file = join(folder, 'pair.jsonl');
const recorder = createRecorder(file);
for (const sample of history) recorder.write(sample);
recorder.close();

/** A replay that somebody watches, each sample as its place in the recording. */
async function watched(interval: number | null) {
  const source = openRecording(file, interval);
  const { replay } = source;
  if (replay === null) throw new Error('no replay');
  const abort = new AbortController();
  const jumps: (readonly Sample[])[] = [];
  replay.watch({ jumped: (before) => void jumps.push(before), changed: () => {} });
  const samples = source.samples(abort.signal);
  const next = async (): Promise<number> => {
    const { value } = await samples.next();
    return history.findIndex(({ time }) => time === value?.time);
  };
  return { replay, jumps, next, abort, samples };
}

const place = ({ state }: Replay) => state().at;

describe('a replay', () => {
  it('goes back and on, as far as there are samples, and shows what came before', async () => {
    const { replay, jumps, next } = await watched(3600);
    expect([await next(), place(replay), replay.state().total]).toEqual([0, 1, 200]);
    replay.seek(60);
    replay.seek(90);
    expect([await next(), place(replay)]).toEqual([150, 151]);
    // With the configuration of each: the program was attached at 100.
    expect(jumps[0]).toEqual(history.slice(30, 150));
    replay.seek(-10);
    expect(await next()).toBe(140);
    replay.seek(-1000);
    expect(await next()).toBe(0);
    expect(jumps.at(-1)).toEqual([]);
    replay.seek(1000);
    expect(await next()).toBe(199);
  });

  it('waits at its end for somebody to go back, and ends if nobody watches', async () => {
    const { replay, next, abort, samples } = await watched(0.001);
    replay.seek(198);
    expect([await next(), await next()]).toEqual([198, 199]);
    const after = next();
    await sleep(20);
    expect(replay.state()).toMatchObject({ ended: true, at: 200 });
    replay.seek(-50);
    expect([await after, replay.state().ended]).toEqual([149, false]);
    abort.abort();
    expect((await samples.next()).done).toBe(true);

    const seen: Sample[] = [];
    for await (const sample of openRecording(file, 0.0001).samples(new AbortController().signal))
      seen.push(sample);
    expect(seen).toHaveLength(200);
  });

  it('that is paused shows only what is sought', async () => {
    const { replay, next } = await watched(0.001);
    await next();
    replay.pause(true);
    const waiting = next();
    await sleep(20);
    expect(place(replay)).toBe(1);
    replay.seek(7);
    expect(await waiting).toBe(7);
    const more = next();
    await sleep(20);
    expect([place(replay), replay.state().paused]).toEqual([8, true]);
    replay.pause(false);
    expect(await more).toBe(8);
  });

  it('has a speed between a quarter and 64 times, which takes effect at once', async () => {
    const { replay, next } = await watched(20);
    await next();
    const slow = next();
    for (let press = 0; press < 9; press++) replay.changeSpeed(1);
    // 20 s at 64 times.
    expect([await slow, replay.state().speed]).toEqual([1, 64]);
    for (let press = 0; press < 20; press++) replay.changeSpeed(-1);
    expect(replay.state().speed).toBe(0.25);
  });
});
