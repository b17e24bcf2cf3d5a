/**
 * Samples as a file of JSON lines: a header, then each configuration when it has changed, and each sample without its
 * configuration. After a crash the file can be read up to the line that was cut.
 */
import { closeSync, constants, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs';
import { failure, isErrno } from '../system/errors.ts';
import { readWhole } from '../system/read-whole.ts';
import { Mismatch } from '../system/shape.ts';
import { openReplay } from './replay.ts';
import { toRecordedConfiguration, toSample } from './sample-shape.ts';
import type { Configuration, Sample, Source } from './types.ts';

const OWNER_ONLY = 0o600;

const SCHEMA = 'locality-tune.recording/1';
const FAMILY = /^locality-tune\.recording\/(\d+)$/;

export interface Recorder {
  /** Throws what write(2) throws: ENOSPC. */
  write(sample: Sample): void;
  close(): void;
}

/**
 * Only the owner can read the file, because it contains addresses and process names. Links are not followed: a user who
 * can write to the folder must not choose which file root empties. Throws Failure `exists` if the file exists and
 * `force` is not set; what open(2) throws: EACCES, ENOENT, ELOOP for a link.
 */
export function createRecorder(file: string, force = false): Recorder {
  const fd = openFresh(file, force);
  let configuration: Configuration | null = null;
  const line = (value: object): void => {
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  };
  line({ schema: SCHEMA, startedAt: new Date().toISOString() });
  return {
    write: ({ configuration: current, ...sample }) => {
      if (current !== configuration) line({ configuration: current });
      configuration = current;
      line({ sample });
    },
    close: () => closeSync(fd),
  };
}

function openFresh(file: string, force: boolean): number {
  const how = force ? constants.O_TRUNC | constants.O_NOFOLLOW : constants.O_EXCL;
  try {
    const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | how, OWNER_ONLY);
    // Not of /dev/null.
    if (fstatSync(fd).isFile()) fchmodSync(fd, OWNER_ONLY);
    return fd;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    throw failure('exists', 'the file exists already', 'use another name, or --force');
  }
}

/** Ten hours of a machine with 128 CPUs, a sample a second. */
const MOST_BYTES = 1024 ** 3;
/** A configuration of 512 CPUs and 1,024 queues takes 6 MB. */
const MOST_LINE = 64 * 1024 ** 2;

/**
 * Plays the samples: see openReplay. Throws Failure: too-large, not-a-recording, recording-newer, recording-broken if
 * there is no sample before the broken line; what open(2) throws. @param interval null: as recorded
 */
export function openRecording(file: string, interval: number | null): Source {
  const bytes = readWhole(file, MOST_BYTES, () =>
    failure('too-large', 'larger than 1 GiB', 'is it a recording? record for a shorter time'),
  );
  // Fails before the screen is taken if the beginning is broken.
  samplesOf(bytes).next();
  return openReplay({ total: countSamples(bytes), samples: (from) => samplesOf(bytes, from) }, interval);
}

/** A recorder begins each sample like this. */
const SAMPLE = '{"sample":';

function countSamples(bytes: Buffer): number {
  let count = 0;
  for (let start = 0; start >= 0 && start < bytes.length; ) {
    if (bytes.toString('latin1', start, start + SAMPLE.length) === SAMPLE) count += 1;
    const newline = bytes.indexOf(10, start);
    start = newline < 0 ? -1 : newline + 1;
  }
  return count;
}

/** All of its samples. */
export const readRecording = (text: string): Sample[] => [...samplesOf(Buffer.from(text))];

function checkHeader(bytes: Buffer): void {
  const [header = ''] = linesOf(bytes);
  const schema = fieldOf(parse(header), 'schema');
  const version = typeof schema === 'string' ? FAMILY.exec(schema)?.[1] : undefined;
  if (version === undefined)
    throw failure('not-a-recording', 'not a recording', 'name a file that `live --record` wrote');
  if (version !== '1')
    throw failure('recording-newer', `a recording of version ${version}`, 'update locality-tune');
}

/**
 * Reads line by line: an hour of a large machine is too much to hold as objects. The first `skip` samples are not even
 * parsed.
 */
function* samplesOf(bytes: Buffer, skip = 0): Generator<Sample, void, undefined> {
  checkHeader(bytes);
  let configuration: Configuration | null = null;
  let [number, found, cut] = [0, 0, 0];
  for (const line of linesOf(bytes)) {
    number += 1;
    if (number === 1 || line === '') continue;
    if (found < skip && line.startsWith(SAMPLE)) {
      found += 1;
      continue;
    }
    // If the recorder was killed, the last line is cut.
    if (cut > 0) throw broken(cut, 'it is not JSON');
    const value = parse(line);
    if (value === null) {
      cut = number;
      continue;
    }
    const [machine, sample] = [configurationIn(value), fieldOf(value, 'sample')];
    let next: Sample | null = null;
    try {
      if (machine !== undefined) configuration = toRecordedConfiguration(machine, 'configuration');
      else if (configuration === null) throw new Mismatch('a sample before the first configuration');
      else {
        next = { ...toSample(sample, 'sample'), configuration };
        found += 1;
      }
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      throw broken(number, error.message);
    }
    if (next !== null) yield next;
  }
  if (found === 0)
    throw failure('recording-broken', 'the recording has no sample', 'record for a few seconds');
}

function* linesOf(bytes: Buffer): Generator<string, void, undefined> {
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    if (end - start > MOST_LINE)
      throw failure('too-large', 'a line is longer than 64 MiB', 'no recording has such a line');
    yield bytes.toString('utf8', start, end);
    start = end + 1;
  }
}

const broken = (line: number, why: string) =>
  failure(
    'recording-broken',
    `line ${line} is neither a configuration nor a sample: ${why}`,
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

/** Called `scene` in old recordings. */
const configurationIn = (value: unknown): unknown =>
  fieldOf(value, 'configuration') ?? fieldOf(value, 'scene');

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
