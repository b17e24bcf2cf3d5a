/** What only the kernel knows about a reuseport group: the order of its sockets, its program, its selection. */
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelBtf } from '../system/btf.ts';
import { failure, isSystemError } from '../system/errors.ts';
import type { Kernel } from '../system/types.ts';
import { addAnswer, IN_NO_GROUP, missing, type SlotReading, toReading } from './inquiry.ts';
import { type Answer, MAX_TOKEN, type SlotProbe, startSlotProbe } from './slot-probe.ts';

/**
 * A member of what may be one group. Requests with the same id are members with the same address: the first is queried,
 * then those that its group did not name, because one address can have several groups.
 */
export interface SlotRequest {
  readonly id: string;
  readonly pid: number;
  readonly fd: number;
  /** The socket of `fd` when it was found; if it is another one now, nothing is read. */
  readonly inode: number;
  /** Its cookie; null if not known. */
  readonly cookie: bigint | null;
  /** Apparent number of sockets in the group. */
  readonly size: number;
}

export interface SlotReadings {
  /** By id of the request: its groups, that of the first request first, or why none could be read. */
  readonly groups: ReadonlyMap<string, readonly SlotReading[] | string>;
  /** Datagrams read from reuseport UDP sockets, by inode; null if not sampled. */
  readonly packets: ReadonlyMap<number, number> | null;
  /** Measured length of that sample; null without one. */
  readonly seconds: number | null;
  /** One sentence each, about all groups. */
  readonly notes: readonly string[];
}

/** A perf buffer of bpftrace, 64 pages per CPU, holds about 2,000 answers. */
const BATCH = 512;
const ROUNDS = 6;
const QUIET_MS = 500;
const POLL_MS = 5;

interface Inquiry {
  readonly request: SlotRequest;
  readonly token: number;
  readonly answers: Map<number, Answer>;
  /** Why nothing can be read. */
  refused: string | null;
}

/** "token index" of queries without an answer yet. */
type Unanswered = Map<string, Inquiry>;

const questionKey = (token: number, index: number) => `${token} ${index}`;

/**
 * Starts bpftrace once for all groups, and queries when it is ready. A copy of a socket exists only for the
 * microseconds of its queries. With `sampleSeconds` > 0 it also counts datagrams read, for that long. If the machine
 * lacks something, that is not an error: every group gets the reason. `btf`: the kernel's types.
 */
export async function readSlots(
  kernel: Kernel,
  requests: readonly SlotRequest[],
  { sampleSeconds }: { readonly sampleSeconds: number },
  btf = kernelBtf(),
): Promise<SlotReadings> {
  const inquiries = requests.map(
    (request, index): Inquiry => ({
      request,
      token: index % (MAX_TOKEN + 1),
      answers: new Map(),
      refused: null,
    }),
  );
  const byId = Map.groupBy(inquiries, ({ request: { id } }) => id);
  const unanswered: Unanswered = new Map();
  const onAnswer = (answer: Answer) => {
    const key = questionKey(answer.token, answer.index);
    const inquiry = unanswered.get(key);
    unanswered.delete(key);
    if (inquiry !== undefined) addAnswer(inquiry.answers, answer);
  };

  try {
    const probe = await startSlotProbe(sampleSeconds > 0, btf, onAnswer);
    const began = performance.now();
    const asking = askEvery(kernel, probe, [...byId.values()], unanswered);
    const sampling = probe.countsReads ? sleep(1000 * sampleSeconds) : null;
    // Awaits both, then stops the probe, whatever the result.
    const [asked] = await Promise.allSettled([asking, sampling]);
    const seconds = (performance.now() - began) / 1000;
    const packets = await probe.stop();
    if (asked.status === 'rejected') throw asked.reason;
    const groups = new Map([...byId].map(([id, members]) => [id, readingsOf(members)]));
    const notes = sampleSeconds > 0 && packets === null ? [whyUnsampled(probe)] : [];
    return { groups, packets, seconds: packets === null ? null : seconds, notes };
  } catch (error) {
    const reason = why(error);
    const groups = new Map(requests.map(({ id }) => [id, reason]));
    return {
      groups,
      packets: null,
      seconds: null,
      notes: [`slots and programs of reuseport groups: ${reason}`],
    };
  }
}

/**
 * Queries the first member of each id, then members that are in no group read so far: first slot 0 of each, which
 * distinguishes groups, then one member of each group for the rest. Members of a group that another member already
 * covers get no answer.
 */
async function askEvery(
  kernel: Kernel,
  probe: SlotProbe,
  byId: readonly (readonly Inquiry[])[],
  unanswered: Unanswered,
) {
  const first = byId.flatMap((members) => members.slice(0, 1));
  const others = byId.flatMap((members) => members.slice(1));
  await askAll(kernel, probe, first, unanswered, ROUNDS);
  const named = new Set(first.flatMap((inquiry) => toReading(inquiry.answers)?.slots ?? []));
  const unnamed = others.filter(({ request: { inode } }) => !named.has(inode));
  if (unnamed.length === 0) return;
  await askAll(kernel, probe, unnamed, unanswered, 1);
  const speakers = new Map<number, Inquiry>();
  for (const inquiry of unnamed) {
    const slot0 = inquiry.answers.get(0);
    if (slot0 === undefined || slot0.size === 0 || slot0.inode === 0) continue;
    if (speakers.has(slot0.inode)) inquiry.answers.clear();
    else speakers.set(slot0.inode, inquiry);
  }
  await askAll(kernel, probe, [...speakers.values()], unanswered, ROUNDS);
}

/** Events may get lost, and a program may be longer than its group, so missing answers are queried again. */
async function askAll(
  kernel: Kernel,
  probe: SlotProbe,
  inquiries: readonly Inquiry[],
  unanswered: Unanswered,
  rounds: number,
) {
  for (let round = 0; round < rounds; round++)
    for (const batch of batches(inquiries)) {
      await ask(kernel, probe, batch, unanswered);
      const asked = unanswered.size;
      await settled(unanswered);
      if (asked > 0 && unanswered.size === asked)
        throw failure(
          'bpftrace-silent',
          'bpftrace runs, but does not see the system calls of this process',
          'is it in a sandbox?',
        );
      unanswered.clear();
    }
}

interface Question {
  readonly inquiry: Inquiry;
  readonly indices: readonly number[];
}

/** BATCH queries at a time, for what is missing when the batch is made. */
function* batches(inquiries: readonly Inquiry[]): Generator<readonly Question[]> {
  let batch: Question[] = [];
  let room = BATCH;
  for (const inquiry of inquiries) {
    const indices = inquiry.refused === null ? missing(inquiry.answers, inquiry.request.size) : [];
    for (let from = 0; from < indices.length; from += BATCH) {
      const part = indices.slice(from, from + BATCH);
      if (part.length > room) {
        yield batch;
        batch = [];
        room = BATCH;
      }
      batch.push({ inquiry, indices: part });
      room -= part.length;
    }
  }
  if (batch.length > 0) yield batch;
}

/** The answers arrive while this waits for the querying child. */
async function ask(
  kernel: Kernel,
  probe: SlotProbe,
  batch: readonly Question[],
  unanswered: Unanswered,
): Promise<void> {
  for (const { inquiry, indices } of batch)
    for (const index of indices) unanswered.set(questionKey(inquiry.token, index), inquiry);
  const requests = batch.map(({ inquiry: { request, token }, indices }) => ({
    ...request,
    mark: probe.mark(token, indices),
  }));
  for (const [at, answer] of (await kernel.borrow(requests)).entries()) {
    const question = batch[at];
    if (question === undefined || !isSystemError(answer)) continue;
    const { inquiry, indices } = question;
    inquiry.refused = whyRefused(inquiry.request, answer.code);
    for (const index of indices) unanswered.delete(questionKey(inquiry.token, index));
  }
}

function whyRefused({ pid, fd }: SlotRequest, code: string): string {
  if (code === 'ENXIO') return `fd ${fd} of process ${pid} has become another socket`;
  if (code === 'ETIMEDOUT')
    return `fd ${fd} of process ${pid} could not be duplicated: the kernel waits for its owner`;
  return `fd ${fd} of process ${pid} could not be duplicated (${code})`;
}

/** Resolves when every query has its answer, or no more answers arrive. */
async function settled(unanswered: Unanswered): Promise<void> {
  for (let quiet = 0; unanswered.size > 0 && quiet < QUIET_MS; ) {
    const before = unanswered.size;
    await sleep(POLL_MS);
    quiet = unanswered.size === before ? quiet + POLL_MS : 0;
  }
}

/** Each group once, that of the first member first; if there is none, the reason of the first member. */
function readingsOf(inquiries: readonly Inquiry[]): readonly SlotReading[] | string {
  const found = inquiries.map(readingOf);
  const groups = new Map(
    found.flatMap((reading) =>
      typeof reading === 'string'
        ? []
        : [[reading.slots.find((inode) => inode !== 0) ?? 0, reading] as const],
    ),
  );
  const [why] = found;
  return groups.size === 0 && typeof why === 'string' ? why : [...groups.values()];
}

function readingOf({ request, answers, refused }: Inquiry): SlotReading | string {
  if (refused !== null) return refused;
  const [answer] = answers.values();
  if (answer === undefined) return 'bpftrace lost the answers';
  if (answer.asked !== request.inode)
    return `fd ${request.fd} of process ${request.pid} has become another socket`;
  if (answer.size === 0) return IN_NO_GROUP;
  return toReading(answers) ?? 'the group keeps changing while it is read';
}

const whyUnsampled = ({ countsReads }: SlotProbe): string =>
  countsReads
    ? 'datagrams were not sampled: bpftrace had to be killed, and its counts are lost'
    : 'datagrams were not sampled: the kernel has no sock:sock_recv_length (Linux 6.3 or later has it)';

/** Message and hint of a Failure; anything else is a bug, and rethrown. */
function why(error: unknown): string {
  const hint: unknown = error instanceof Error ? Reflect.get(error, 'hint') : undefined;
  if (!(error instanceof Error) || typeof hint !== 'string') throw error;
  return `${error.message} (${hint})`;
}
