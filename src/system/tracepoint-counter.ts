/** Counts hits of tracepoints in the kernel, without a BPF program: one perf counter for each CPU. */
import { closeSync, existsSync, readFileSync, readSync } from 'node:fs';
import { failure } from './errors.ts';
import { native } from './native.ts';
import { programFile } from './package.ts';
import { findProgram } from './programs.ts';
import { run } from './run.ts';

const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
const TIME_LIMIT_MS = 5_000;

/** A tracepoint as tracefs names it: `sched/sched_waking`. */
export type Tracepoint = `${string}/${string}`;

/**
 * The numbers by which perf knows tracepoints, in order. Where tracefs is not mounted, a child mounts it for itself.
 * Throws Failure `no-tracefs`.
 */
export async function tracepointIds(names: readonly Tracepoint[]): Promise<readonly number[]> {
  const mounted = TRACEFS.find((path) => existsSync(`${path}/events`));
  const files = names.map((name) => `${mounted ?? TRACEFS[0]}/events/${name}/id`);
  const ids = mounted === undefined ? await readPrivately(files) : files.map(readId);
  if (ids.length === names.length && ids.every((id) => Number.isInteger(id) && id > 0)) return ids;
  throw failure(
    'no-tracefs',
    `the ids of the tracepoints ${names.join(', ')} could not be read from tracefs`,
    'run as root, on a kernel with CONFIG_FTRACE',
  );
}

function readId(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return Number.NaN;
  }
}

async function readPrivately(files: readonly string[]): Promise<readonly number[]> {
  const cat = findProgram('cat');
  if (cat === null) return [];
  const command = [programFile('system/with-tracefs'), cat, ...files];
  const { stdout } = await run(process.execPath, command, { timeoutMs: TIME_LIMIT_MS });
  return stdout.trim().split('\n').map(Number);
}

export interface TracepointCounter {
  /** Hits on all CPUs since it was opened. */
  read(): number;
  close(): void;
}

/**
 * @param filterOf the hits that count on a CPU, as in tracefs; empty: all. Throws SystemError (EACCES, EINVAL), with no
 *   counter left open.
 */
export function countTracepoint(
  id: number,
  cpus: readonly number[],
  filterOf: (cpu: number) => string,
): TracepointCounter {
  const fds: number[] = [];
  const close = () => {
    for (const fd of fds.splice(0)) closeSync(fd);
  };
  try {
    for (const cpu of cpus) fds.push(native().perfTracepoint(id, cpu, filterOf(cpu)));
  } catch (error) {
    close();
    throw error;
  }
  const value = Buffer.alloc(8);
  return {
    read: () =>
      fds.reduce((sum, fd) => {
        readSync(fd, value);
        return sum + Number(value.readBigUInt64LE());
      }, 0),
    close,
  };
}
