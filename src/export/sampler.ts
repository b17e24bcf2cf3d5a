/** Runs the probes for some seconds of each period: what they cost is bounded, and counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { acceptQuestion } from '../measure/accept.ts';
import { ANY } from '../measure/filter.ts';
import { startSession } from '../measure/session.ts';
import { countsTx, skbQuestion } from '../measure/skb-question.ts';
import type { Question } from '../measure/types.ts';
import { udpQuestion } from '../measure/udp.ts';
import { type Failure, isFailure } from '../system/errors.ts';
import type { MissingReason } from './catalog.ts';
import type { Measured, SampleContext } from './measured.ts';
import type { ProbeName } from './probes.ts';

/** `5/60`: 5 s of every minute. */
export interface Schedule {
  readonly seconds: number;
  readonly period: number;
}

/** A probe that fails is tried again after its period, then after twice that, up to an hour. */
const LONGEST_MS = 3_600_000;

/** The kernel has locked up in BPF: another attempt would only add a process that nothing can end. */
const FINAL = 'kernel-hung';

/** @param port null: all @param context the machine now, to judge a sample by; null: not known */
export async function sample(
  probe: ProbeName,
  { seconds, period }: Schedule,
  port: number | null,
  measured: Measured,
  context: () => Promise<SampleContext | null>,
  signal: AbortSignal,
  trouble: (message: string) => void,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const began = performance.now();
    try {
      await once(probe, seconds, port, measured, context, signal);
      failures = 0;
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (signal.aborted) return;
      failures += 1;
      measured.failed(probe, reasonOf(error));
      if (failures === 1 || error.code === FINAL) trouble(`probe ${probe}: ${error.message} (${error.hint})`);
      if (error.code === FINAL) return;
    }
    const wait = failures === 0 ? 1000 * period : Math.min(LONGEST_MS, 1000 * period * 2 ** (failures - 1));
    // At least as long as it counts: the start of bpftrace may take longer than the period.
    const left = Math.max(wait - (performance.now() - began), 1000 * seconds);
    await sleep(left, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function once(
  probe: ProbeName,
  seconds: number,
  port: number | null,
  measured: Measured,
  context: () => Promise<SampleContext | null>,
  signal: AbortSignal,
): Promise<void> {
  const { variant, intervals } = await startSession(await questionOf(probe, seconds, port), {
    count: 1,
    signal,
  });
  measured.started(probe);
  for await (const interval of intervals) {
    const now = await context();
    if (signal.aborted || now === null) return;
    measured.succeeded(probe, variant, countsTx(variant.name, ANY), interval, now);
  }
}

/** Throws Failure: everything of readCapabilities. */
async function questionOf(probe: ProbeName, seconds: number, port: number | null): Promise<Question> {
  const filter = { ...ANY, port };
  if (probe === 'skb') return skbQuestion(filter, seconds);
  return probe === 'accept' ? acceptQuestion(filter, seconds) : udpQuestion(filter, seconds);
}

const reasonOf = ({ code }: Failure): MissingReason<ProbeName> =>
  code === 'EPERM' ? 'not-root' : code === 'bpftrace-missing' ? 'bpftrace-missing' : 'failed';
