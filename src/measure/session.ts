/** A measurement from start to end: the best variant that runs here, and its intervals. */
import { type Bpftrace, type BpftraceOptions, readsFunctions, startBpftrace } from '../system/bpftrace.ts';
import type { Message } from '../system/bpftrace-output.ts';
import { type Failure, failure, isFailure } from '../system/errors.ts';
import { type Capabilities, hooksOf, obstacle, readCapabilities } from './capabilities.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import type { Interval, Plan, Session, Variant } from './types.ts';

/** Longer than this beyond its interval and bpftrace is stopped, or the machine is in a bad way. */
const PATIENCE_MS = 10_000;

/** What no other variant would mend. */
const FATAL: ReadonlySet<string> = new Set([
  'bpftrace-missing',
  'bpftrace-slow',
  'btf-missing',
  'kernel-hung',
]);

/** Programs that were tried in vain, with the reason: each try costs a second. */
const refused = new Map<string, string>();

/**
 * Throws Failure: EPERM, bpftrace-missing, bpftrace-too-old, btf-missing, bpftrace-slow, kernel-hung; what the most
 * modest variant failed of when none runs. The intervals throw bpftrace-killed, bpftrace-failed, bpftrace-silent,
 * bpftrace-garbled, kernel-hung.
 */
export async function startSession(plan: Plan): Promise<Session> {
  const capabilities = await readCapabilities();
  const passedOver: string[] = [];
  let failed: unknown = null;
  for (const variant of plan.variants) {
    const why = refused.get(variant.program) ?? obstacle(variant, capabilities);
    if (why === null) {
      try {
        return { variant, passedOver, intervals: await open(variant, plan, capabilities) };
      } catch (error) {
        if (!isFailure(error) || FATAL.has(error.code)) throw error;
        failed = error;
        refused.set(variant.program, error.message);
      }
    }
    passedOver.push(`${variant.name}: ${why ?? refused.get(variant.program)}`);
  }
  throw failed ?? failure('no-variant', `nothing can be measured here: ${passedOver.join('; ')}`, NO_VARIANT);
}

const NO_VARIANT = 'see docs/requirements.md';

type Item = Interval | Failure | 'aborted';

async function open(variant: Variant, plan: Plan, capabilities: Capabilities): Promise<Session['intervals']> {
  const inbox = createInbox<Item>();
  const recorder = createRecorder(plan.keys, () => performance.now());
  const program = specialise(variant.program, plan);
  const hear = (message: Message): void => {
    if (message.type === 'printf') plan.onLine?.(message.data.replace(/\n$/, ''));
    const item = recorder.hear(message);
    if (item !== null) inbox.put(item);
  };
  const options = { ...optionsFor(program, plan.keys, capabilities), signal: plan.signal };
  const child = await startBpftrace(program, plan.parameters, hear, options).catch(unlessInterrupted);
  if (child === null) return nothing(recorder);
  recorder.begin();
  child.ended.then((failure) => inbox.put(failure));
  const end = (): void => {
    recorder.finish();
    inbox.put('aborted');
  };
  if (plan.signal.aborted) end();
  else plan.signal.addEventListener('abort', end, { once: true });
  return read(plan, inbox, recorder, child);
}

/** null for a start that was given up because nobody wants to know any more. */
function unlessInterrupted(error: unknown): null {
  if (isFailure(error) && error.code === 'interrupted') return null;
  throw error;
}

async function* nothing(recorder: Recorder): Session['intervals'] {
  recorder.begin();
  yield recorder.rest();
}

/** 0.23 compares two constant strings for every packet, at four times the cost of the rest of a filter. */
const specialise = (program: string, { seconds, parameters }: Plan): string =>
  program
    .replace('interval:s:1', `interval:ms:${Math.round(seconds * 1000)}`)
    .replaceAll('str($3) == ""', parameters[2] ? '0 == 1' : '1 == 1');

async function* read(
  plan: Plan,
  inbox: Inbox<Item>,
  recorder: Recorder,
  child: Bpftrace,
): Session['intervals'] {
  try {
    for (let given = 0; plan.count === null || given < plan.count; given++) {
      const item = await inbox.take(plan.seconds * 1000 + PATIENCE_MS);
      if (item === null) throw silent(plan.seconds);
      if (item === 'aborted') {
        if (!(await child.stop())) throw silent(plan.seconds);
        return yield recorder.rest();
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
    `bpftrace has said nothing for ${seconds + PATIENCE_MS / 1000} s, it was ended`,
    'was it stopped, or is the machine overloaded?',
  );

/** Without a list of functions, 0.27 finds neither raw tracepoints nor functions; some kernels refuse theirs to root. */
function optionsFor(program: string, keys: number, { bpftrace }: Capabilities): BpftraceOptions {
  // The second is its name since 0.21.
  const environment = { BPFTRACE_MAP_KEYS_MAX: String(keys), BPFTRACE_MAX_MAP_KEYS: String(keys) };
  if ((bpftrace.major === 0 && bpftrace.minor < 27) || readsFunctions()) return { environment };
  const functions = hooksOf(program).flatMap(({ type, name }) =>
    type === 'rawtracepoint'
      ? ['__traceiter_', '__probestub_', '__bpf_trace_'].map((stub) => stub + name)
      : [name],
  );
  return { environment, flags: ['--traceable-functions', '/dev/stdin'], input: functions.join('\n') };
}
