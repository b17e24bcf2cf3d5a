/** bpftrace as a child: started, heard line by line, stopped, and given up when the kernel holds it for ever. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Failure, failure, isErrno } from '../system/errors.ts';

/** A line of `bpftrace -f json` that carries data. */
export type Message =
  | { readonly type: 'printf'; readonly data: string }
  | { readonly type: 'map'; readonly data: Readonly<Record<string, unknown>> };

export interface Bpftrace {
  /** Ends it so that its maps are heard; false when it had to be killed, and they are lost. Throws Failure kernel-hung. */
  stop(): Promise<boolean>;
}

/** Its start takes 0.4 s at best, 4 s in an emulated machine. */
const READY_MS = 15_000;
const LOOK_MS = 500;
const STUCK_MS = 4_000;
const STOP_MS = 5_000;
const AGAIN_MS = 30;
const KILLED_MS = 1_000;

/**
 * Resolves when the probes are attached: the program must print "ready" in BEGIN, which bpftrace shows only then.
 * Throws Failure: EPERM, bpftrace-missing, btf-missing, tracepoint-missing, field-missing (the message names it),
 * bpftrace-failed, bpftrace-slow, kernel-hung.
 */
export async function startBpftrace(
  program: string,
  parameters: readonly string[],
  hear: (message: Message) => void,
): Promise<Bpftrace> {
  const [command, ...args] = commandLine(['bpftrace', '-f', 'json', '-e', program, ...parameters]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const gone = new Promise<'gone'>((resolve) => {
    child.once('close', () => resolve('gone'));
    child.once('error', (error) => {
      stderr += error.message;
      resolve('gone');
    });
  });
  const ready = new Promise<'ready'>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      const message = parseMessage(line);
      if (message === null) return;
      if (message.type === 'printf' && message.data === 'ready\n') resolve('ready');
      else hear(message);
    });
  });

  const started = await untilReady(child, ready, gone);
  if (started === 'gone') throw explain(stderr);
  if (started !== 'ready') {
    await kill(child, gone);
    if (started === 'stuck') throw hung(child);
    const message = `bpftrace was not ready within ${READY_MS / 1000} s`;
    throw failure('bpftrace-slow', message, 'is the machine overloaded?');
  }
  return { stop: () => stop(child, gone) };
}

/**
 * 0.17 heeds a signal only if it arrives in its epoll_wait, so it is sent again; and not SIGINT, whose second one
 * ends bpftrace before it has printed its maps.
 */
async function stop(child: ChildProcess, gone: Promise<'gone'>): Promise<boolean> {
  for (let waited = 0; waited < STOP_MS; waited += AGAIN_MS) {
    child.kill('SIGTERM');
    if ((await within(AGAIN_MS, gone)) === 'gone') return true;
  }
  await kill(child, gone);
  return false;
}

/** A BPF request takes milliseconds: one that sleeps for seconds is the sign of a kernel that will not answer. */
async function untilReady(child: ChildProcess, ready: Promise<'ready'>, gone: Promise<'gone'>) {
  let stuck = 0;
  for (let waited = 0; waited < READY_MS; waited += LOOK_MS) {
    const state = await within(LOOK_MS, ready, gone);
    if (state !== 'late') return state;
    stuck = sleepsInBpf(child.pid) ? stuck + LOOK_MS : 0;
    if (stuck >= STUCK_MS) return 'stuck';
  }
  return 'late';
}

/** null for what is not JSON (blank lines, plain warnings) and for what carries no data of ours. */
export function parseMessage(line: string): Message | null {
  if (!line.startsWith('{')) return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  const { type, data } = value;
  if (type === 'printf' && typeof data === 'string') return { type, data };
  if (type === 'map' && isRecord(data)) return { type, data };
  return null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * bpftrace looks for its tracepoints in tracefs. Where nobody mounted that, it is mounted in a namespace of the
 * child's own, so that the host stays as it is. setpriv: should we be killed, it must not trace on for ever.
 */
function commandLine(bpftrace: readonly string[]): [string, ...string[]] {
  if (process.geteuid?.() !== 0) throw failure('EPERM', 'bpftrace needs root', 'run as root');
  if (!inPath('bpftrace'))
    throw failure('bpftrace-missing', 'bpftrace is not installed', 'apt install bpftrace');
  // bpftrace 0.17 does not complain about that, it crashes.
  if (!existsSync('/sys/kernel/btf/vmlinux'))
    throw failure(
      'btf-missing',
      'the kernel has no /sys/kernel/btf/vmlinux',
      'it needs CONFIG_DEBUG_INFO_BTF',
    );
  const guard = inPath('setpriv') ? ['setpriv', '--pdeathsig', 'KILL'] : [];
  const mounted = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].some((path) =>
    existsSync(`${path}/events`),
  );
  const mount = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    'mount -t tracefs tracefs /sys/kernel/tracing && exec "$@"',
    'sh',
  ];
  const [command = 'bpftrace', ...args] = [...guard, ...(mounted ? [] : mount), ...bpftrace];
  return [command, ...args];
}

function inPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => {
    try {
      accessSync(`${directory}/${name}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function within<T>(milliseconds: number, ...promises: readonly Promise<T>[]): Promise<T | 'late'> {
  const timer = new AbortController();
  const late = sleep(milliseconds, 'late' as const, { signal: timer.signal });
  const first = await Promise.race([...promises, late]);
  timer.abort();
  return first;
}

async function kill(child: ChildProcess, gone: Promise<'gone'>): Promise<void> {
  child.kill('SIGKILL');
  if ((await within(KILLED_MS, gone)) === 'gone') return;
  // Nothing ends a process in state D: leave it, and keep nothing that would make us wait for it.
  child.unref();
  child.stdout?.destroy();
  child.stderr?.destroy();
  throw hung(child);
}

const hung = ({ pid }: ChildProcess) =>
  failure(
    'kernel-hung',
    `the kernel does not answer BPF requests: bpftrace (pid ${pid}) sleeps in one`,
    'only a reboot helps; until then every attach, bpftrace and seccomp filter on this machine hangs',
  );

/** bpf(2) is 321 on x86-64, 280 on all newer architectures. State D is "disk sleep": no signal ends it. */
function sleepsInBpf(pid: number | undefined): boolean {
  try {
    const call = readFileSync(`/proc/${pid}/syscall`, 'utf8');
    return /^(?:321|280) /.test(call) && /^State:\s+D/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    // It has just ended, which is heard elsewhere, or does not let itself be seen.
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EPERM', 'EACCES')) return false;
    throw error;
  }
}

/** stderr of a bpftrace that gave up. The RLIMIT_MEMLOCK line is an "ERROR" on 0.17, and harmless. */
export function explain(stderr: string): Failure {
  const tracepoint = /tracepoint not found: (\S+)/.exec(stderr)?.[1];
  if (tracepoint !== undefined)
    return failure(
      'tracepoint-missing',
      `the kernel has no tracepoint ${tracepoint}`,
      'CONFIG_FTRACE_SYSCALLS is needed',
    );
  const field = /does not contain a field named '(\w+)'/.exec(stderr)?.[1];
  if (field !== undefined)
    return failure(
      'field-missing',
      `the kernel has no field ${field}`,
      'please report it with the output of uname -a',
    );
  if (/only supports running as the root|Missing CAP_|Operation not permitted|Permission denied/.test(stderr))
    return failure(
      'EPERM',
      'bpftrace is refused',
      'it needs root with CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN; no kernel lockdown',
    );
  const lines = stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/RLIMIT_MEMLOCK|WARNING/.test(line));
  const line = lines.find((each) => each.includes('ERROR')) ?? lines.at(-1) ?? 'it ended without a word';
  return failure('bpftrace-failed', `bpftrace failed: ${line.trim()}`, 'see docs/troubleshooting.md');
}
