/** Converts the formats of older versions to the current one; trusts nothing in its input. */
import { isRecord } from '../system/shape.ts';
import { SCHEMA } from './types.ts';

type Document = Readonly<Record<string, unknown>>;

/**
 * Converts each format to the next. A field that was added later needs nothing here: if it is absent, it is null, "not
 * known" (`nullable` in shape.ts).
 */
const STEPS: ReadonlyMap<string, (document: Document) => Document> = new Map([
  // `inspect --json`: until 0.1.0 the only format for sending a machine to somebody else.
  [
    'locality-tune.inspect/1',
    ({ host, nics, groups, lone, notes }) => ({
      schema: SCHEMA,
      host: { machine: host, nics, groups, lone, notes: Array.isArray(notes) ? notes : [] },
      counters: null,
    }),
  ],
]);

/** Upgrades one of our documents to the current format; returns any other unchanged. */
export function upgrade(document: unknown): unknown {
  if (!isRecord(document)) return document;
  const step = STEPS.get(String(document['schema']));
  return step === undefined ? document : upgrade(step(document));
}
