/**
 * Samples as a file of JSON lines: a header, then each configuration when it changed and each sample without its configuration. What
 * was written until a crash can be read; a line that was cut by it is the end.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../system/errors.ts';
import type { Configuration, Sample, Source } from './types.ts';

const SCHEMA = 'locality-tune.recording/1';
const FAMILY = /^locality-tune\.recording\/(\d+)$/;

export interface Recorder {
  /** Throws what write(2) throws: ENOSPC. */
  write(sample: Sample): void;
  close(): void;
}

/** Throws what open(2) throws: EACCES, ENOENT. A file that is there is written anew. */
export function createRecorder(file: string): Recorder {
  const fd = openSync(file, 'w', 0o600);
  let configuration: Configuration | null = null;
  const line = (value: object): void => {
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  };
  line({ schema: SCHEMA, startedAt: new Date().toISOString() });
  return {
    write: ({ configuration: current, ...sample }) => {
      if (current !== configuration) line({ scene: current });
      configuration = current;
      line({ sample });
    },
    close: () => closeSync(fd),
  };
}

/**
 * Plays each sample when its seconds are over, or after those that setInterval gave; `interval` null: as recorded.
 * Throws Failure: not-a-recording, recording-newer, recording-broken (also while it plays); what open(2) throws.
 */
export function openRecording(file: string, interval: number | null): Source {
  const bytes = readFileSync(file);
  checkHeader(bytes, file);
  let seconds = interval;
  return {
    live: false,
    control: null,
    setInterval: (wanted) => {
      seconds = wanted;
    },
    refresh: () => {},
    listen: () => {},
    samples: (signal) => play(samplesOf(bytes, file), () => seconds, signal),
  };
}

async function* play(
  samples: Iterable<Sample>,
  interval: () => number | null,
  signal: AbortSignal,
): AsyncGenerator<Sample, void, undefined> {
  let first = true;
  for (const sample of samples) {
    if (!first) await sleep(1000 * (interval() ?? sample.seconds), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    first = false;
    yield sample;
  }
}

/** All of its samples; `file` is named in failures. */
export const readRecording = (text: string, file: string): Sample[] => [
  ...samplesOf(Buffer.from(text), file),
];

function checkHeader(bytes: Buffer, file: string): void {
  const [header = ''] = linesOf(bytes);
  const schema = fieldOf(parse(header), 'schema');
  const version = typeof schema === 'string' ? FAMILY.exec(schema)?.[1] : undefined;
  if (version === undefined)
    throw failure('not-a-recording', `${file}: not a recording`, 'give a file that --record has written');
  if (version !== '1')
    throw failure('recording-newer', `${file}: a recording of version ${version}`, 'update locality-tune');
}

/** A line at a time: an hour of a large machine is more than a process should hold as objects. */
function* samplesOf(bytes: Buffer, file: string): Generator<Sample, void, undefined> {
  checkHeader(bytes, file);
  let configuration: Configuration | null = null;
  let [number, found, cut] = [0, 0, 0];
  for (const line of linesOf(bytes)) {
    number += 1;
    if (number === 1 || line === '') continue;
    // The last line of a recorder that was killed is cut.
    if (cut > 0) throw broken(file, cut);
    const value = parse(line);
    const [nextConfiguration, sample] = [fieldOf(value, 'scene'), fieldOf(value, 'sample')];
    if (value === null) cut = number;
    else if (isConfiguration(nextConfiguration)) configuration = nextConfiguration;
    else if (configuration !== null && isSample(sample)) {
      found += 1;
      yield { ...sample, configuration };
    } else throw broken(file, number);
  }
  if (found === 0)
    throw failure('recording-broken', `${file}: there is no sample in it`, 'record for some seconds');
}

function* linesOf(bytes: Buffer): Generator<string, void, undefined> {
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    yield bytes.toString('utf8', start, end);
    start = end + 1;
  }
}

const broken = (file: string, line: number) =>
  failure(
    'recording-broken',
    `${file}: line ${line} is neither a configuration nor a sample`,
    'record it again',
  );

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

/** As far as a pane relies on it; what else is missing in a file that was made by hand shows in its pane. */
function isConfiguration(value: unknown): value is Configuration {
  const host = fieldOf(value, 'host');
  return (
    ['paths', 'expected', 'findings'].every((name) => Array.isArray(fieldOf(value, name))) &&
    ['nics', 'groups', 'lone', 'notes'].every((name) => Array.isArray(fieldOf(host, name))) &&
    Array.isArray(fieldOf(fieldOf(fieldOf(host, 'machine'), 'cpus'), 'online'))
  );
}

function isSample(value: unknown): value is Omit<Sample, 'configuration'> {
  return (
    !Number.isNaN(Date.parse(String(fieldOf(value, 'time')))) &&
    typeof fieldOf(value, 'seconds') === 'number' &&
    ['cpus', 'queues', 'members', 'events'].every((name) => Array.isArray(fieldOf(value, name))) &&
    ['rx', 'tx'].every((name) => fieldOf(fieldOf(value, name), 'percent') !== undefined) &&
    Array.isArray(fieldOf(fieldOf(value, 'probe'), 'notes'))
  );
}
