/** Runs a measurement: its probe, and its intervals. */
import { type Bpftrace, type BpftraceOptions, readsFunctions, startBpftrace } from '../system/bpftrace.ts';
import type { Message } from '../system/bpftrace-output.ts';
import { type Failure, failure, isFailure } from '../system/errors.ts';
import { type Capabilities, hooksOf, readCapabilities } from './capabilities.ts';
import { chooseVariant } from './choose-variant.ts';
import { createIntervalReader, type IntervalReader } from './interval-reader.ts';
import { createMessageQueue, type MessageQueue } from './message-queue.ts';
import type { Interval, ProbeVariant, Question, Session, SessionOptions } from './types.ts';

/** If an interval is later than this, bpftrace is stopped (SIGSTOP), or the machine is overloaded. */
const PATIENCE_MS = 10_000;

/**
 * Throws Failure: EPERM, bpftrace-missing, bpftrace-too-old, btf-missing, bpftrace-slow, kernel-hung; the failure of
 * the last variant if none runs. The intervals throw bpftrace-killed, bpftrace-failed, bpftrace-silent,
 * bpftrace-garbled, kernel-hung.
 */
export async function startSession(question: Question, options: SessionOptions): Promise<Session> {
  const capabilities = await readCapabilities();
  const { variant, passedOver, started } = await chooseVariant(question.variants, capabilities, (each) =>
    open(each, question, options, capabilities),
  );
  return { variant, passedOver, intervals: started };
}

type Item = Interval | Failure | 'aborted';

async function open(
  { program }: ProbeVariant,
  { parameters, seconds, keys }: Question,
  { count, signal, onLine }: SessionOptions,
  capabilities: Capabilities,
): Promise<Session['intervals']> {
  const queue = createMessageQueue<Item>();
  const reader = createIntervalReader(keys, () => performance.now());
  const onMessage = (message: Message): void => {
    if (message.type === 'printf') onLine?.(message.data.replace(/\n$/, ''));
    const item = reader.add(message);
    if (item !== null) queue.put(item);
  };
  const options = { ...optionsFor(program, keys, capabilities), signal };
  const child = await startBpftrace(program, parameters, onMessage, options).catch(unlessInterrupted);
  if (child === null) return nothing(reader);
  reader.begin();
  const end = (): void => {
    reader.finish();
    queue.put('aborted');
  };
  child.ended.then((failure) => {
    // An exporter starts thousands of sessions in a day with one signal, which would keep the counts of each.
    signal.removeEventListener('abort', end);
    queue.put(failure);
  });
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return read(seconds, count, queue, reader, child);
}

/** null if the start was given up because the session was aborted. */
function unlessInterrupted(error: unknown): null {
  if (isFailure(error) && error.code === 'interrupted') return null;
  throw error;
}

async function* nothing(reader: IntervalReader): Session['intervals'] {
  reader.begin();
  yield reader.rest();
}

async function* read(
  seconds: number,
  count: number | null,
  queue: MessageQueue<Item>,
  reader: IntervalReader,
  child: Bpftrace,
): Session['intervals'] {
  try {
    for (let given = 0; count === null || given < count; given++) {
      const item = await queue.take(seconds * 1000 + PATIENCE_MS);
      if (item === null) throw silent(seconds);
      if (item === 'aborted') {
        if (!(await child.stop())) throw silent(seconds);
        return yield reader.rest();
      }
      if (item instanceof Error) throw item;
      yield item;
    }
  } finally {
    await child.stop();
  }
}

const silent = (seconds: number) =>
  failure(
    'bpftrace-silent',
    `bpftrace reported nothing for ${seconds + PATIENCE_MS / 1000} s and was stopped`,
    'the machine may be overloaded; try again',
  );

/**
 * Without a list of functions, 0.27 finds neither raw tracepoints nor functions; some kernels deny theirs even to root.
 */
function optionsFor(program: string, keys: number, { bpftrace }: Capabilities): BpftraceOptions {
  // Since 0.21 it has the second name.
  const environment = { BPFTRACE_MAP_KEYS_MAX: String(keys), BPFTRACE_MAX_MAP_KEYS: String(keys) };
  if ((bpftrace.major === 0 && bpftrace.minor < 27) || readsFunctions()) return { environment };
  const functions = hooksOf(program).flatMap(({ type, name }) =>
    type === 'rawtracepoint'
      ? ['__traceiter_', '__probestub_', '__bpf_trace_'].map((stub) => stub + name)
      : [name],
  );
  return { environment, flags: ['--traceable-functions', '/dev/stdin'], input: functions.join('\n') };
}
