/** The wait probes, by the best way that this kernel has, on waits of a known number and length. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { startSession } from '../../src/measure/session.ts';
import { bucketOf, toWaits, waitQuestion } from '../../src/measure/wait.ts';
import { assertBpfAnswers } from '../integration/bpf.ts';

const COUNT = 23;
const SECONDS = 0.03;
const PORT = 28_495;

beforeAll(() => assertBpfAnswers());

it.each([
  ['a connection', 'connection', 'connection'],
  ['a datagram', 'datagram', 'datagram'],
  ['a datagram that fills an empty queue', 'datagram', 'queue'],
  ['data', 'data', 'data'],
] as const)('the wait of %s is counted, and no other', async (_, waiting, workload) => {
  const abort = new AbortController();
  const question = waitQuestion(waiting, PORT, 60);
  const session = await startSession(question, { count: null, signal: abort.signal });
  const args = [workload, String(PORT), String(COUNT), String(SECONDS)];
  await promisify(execFile)('python3', [join(import.meta.dirname, 'wait-workload.py'), ...args]);
  abort.abort();
  const waits = new Map<number, number>();
  for await (const { counts } of session.intervals)
    for (const [bucket, count] of toWaits(counts)) waits.set(bucket, (waits.get(bucket) ?? 0) + count);
  expect([...waits.values()].reduce((sum, each) => sum + each, 0)).toBe(COUNT);
  // A reader cannot come before it wakes up; how much later depends on the machine.
  for (const bucket of waits.keys())
    expect(bucketOf(bucket).from + bucketOf(bucket).width).toBeGreaterThan(1e6 * SECONDS);
});
