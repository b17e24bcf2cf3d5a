/** A kernel whose BPF is stuck hangs whoever asks it next: ask once with a time limit, and fail with that word. */
import { run } from '../../src/system/run.ts';

const TRIVIAL = 'BEGIN { exit(); }';

export async function assertBpfAnswers(): Promise<void> {
  const { timedOut, code, stderr } = await run('bpftrace', ['-e', TRIVIAL], { timeoutMs: 20_000 });
  if (timedOut) throw new Error('the kernel does not answer BPF requests any more: reboot before testing');
  if (code !== 0) throw new Error(`bpftrace does not run here: ${stderr.trim()}`);
}
