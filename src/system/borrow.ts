/**
 * Looks at sockets of other processes in a child process (native/borrow.cc), because the owner of a descriptor can make
 * system calls on its copy wait forever. Then the child is left behind, and this process goes on.
 */
import { failure, isErrno, type SystemError, systemError } from './errors.ts';
import { native } from './native.ts';
import { decodeAddress } from './sockets.ts';
import type { BorrowRequest, ForeignSocket } from './types.ts';

/**
 * Time limit of one answer; all answers of a call have five times that. An answer takes microseconds, unless the
 * machine is stuck.
 */
const TIMEOUT_MS = 2_000;
/** Bounds of native/borrow.cc. */
const MOST_REQUESTS = 4_096;

/** struct Request and struct Answer of native/borrow.cc, little-endian. */
const SIZEOF_REQUEST = 32;
const SIZEOF_ANSWER = 96;
/** enum Step: the system call that failed. */
const STEPS = ['pidfd_open', 'pidfd_getfd', 'getsockopt', 'fstat', 'getsockname', 'borrow'] as const;
const IPPROTO_TCP = 6;

/** One answer per request, in order. Throws Failure descriptor-silent: too many children are stuck already. */
export async function borrow(
  requests: readonly BorrowRequest[],
): Promise<readonly (ForeignSocket | SystemError)[]> {
  const answers: (ForeignSocket | SystemError)[] = [];
  for (let from = 0; from < requests.length; from += MOST_REQUESTS) {
    const { bytes, indices } = encodeRequests(requests.slice(from, from + MOST_REQUESTS));
    const answer = native().borrow(bytes, indices, TIMEOUT_MS).catch(explainStuck);
    answers.push(...decodeAnswers(await answer));
  }
  return answers;
}

function explainStuck(error: unknown): never {
  if (!isErrno(error, 'EAGAIN')) throw error;
  throw failure(
    'descriptor-silent',
    'too many system calls on descriptors of other processes already hang in the kernel',
    '`ps -eo state,pid,ppid,wchan,comm` shows them and what they wait for; end that, then try again',
  );
}

export function encodeRequests(requests: readonly BorrowRequest[]): {
  readonly bytes: Uint8Array;
  readonly indices: Uint8Array;
} {
  const bytes = new Uint8Array(requests.length * SIZEOF_REQUEST);
  const view = new DataView(bytes.buffer);
  const indices: number[] = [];
  for (const [at, { pid, fd, cookie, mark }] of requests.entries()) {
    const start = at * SIZEOF_REQUEST;
    view.setInt32(start, pid, true);
    view.setInt32(start + 4, fd, true);
    view.setBigUint64(start + 8, cookie ?? 0n, true);
    view.setUint32(start + 16, mark?.nonce ?? 0, true);
    view.setUint32(start + 20, mark?.token ?? 0, true);
    view.setUint32(start + 24, indices.length, true);
    view.setUint32(start + 28, mark?.indices.length ?? 0, true);
    for (const index of mark?.indices ?? []) indices.push(index);
  }
  return { bytes, indices: new Uint8Array(Uint32Array.from(indices).buffer) };
}

/** An incomplete answer at the end is dropped. */
export function decodeAnswers(bytes: Uint8Array): (ForeignSocket | SystemError)[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.floor(bytes.length / SIZEOF_ANSWER);
  return Array.from({ length: count }, (_, index) => decodeAnswer(view, index * SIZEOF_ANSWER));
}

function decodeAnswer(view: DataView, start: number): ForeignSocket | SystemError {
  const int = (at: number) => view.getInt32(start + at, true);
  const error = int(0);
  if (error !== 0) return systemError(-Math.abs(error), STEPS[int(4)] ?? 'borrow');
  const netns = view.getBigUint64(start + 24, true);
  const [domain, type, protocol] = [int(32), int(36), int(40)];
  const address = new Uint8Array(view.buffer, view.byteOffset + start + 64, Math.min(int(60) >>> 0, 28));
  return {
    inode: Number(view.getBigUint64(start + 8, true)),
    cookie: view.getBigUint64(start + 16, true),
    netns: netns === 0n ? null : netns,
    domain,
    type,
    protocol,
    reuseport: int(44) !== 0,
    listening: int(48) !== 0,
    incomingCpu: int(52),
    tcpState: protocol === IPPROTO_TCP ? int(56) : null,
    local: decodeAddress(address),
  };
}
