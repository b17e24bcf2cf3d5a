/** Runs bpftrace as a child: starts it, reads its lines, stops it, and abandons it if the kernel never returns. */

import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { explainExit, type Message, parseMessage } from './bpftrace-output.ts';
import { kernelBtf } from './btf.ts';
import { type Failure, failure, isErrno } from './errors.ts';
import { installAdvice } from './install.ts';
import { native } from './native.ts';
import { programFile } from './package.ts';
import { ENVIRONMENT, findProgram } from './programs.ts';
import { run } from './run.ts';

export interface Bpftrace {
  /**
   * Ends it so that it prints its maps; false if it had to be killed, and they are lost. Throws Failure kernel-hung.
   */
  stop(): Promise<boolean>;
  /** Resolves when it has ended and all its output was read; to the reason if it was not asked to end. */
  readonly ended: Promise<Failure>;
}

export interface BpftraceOptions {
  /** Before the program: `--traceable-functions FILE`. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A short text on /dev/stdin, which it can open as a file. */
  readonly input?: string;
  /** Aborts the start, with the Failure interrupted. */
  readonly signal?: AbortSignal;
}

/** Its start takes 0.4 s at best, 25 s for the largest probe with 0.17 in an emulated machine, over 40 s when that is busy. */
const READY_MS = 120_000;
const LOOK_MS = 500;
const STUCK_MS = 4_000;
const STOP_MS = 5_000;
const AGAIN_MS = 30;
const KILLED_MS = 1_000;
const VERSION_MS = 30_000;
/** The version in Debian 12; no older one was ever tested. */
const OLDEST_MINOR = 17;
const STDERR_LIMIT = 64 * 1024;
const BTF_FILE = '/sys/kernel/btf/vmlinux';

/**
 * Resolves when the probes are attached: the program must print "ready" or "Tracing ..." in BEGIN, which bpftrace runs
 * only then. Throws Failure: EPERM, bpftrace-missing, btf-missing, tracepoint-missing, probe-missing, field-missing
 * (the message names it), bad-parameter, bpftrace-failed, bpftrace-slow, kernel-hung, interrupted.
 */
export async function startBpftrace(
  program: string,
  parameters: readonly string[],
  onMessage: (message: Message) => void,
  { flags = [], environment = {}, input = '', signal }: BpftraceOptions = {},
): Promise<Bpftrace> {
  const [command, ...args] = commandLine([
    ...['-f', 'json', ...flags, '-e', program],
    ...afterOptions(parameters),
  ]);
  // Node's pipes are sockets, which cannot be opened as a file.
  const stdin = input === '' ? null : native().memfd(Buffer.from(input));
  // Detached, so that Ctrl-C reaches it only through us, and it still prints its last maps.
  const child = spawn(command, args, {
    stdio: [stdin ?? 'ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...ENVIRONMENT, ...btfByName(), ...environment },
  }) as ChildProcessByStdio<null, Readable, Readable>;
  if (stdin !== null) closeSync(stdin);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_LIMIT);
  });
  const ended = new Promise<Failure>((resolve) => {
    child.once('close', (_code, signal) => resolve(explainExit(stderr, signal)));
    child.once('error', (error) => resolve(explainExit(error.message)));
  });
  const gone = ended.then(() => 'gone' as const);
  const ready = new Promise<'ready'>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      const message = parseMessage(line);
      if (message === null) return;
      if (message.type === 'printf' && /^(ready|Tracing )/.test(message.data)) resolve('ready');
      else onMessage(message);
    });
  });

  const started = await untilReady(child, ready, gone, signal);
  if (started === 'gone') throw await ended;
  if (started !== 'ready') {
    await kill(child, gone, started === 'stuck' ? KILLED_MS : STUCK_MS);
    throw NOT_READY[started](child);
  }
  return { stop: () => stop(child, gone), ended };
}

/**
 * A kernel before 5.11 does not name its BTF objects (struct bpf_btf_info), and bpftrace 0.17 then finds no types. It
 * is set only if necessary, because with a given file bpftrace loses kfunc.
 */
const btfByName = (): Readonly<Record<string, string>> =>
  /^[1-4]\.|^5\.\d\.|^5\.10\./.test(release()) && kernelBtf()?.hasMember('bpf_btf_info.name') === false
    ? { BPFTRACE_BTF: BTF_FILE }
    : {};

/**
 * 0.17 notices a signal only in its epoll_wait, so it is sent repeatedly; not SIGINT, because a second one ends
 * bpftrace before it has printed its maps.
 */
async function stop(child: ChildProcess, gone: Promise<'gone'>): Promise<boolean> {
  for (let waited = 0; waited < STOP_MS; waited += AGAIN_MS) {
    child.kill('SIGTERM');
    if ((await within(AGAIN_MS, gone)) === 'gone') return true;
  }
  await kill(child, gone, KILLED_MS);
  return false;
}

/** Throws Failure: bpftrace-missing, bpftrace-too-old (for every probe here), bpftrace-slow, bpftrace-failed. */
export async function bpftraceVersion(): Promise<{ major: number; minor: number }> {
  const { stdout, stderr, timedOut } = await run(findBpftrace(), ['--version'], { timeoutMs: VERSION_MS });
  const [, major, minor] = /^bpftrace v(\d+)\.(\d+)/.exec(stdout) ?? [];
  if (timedOut)
    throw failure(
      'bpftrace-slow',
      `\`bpftrace --version\` did not answer within ${VERSION_MS / 1000} s`,
      'the machine is overloaded, or bpftrace hangs: run that command by hand',
    );
  if (major === undefined || minor === undefined)
    throw failure(
      'bpftrace-failed',
      `the version of bpftrace could not be read: ${(stdout + stderr).trim().slice(0, 80)}`,
      'check which bpftrace is installed: `bpftrace --version`',
    );
  const version = { major: Number(major), minor: Number(minor) };
  if (version.major === 0 && version.minor < OLDEST_MINOR)
    throw failure(
      'bpftrace-too-old',
      `bpftrace ${major}.${minor} is too old`,
      `0.${OLDEST_MINOR} or later is needed`,
    );
  return version;
}

/** Can bpftrace read the kernel's list of functions? */
export function readsFunctions(): boolean {
  try {
    closeSync(openSync('/sys/kernel/tracing/available_filter_functions', 'r'));
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EPERM', 'EACCES')) return false;
    throw error;
  }
}

/** A BPF request takes milliseconds; if it sleeps for seconds, the kernel will not answer. */
async function untilReady(
  child: ChildProcess,
  ready: Promise<'ready'>,
  gone: Promise<'gone'>,
  signal: AbortSignal | undefined,
) {
  let abort = (): void => {};
  const aborted = new Promise<'aborted'>((resolve) => {
    abort = () => resolve('aborted');
  });
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  try {
    let stuck = 0;
    for (let waited = 0; waited < READY_MS; waited += LOOK_MS) {
      const state = await within(LOOK_MS, ready, gone, aborted);
      if (state !== 'late') return state;
      stuck = sleepsInBpf(child.pid) ? stuck + LOOK_MS : 0;
      if (stuck >= STUCK_MS) return 'stuck';
    }
    return 'late';
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/**
 * After `--` a parameter is not an option, even if it starts with a dash; with two dashes bpftrace takes it for a named
 * one. Throws Failure bad-parameter.
 */
export function afterOptions(parameters: readonly string[]): readonly string[] {
  const bad = parameters.find((parameter) => parameter.startsWith('--'));
  if (bad !== undefined)
    throw failure(
      'bad-parameter',
      `bpftrace would read '${bad}' as an option`,
      'choose by pid or port instead',
    );
  return parameters.length === 0 ? [] : ['--', ...parameters];
}

/**
 * bpftrace needs tracefs for its tracepoints. If it is not mounted, it is mounted in a namespace of the child, so that
 * the host does not change.
 */
function commandLine(args: readonly string[]): [string, ...string[]] {
  if (process.geteuid?.() !== 0) throw failure('EPERM', 'bpftrace needs root', 'run as root');
  const bpftrace = findBpftrace();
  // Without it bpftrace 0.17 crashes.
  if (!existsSync(BTF_FILE))
    throw failure('btf-missing', `the kernel has no ${BTF_FILE}`, 'it needs CONFIG_DEBUG_INFO_BTF');
  const mounted = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].some((path) =>
    existsSync(`${path}/events`),
  );
  const mount = mounted ? [] : [process.execPath, programFile('system/with-tracefs')];
  const [command = bpftrace, ...rest] = [...guard(), ...mount, bpftrace, ...args];
  return [command, ...rest];
}

/**
 * If we are killed, it must not trace on forever. Without util-linux's setpriv (that of busybox cannot do this) it ends
 * at its next output, because nobody reads it.
 */
function guard(): readonly string[] {
  const [setpriv, nothing] = [findProgram('setpriv'), findProgram('true')];
  if (setpriv === null || nothing === null) return [];
  const guarded = [setpriv, '--pdeathsig', 'KILL'];
  const options = { stdio: 'ignore', timeout: VERSION_MS, env: ENVIRONMENT } as const;
  const { status } = spawnSync(setpriv, [...guarded.slice(1), nothing], options);
  return status === 0 ? guarded : [];
}

/** Throws Failure bpftrace-missing. */
function findBpftrace(): string {
  const path = findProgram('bpftrace');
  if (path !== null) return path;
  throw failure('bpftrace-missing', 'bpftrace is not installed', installAdvice('bpftrace'));
}

async function within<T>(milliseconds: number, ...promises: readonly Promise<T>[]): Promise<T | 'late'> {
  const timer = new AbortController();
  const late = sleep(milliseconds, 'late' as const, { signal: timer.signal });
  const first = await Promise.race([...promises, late]);
  timer.abort();
  return first;
}

async function kill(child: ChildProcess, gone: Promise<'gone'>, patience: number): Promise<void> {
  child.kill('SIGKILL');
  if ((await within(patience, gone)) === 'gone') return;
  // Nothing ends a process in state D: leave it, and keep no handle that would make us wait for it.
  child.unref();
  child.stdout?.destroy();
  child.stderr?.destroy();
  throw hung(child);
}

const hung = ({ pid }: ChildProcess) =>
  failure(
    'kernel-hung',
    `the kernel does not answer BPF requests: bpftrace (pid ${pid}) hangs in one`,
    'only a reboot helps; until then every attach, bpftrace and seccomp filter on this machine hangs',
  );

const NOT_READY = {
  stuck: hung,
  late: () =>
    failure(
      'bpftrace-slow',
      `bpftrace was not ready within ${READY_MS / 1000} s`,
      'is the machine overloaded?',
    ),
  aborted: () => failure('interrupted', 'interrupted before bpftrace was ready', 'start it again'),
} as const;

/** bpf(2) is 321 on x86-64, 280 on all newer architectures. State D is "disk sleep": no signal ends it. */
function sleepsInBpf(pid: number | undefined): boolean {
  try {
    const call = readFileSync(`/proc/${pid}/syscall`, 'utf8');
    return /^(?:321|280) /.test(call) && /^State:\s+D/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    // It has just ended, which is handled elsewhere, or may not be read.
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EPERM', 'EACCES')) return false;
    throw error;
  }
}
