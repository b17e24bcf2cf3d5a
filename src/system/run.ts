/** Runs another program to its end, with limits of time and output. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { ENVIRONMENT } from './programs.ts';

export interface RunOptions {
  readonly timeoutMs: number;
  /** From the moment when it writes to stdout, and again from each later one, it has this time instead. */
  readonly silenceMs?: number;
  /** Kills the program if it is aborted. */
  readonly signal?: AbortSignal;
  /** Its standard input; empty by default. */
  readonly input?: string;
}

export interface RunResult {
  /** null if a signal ended it, or if it hangs. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** At most OUTPUT_LIMIT characters; more is read and dropped. */
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** It survived SIGKILL, like any task that sleeps in the kernel (state D), and was left behind. */
  readonly hung: boolean;
}

export const OUTPUT_LIMIT = 32 * 1024 * 1024;
const GRACE_MS = 500;

/**
 * `file` is a path, or a name that is looked up in the fixed folders of ENVIRONMENT; no shell. Rejects with SystemError
 * (ENOENT: no such program, EACCES) if it cannot be started; any end of a started program resolves, at the latest half
 * a second after its SIGKILL.
 */
export function run(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'pipe', env: ENVIRONMENT });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    let exit: Pick<RunResult, 'code' | 'signal'> | null = null;
    let timedOut = false;
    let grace: NodeJS.Timeout | undefined;

    const release = (): void => {
      clearTimeout(timer);
      clearTimeout(grace);
      options.signal?.removeEventListener('abort', kill);
      // A grandchild, or the hung child, may keep the pipes open; that must not keep this process waiting.
      for (const stream of child.stdio) stream?.destroy();
      child.unref();
    };
    const settle = (): void => {
      release();
      resolve({
        code: null,
        signal: null,
        ...exit,
        stdout: stdout(),
        stderr: stderr(),
        timedOut,
        hung: exit === null,
      });
    };
    const kill = (): void => {
      child.kill('SIGKILL');
      grace ??= setTimeout(settle, GRACE_MS);
    };
    const giveUp = (): void => {
      timedOut = true;
      kill();
    };
    let timer = setTimeout(giveUp, options.timeoutMs);
    const { silenceMs } = options;
    if (silenceMs !== undefined)
      child.stdout.on('data', () => {
        clearTimeout(timer);
        if (!timedOut && exit === null) timer = setTimeout(giveUp, silenceMs);
      });

    child.on('error', (error) => {
      release();
      reject(error);
    });
    child.on('exit', (code, signal) => {
      exit = { code, signal };
      grace ??= setTimeout(settle, GRACE_MS);
    });
    child.on('close', settle);
    if (options.signal?.aborted) kill();
    else options.signal?.addEventListener('abort', kill);
    // EPIPE: a program need not read its input. Its exit status says the rest.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** Collects a stream up to the limit, and returns the text so far. */
function collect(stream: Readable): () => string {
  const chunks: string[] = [];
  let room = OUTPUT_LIMIT;
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    if (room > 0) chunks.push(chunk.slice(0, room));
    room -= chunk.length;
  });
  return () => chunks.join('');
}
