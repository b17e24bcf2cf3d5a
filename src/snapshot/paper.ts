/** A file that is either a snapshot or a measurement. */
import { parseMeasured, type RecordedMeasurement } from './measured.ts';
import { parseSnapshot } from './parse.ts';
import type { Snapshot } from './types.ts';

export type Paper =
  | { readonly kind: 'machine'; readonly snapshot: Snapshot }
  | { readonly kind: 'measurement'; readonly measured: RecordedMeasurement };

/** A snapshot has its schema at the beginning, in one line or indented. */
const SNAPSHOT = /^\s*\{\s*"schema"\s*:\s*"locality-tune\.(?:snapshot|inspect)\//;

/** Throws only Failure; the caller adds the file name. */
export const parsePaper = (text: string): Paper =>
  SNAPSHOT.test(text)
    ? { kind: 'machine', snapshot: parseSnapshot(text) }
    : { kind: 'measurement', measured: parseMeasured(text) };
