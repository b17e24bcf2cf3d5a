import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createRecorder, openRecording, readRecording } from '../../src/live/recording.ts';
import type { Sample } from '../../src/live/types.ts';
import { isFailure } from '../../src/system/errors.ts';
import { mended, pair } from '../fixtures/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-recording-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'pair.jsonl');
const { history } = mended(pair);

function record(samples: readonly Sample[]): string {
  const recorder = createRecorder(file);
  for (const sample of samples) recorder.write(sample);
  recorder.close();
  return readFileSync(file, 'utf8');
}

const codeOf = (text: string): string | null => {
  try {
    readRecording(text, 'x');
    return null;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return error.code;
  }
};

describe('a recording', () => {
  it('gives back every sample, and holds a configuration only when it changed', () => {
    const text = record(history);
    expect(readRecording(text, file)).toEqual(history);
    expect(text.split('\n').filter((line) => line.startsWith('{"scene"'))).toHaveLength(2);
    const [first, second] = readRecording(text, file);
    expect(first?.configuration).toBe(second?.configuration);
  });

  it('that was cut in its last line ends before it', () => {
    const text = record(history);
    for (const cut of [1, 2, 100]) expect(readRecording(text.slice(0, -1 - cut), file)).toHaveLength(89);
  });

  it('that is none, newer or broken is told so in one line', () => {
    const [header = '', configuration = '', sample = ''] = record(history).split('\n');
    expect(codeOf('')).toBe('not-a-recording');
    expect(codeOf('{"schema":"locality-tune.snapshot/1"}')).toBe('not-a-recording');
    expect(codeOf(`${header.replace('/1', '/2')}\n`)).toBe('recording-newer');
    expect(codeOf(header)).toBe('recording-broken');
    expect(codeOf(`${header}\n${sample}\n`)).toBe('recording-broken');
    expect(codeOf(`${header}\n${configuration}\n{}\n${sample}\n`)).toBe('recording-broken');
  });

  it('of any bytes is a failure that is told, never a crash', () => {
    const lines = record(history.slice(0, 3)).split('\n');
    const line = fc.oneof(fc.constantFrom(...lines), fc.json(), fc.string());
    fc.assert(
      fc.property(fc.array(line), (all) => {
        const code = codeOf([lines[0], ...all].join('\n'));
        expect(code === null || code === 'recording-broken').toBe(true);
      }),
    );
  });

  it('is played at the pace that was asked for, changed on the way, and ends', async () => {
    writeFileSync(file, record(history.slice(0, 5)));
    const source = openRecording(file, 0.001);
    const seen: string[] = [];
    for await (const { time } of source.samples(new AbortController().signal)) seen.push(time);
    expect(seen).toEqual(history.slice(0, 5).map(({ time }) => time));
  });

  it('stops when it is told to, in the middle of a pause', async () => {
    const abort = new AbortController();
    const samples = openRecording(file, 3600).samples(abort.signal);
    await samples.next();
    const next = samples.next();
    abort.abort();
    expect((await next).done).toBe(true);
  });
});
