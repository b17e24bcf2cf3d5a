/**
 * A kernel whose BPF is stuck hangs every process that asks it: ask once with a time limit, and fail with that message.
 */
import { startBpftrace } from '../../src/system/bpftrace.ts';

/** Throws Failure kernel-hung, bpftrace-slow, bpftrace-missing … instead of letting a test hang. */
export async function assertBpfAnswers(): Promise<void> {
  const probe = await startBpftrace('BEGIN { printf("ready\\n"); }', [], () => {});
  await probe.stop();
}
