/**
 * Runs inside a guest: waits.ts connection|datagram|data PORT VARIANT...: counts by all of these at once. Prints `ready`; at SIGTERM
 * a line of JSON for each: the buckets, and what they have counted.
 */
import { startSession } from '../../src/measure/session.ts';
import { toWaits, waitQuestion } from '../../src/measure/wait.ts';

const [, , waiting, port, ...names] = process.argv;
if (waiting !== 'connection' && waiting !== 'datagram' && waiting !== 'data') throw new Error('what?');
const abort = new AbortController();
const question = waitQuestion(waiting, Number(port), 3_600);
const sessions = await Promise.all(
  names.map(async (name) => {
    const variants = question.variants.filter((each) => each.name === name);
    return startSession({ ...question, variants }, { count: null, signal: abort.signal });
  }),
);
process.on('SIGTERM', () => abort.abort());
console.log('ready');
for (const { intervals } of sessions) {
  const waits = new Map<number, number>();
  for await (const { counts } of intervals)
    for (const [bucket, count] of toWaits(counts)) waits.set(bucket, (waits.get(bucket) ?? 0) + count);
  console.log(JSON.stringify([...waits]));
}
