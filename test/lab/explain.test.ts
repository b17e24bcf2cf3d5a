/** What is computed of a machine, against where connections to it really come in and who takes them. */
import { expect, inject, it } from 'vitest';
import type { QueuePorts } from '../../src/path/explain-ports.ts';
import type { Expected } from '../../src/path/types.ts';
import { useGuest } from './machine/lab.ts';
import { INSIDE, OUTSIDE } from './machine/qemu.ts';
import { countAccepts } from './measure.ts';
import { startNginx, underLoad } from './nginx.ts';
import { hasTable, placeInterrupts } from './nics.ts';

const PORT = 8080;
const lab = inject('lab');
const { cpus } = lab.hardware;
const QUEUES = 4;
/** Half of the workers, so that half of the queues meet none on their CPU. */
const WORKERS = cpus / 2;
/** Shares of the table, in eighths. */
const WEIGHTS = [3, 1, 2, 2];
/** The second and the fourth queue on CPUs that no worker has. */
const CPU_OF_QUEUE = [0, WORKERS, 1, WORKERS + 1];

const guest = useGuest(async (each) => {
  await each.run(`ethtool -L eth0 combined ${QUEUES} && ethtool -X eth0 weight ${WEIGHTS.join(' ')}`);
  await placeInterrupts(each, CPU_OF_QUEUE);
  await startNginx(each, PORT, WORKERS);
});
const json = async <T>(command: string): Promise<T> =>
  JSON.parse(await guest().run(`locality-tune ${command} -j`, 800));

async function namesTheQueueOfEachPort(): Promise<void> {
  const server = PORT + 1;
  const { queues: byQueue } = await json<{ queues: readonly QueuePorts[] }>(
    `explain tcp ${OUTSIDE} ${INSIDE}:${server} --iface eth0 --ports 25`,
  );
  expect(byQueue.map(({ queue, ports }) => [queue, ports.length])).toEqual(
    CPU_OF_QUEUE.map((_, queue) => [queue, 25]),
  );
  const sources = byQueue.flatMap(({ ports }) => ports);
  const listener = guest().start(`exec python3 test/lab/rx-cpus.py ${server} ${2 * sources.length}`);
  await listener.line();
  // The first time brings each queue the interrupt after which its new affinity is in effect.
  for (const _ of ['to warm up', 'in earnest'])
    await guest().outside(`python3 test/lab/knock.py ${INSIDE} ${server} ${sources.join(' ')}`);
  const cpuOf = await listener.json<Readonly<Record<string, number>>>();
  expect(sources.map((port) => [port, cpuOf[port]])).toEqual(
    byQueue.flatMap(({ queue, ports }) => ports.map((port) => [port, CPU_OF_QUEUE[queue]])),
  );
}

/** Four standard errors; an expectation of nothing or all leaves no room. */
async function expectAsComputed(expected: number | null): Promise<void> {
  if (expected === null) throw new Error('no locality is expected');
  const { share, accepts } = await countAccepts(guest(), PORT, 2_000);
  const error = Math.sqrt((expected * (1 - expected)) / accepts);
  expect(Math.abs(share - expected)).toBeLessThanOrEqual(4 * error);
}

const expectedNow = async (): Promise<Expected> => {
  const { expected } = await json<{ expected: readonly Expected[] }>(`inspect --iface eth0 --port ${PORT}`);
  const [only] = expected;
  if (only === undefined) throw new Error('nothing is expected');
  return only;
};

async function expectsWhatIsMeasured(): Promise<void> {
  await underLoad(guest(), PORT, async () => {
    const before = await expectedNow();
    // Five eighths come in where a worker is, of which one in N meets it.
    expect(before.now).toBeCloseTo(5 / 8 / WORKERS);
    await expectAsComputed(before.now);
    await guest().run(`locality-tune attach --yes --port ${PORT}`);
    const after = await expectedNow();
    expect(after.now).toBeCloseTo(before.cpu ?? Number.NaN);
    expect(after.now).toBeCloseTo(5 / 8);
    await expectAsComputed(after.now);
  });
}

if (hasTable(lab)) {
  it('names the queue that each client port comes in by', namesTheQueueOfEachPort);
  it('expects the locality that is then measured, by hash and by program', expectsWhatIsMeasured);
}
