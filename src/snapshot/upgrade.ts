/** From the forms in which older versions wrote a machine to today's; nothing here trusts what it gets. */
import { isRecord } from './shape.ts';
import { SCHEMA } from './types.ts';

type Document = Readonly<Record<string, unknown>>;

/**
 * What makes the next form of one. A field that was added since needs nothing here: absent, it is null, "not known"
 * (`nullable` in shape.ts).
 */
const STEPS: ReadonlyMap<string, (document: Document) => Document> = new Map([
  // `inspect --json`: until 0.1.0 the only form in which a machine could be sent to somebody else.
  [
    'locality-tune.inspect/1',
    ({ host, nics, groups, lone, notes }) => ({
      schema: SCHEMA,
      host: { machine: host, nics, groups, lone, notes: Array.isArray(notes) ? notes : [] },
      counters: null,
    }),
  ],
]);

/** Today's form of a document of ours; any other comes back as it is. */
export function upgrade(document: unknown): unknown {
  if (!isRecord(document)) return document;
  const step = STEPS.get(String(document['schema']));
  return step === undefined ? document : upgrade(step(document));
}
