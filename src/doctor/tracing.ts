/** Checks of bpftrace, with the probes that it can load here. */
import { startSlotProbe } from '../host/slot-probe.ts';
import { acceptQuestion } from '../measure/accept.ts';
import type { Filter } from '../measure/filter.ts';
import { startSession } from '../measure/session.ts';
import { skbQuestion } from '../measure/skb-question.ts';
import type { Question } from '../measure/types.ts';
import { udpQuestion } from '../measure/udp.ts';
import { bpftraceVersion } from '../system/bpftrace.ts';
import { kernelBtf } from '../system/btf.ts';
import { isFailure } from '../system/errors.ts';
import { installAdvice } from '../system/install.ts';
import { TRACE } from './commands.ts';
import { asRoot } from './surroundings.ts';
import { type Check, fails, NOT_READ, type Outcome, type Subject, unknown, works } from './types.ts';

const EVERYTHING: Filter = { pid: null, port: null, comm: null };
/** Long enough that none ends before the probe is stopped. */
const SECONDS = 60;

export const TRACING_CHECKS: readonly Check[] = [
  { id: 'bpftrace', commands: TRACE, examine: bpftrace },
  {
    id: 'probe-slots',
    commands: ['attach', 'detach', 'prove', 'tune'],
    examine: (subject) => load(subject, slots),
  },
  {
    id: 'probe-skb',
    commands: ['measure', 'tune'],
    examine: (subject) => load(subject, () => tried(skbQuestion(EVERYTHING, SECONDS))),
  },
  {
    id: 'probe-accept',
    commands: ['measure', 'tune'],
    examine: (subject) => load(subject, () => tried(acceptQuestion(EVERYTHING, SECONDS))),
  },
  {
    id: 'probe-udp',
    commands: ['measure'],
    examine: (subject) => load(subject, () => tried(udpQuestion(EVERYTHING, SECONDS))),
  },
];

async function bpftrace(subject: Subject): Promise<Outcome> {
  if (subject.live === null) return NOT_READ;
  try {
    const { major, minor } = await bpftraceVersion();
    return works(`bpftrace ${major}.${minor}`);
  } catch (error) {
    if (!isFailure(error)) throw error;
    const isAbsent = error.code === 'bpftrace-missing';
    return fails(error.message, isAbsent ? asRoot(subject, installAdvice('bpftrace')) : error.hint);
  }
}

/** @param attempt resolves to what was loaded; throws Failure */
async function load(subject: Subject, attempt: () => Promise<string>): Promise<Outcome> {
  const { live } = subject;
  if (live === null) return NOT_READ;
  if (!live.probes) return unknown('not tried: --no-probes');
  if (live.euid !== 0)
    return unknown('not tried: only root can load it', asRoot(subject, 'locality-tune doctor'));
  try {
    return works(await attempt());
  } catch (error) {
    if (!isFailure(error)) throw error;
    return fails(error.message, error.hint);
  }
}

async function slots(): Promise<string> {
  const probe = await startSlotProbe(false, kernelBtf(), () => {});
  await probe.stop();
  return 'loads';
}

async function tried(asked: Question | Promise<Question>): Promise<string> {
  const stop = new AbortController();
  const { variant, passedOver, intervals } = await startSession(await asked, {
    count: null,
    signal: stop.signal,
  });
  stop.abort();
  // Only its end is of interest.
  for await (const _ of intervals);
  const others = passedOver.map((why) => why.split(':', 1)[0]).join(', ');
  return others === '' ? `loads: ${variant.name}` : `loads: ${variant.name} (cheaper ones do not: ${others})`;
}
