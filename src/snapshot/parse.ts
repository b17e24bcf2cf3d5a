/** Parses a Snapshot from the text of a file; a Failure says what any other text is. */
import { failure } from '../system/errors.ts';
import {
  isRecord,
  list,
  Mismatch,
  nullable,
  number,
  object,
  oneOf,
  type Shape,
  text,
  truth,
  whole,
} from '../system/shape.ts';
import { host } from './host-shape.ts';
import { type Reading, SCHEMA, type Snapshot, type SnapshotCounters } from './types.ts';
import { upgrade } from './upgrade.ts';

const AGAIN = 'make it with: locality-tune snapshot -o FILE';

const count = whole(0, Number.MAX_SAFE_INTEGER);

const reading = object<Reading>({
  interfaces: list(object<Reading['interfaces'][number]>({ name: text, rx: count, tx: count })),
  queues: list(object<Reading['queues'][number]>({ nic: text, index: count, packets: count })),
  interrupts: list(object<Reading['interrupts'][number]>({ irq: count, count })),
});

const readings: Shape<SnapshotCounters['readings']> = (value, at) => {
  const [first, second, ...more] = list(reading)(value, at);
  if (first === undefined || second === undefined || more.length > 0)
    throw new Mismatch(`${at}: two readings expected`);
  return [first, second];
};

const positive: Shape<number> = (value, at) => {
  const found = number(value, at);
  if (found <= 0) throw new Mismatch(`${at}: more than 0 expected`);
  return found;
};

const snapshot = object<Snapshot>({
  schema: oneOf(SCHEMA),
  version: nullable(text),
  time: nullable(text),
  anonymized: (value, at) => nullable(truth)(value, at) ?? false,
  host,
  counters: nullable(object<SnapshotCounters>({ seconds: positive, readings })),
});

/** Throws only Failure; the caller adds the file name. */
export function parseSnapshot(json: string): Snapshot {
  const document = upgrade(parseJson(json));
  refuseForeign(document);
  try {
    return snapshot(document, '');
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw failure('broken-snapshot', error.message, `the file was damaged or edited; ${AGAIN}`);
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    const cut = json.trimStart().startsWith('{');
    const what = cut ? 'the JSON in it is broken or cut off' : 'the file is not JSON';
    throw failure('not-json', what, cut ? `it may be incomplete: copy it again, or ${AGAIN}` : AGAIN);
  }
}

const OURS = /^locality-tune\.snapshot\/(\d+)$/;

function refuseForeign(document: unknown): void {
  const schema = isRecord(document) ? document['schema'] : undefined;
  if (schema === SCHEMA) return;
  const version = typeof schema === 'string' ? OURS.exec(schema)?.[1] : undefined;
  if (version !== undefined) {
    const what = `it has the format snapshot/${version}, and this locality-tune reads up to ${SCHEMA}`;
    throw failure('newer-snapshot', what, 'read it with the locality-tune that wrote it, or a newer one');
  }
  const found = typeof schema === 'string' ? `its schema is '${schema.slice(0, 60)}'` : 'it has no schema';
  throw failure('not-a-snapshot', `not a snapshot: ${found}`, AGAIN);
}
