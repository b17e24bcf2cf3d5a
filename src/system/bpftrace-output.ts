/** Parses what bpftrace writes: JSON lines on stdout, and on stderr why it gives up. */
import { type Failure, failure } from './errors.ts';

/** A useful line of `bpftrace -f json`. */
export type Message =
  | { readonly type: 'printf' | 'time'; readonly data: string }
  | { readonly type: 'map'; readonly data: Readonly<Record<string, unknown>> }
  /** Events dropped from the ring buffer, or updates that a full map refused (reported since 0.23). */
  | { readonly type: 'lost'; readonly data: number }
  /** It should have been JSON. */
  | { readonly type: 'garbled'; readonly data: string };

/** null for lines that are not JSON (blank lines, plain warnings) and for useless ones (attached_probes). */
export function parseMessage(line: string): Message | null {
  if (!line.startsWith('{')) return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { type: 'garbled', data: line };
  }
  if (!isRecord(value)) return null;
  const { type, data } = value;
  if ((type === 'printf' || type === 'time') && typeof data === 'string') return { type, data };
  if (type === 'map' && isRecord(data)) return { type, data };
  if (type === 'lost_events' && isRecord(data))
    return { type: 'lost', data: Math.max(0, Number(data['events']) || 0) };
  // E2BIG: the map is full (kernel/bpf/hashtab.c, alloc_htab_elem).
  if (type === 'helper_error' && value['retcode'] === -7) return { type: 'lost', data: 1 };
  return null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** stderr of a bpftrace that gave up, and the signal that ended it. */
export function explainExit(stderr: string, signal: NodeJS.Signals | null = null): Failure {
  for (const [pattern, code, message, hint] of REASONS) {
    const found = pattern.exec(stderr);
    if (found !== null) return failure(code, message.replace('$1', found[1] ?? ''), hint);
  }
  if (signal !== null)
    return failure('bpftrace-killed', `bpftrace was killed by ${signal}`, 'start it again');
  // The RLIMIT_MEMLOCK line is an "ERROR" on 0.17, and harmless.
  const lines = stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/RLIMIT_MEMLOCK|WARNING/.test(line));
  const line = lines.find((each) => each.includes('ERROR')) ?? lines.at(-1) ?? 'it ended without a message';
  return failure('bpftrace-failed', `bpftrace failed: ${line.trim()}`, 'see docs/troubleshooting.md');
}

/** Pattern in stderr, code, message ($1: what the pattern captured), remedy. */
const REASONS: readonly (readonly [RegExp, string, string, string])[] = [
  [
    /tracepoint not found: (\S+)/,
    'tracepoint-missing',
    'the kernel has no tracepoint $1',
    'CONFIG_FTRACE_SYSCALLS is needed',
  ],
  [
    /does not contain a field named '(\w+)'/,
    'field-missing',
    'the kernel has no field $1',
    'please report it with the output of uname -a',
  ],
  // EACCES: the verifier refused one program; a missing privilege gives EPERM.
  [
    /Error loading BPF program for (\S+)\. Error code: -13/,
    'probe-refused',
    'the kernel refuses the program $1',
    'please report it with the output of uname -a and bpftrace --version',
  ],
  [
    /only supports running as the root|Missing CAP_|Operation not permitted|Permission denied/,
    'EPERM',
    'the kernel refused to run bpftrace',
    'it needs root with CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN; no kernel lockdown',
  ],
];
