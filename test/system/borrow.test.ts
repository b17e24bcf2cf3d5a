import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { borrow, decodeAnswers, encodeRequests } from '../../src/system/borrow.ts';
import { isSystemError } from '../../src/system/errors.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { native } from '../../src/system/native.ts';
import type { ForeignSocket } from '../../src/system/types.ts';
import { bytes } from './bytes.ts';

const SERVER = `require('net').createServer().listen(0, '127.0.0.1', function () {
  console.log(JSON.stringify({ fd: this._handle.fd, port: this.address().port }));
});`;

/** Becomes its arguments, with close_range(2) answered as by Linux 5.8: ENOSYS (seccomp(2), a filter of classic BPF). */
const WITHOUT_CLOSE_RANGE = `
import ctypes, errno, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 436), (0x06, 0, 0, 0x00050000 | errno.ENOSYS), (0x06, 0, 0, 0x7fff0000)]
words = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in steps))
program = struct.pack('HxxxxxxQ', len(steps), ctypes.addressof(words))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
assert libc.syscall(436, 1000, 1000, 0) == -1 and ctypes.get_errno() == errno.ENOSYS
os.execv(sys.argv[1], sys.argv[1:])`;

const descriptors = () => readdirSync('/proc/self/fd').length;
let child: ChildProcess;
let pid: number;
let listener: { fd: number; port: number };

beforeAll(async () => {
  child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  pid = child.pid ?? -1;
  const [line] = await once(child.stdout ?? child, 'data');
  listener = JSON.parse(String(line));
});
afterAll(() => {
  child.kill('SIGKILL');
});

async function one(of: number, fd: number, cookie: bigint | null = null): Promise<ForeignSocket> {
  const [found] = await borrow([{ pid: of, fd, cookie }]);
  if (found === undefined || isSystemError(found)) throw found;
  return found;
}

describe("another process's socket", () => {
  it('is examined, and no copy of it remains here', async () => {
    const before = descriptors();
    const found = await one(pid, listener.fd);
    expect(found).toEqual({
      inode: statSync(`/proc/${pid}/fd/${listener.fd}`).ino,
      cookie: expect.any(BigInt),
      netns: native().netnsCookie(),
      domain: 2,
      type: 1,
      protocol: 6,
      reuseport: false,
      listening: true,
      incomingCpu: -1,
      tcpState: 10,
      local: { family: 4, address: '127.0.0.1', port: listener.port },
    });
    expect(descriptors()).toBe(before);
  });

  it('has the cookie that sock_diag shows, and no other is accepted', async () => {
    const socket = (await openKernel().sockets()).find(({ port }) => port === listener.port);
    const found = await one(pid, listener.fd, socket?.cookie ?? 0n);
    expect(found.inode).toBe(socket?.inode);
    await expect(one(pid, listener.fd, found.cookie + 1n)).rejects.toMatchObject({ code: 'ENXIO' });
  });

  it('is examined on a kernel without close_range, too', () => {
    const module = JSON.stringify(join(import.meta.dirname, '../../src/system/borrow.ts'));
    const script = `import { borrow } from ${module};
      const [{ inode, listening }] = await borrow([{ pid: ${pid}, fd: ${listener.fd}, cookie: null }]);
      console.log(JSON.stringify({ inode, listening }));`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const printed = execFileSync('python3', ['-c', WITHOUT_CLOSE_RANGE, ...node], { encoding: 'utf8' });
    const { ino } = statSync(`/proc/${pid}/fd/${listener.fd}`);
    expect(JSON.parse(printed)).toEqual({ inode: ino, listening: true });
  });

  it('may be of a family without ports', async () => {
    // Node gives a child's output as a Unix socket.
    expect(await one(pid, 1)).toMatchObject({ domain: 1, local: null, tcpState: null });
  });

  it('is refused with its reason: no such fd, not a socket, no such process; the others are answered', async () => {
    const before = descriptors();
    const gone = spawn('true');
    await once(gone, 'close');
    const asked = [
      [pid, 9999],
      [pid, -1],
      [pid, 0],
      [0, 0],
      [gone.pid ?? -1, 0],
      [pid, listener.fd],
    ] as const;
    const answers = await borrow(asked.map(([of, fd]) => ({ pid: of, fd, cookie: null })));
    expect(answers).toEqual([
      expect.objectContaining({ code: 'EBADF', syscall: 'pidfd_getfd' }),
      expect.objectContaining({ code: 'EBADF' }),
      expect.objectContaining({ code: 'ENOTSOCK', syscall: 'getsockopt' }),
      expect.objectContaining({ code: 'EINVAL', syscall: 'pidfd_open' }),
      expect.objectContaining({ message: 'pidfd_open: ESRCH, no such process' }),
      expect.objectContaining({ listening: true }),
    ]);
    expect(descriptors()).toBe(before);
  });

  it('is one of thousands in a call, and leaves no child', async () => {
    const many = Array.from({ length: 5_000 }, () => ({ pid, fd: listener.fd, cookie: null }));
    const answers = await borrow(many);
    expect(answers).toHaveLength(5_000);
    expect(answers.every((answer) => !isSystemError(answer) && answer.listening)).toBe(true);
    await expect(Promise.all(Array.from({ length: 20 }, () => one(pid, listener.fd)))).resolves.toHaveLength(
      20,
    );
    expect(readdirSync('/proc/self/task').length).toBeGreaterThan(0);
    const children = spawn('ps', ['-o', 'comm=', '--ppid', String(process.pid)]);
    const [text] = await once(children.stdout, 'data');
    expect(String(text).trim().split('\n').sort()).toEqual(['MainThread', 'ps']);
  });
});

describe('requests and answers', () => {
  const request = fc.record({
    pid: fc.integer(),
    fd: fc.integer(),
    cookie: fc.option(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })),
    mark: fc.record({
      nonce: fc.nat(0x7fff),
      token: fc.nat(0x7fff),
      indices: fc.array(fc.nat(0xffff), { maxLength: 5 }),
    }),
  });

  it('have 32 bytes, and their own indices', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 5 }), (requests) => {
        const encoded = encodeRequests(requests);
        expect(encoded.bytes).toHaveLength(32 * requests.length);
        const view = new DataView(encoded.bytes.buffer);
        const indices = new Uint32Array(encoded.indices.buffer);
        for (const [at, { pid: of, cookie, mark }] of requests.entries()) {
          expect(view.getInt32(32 * at, true)).toBe(of);
          expect(view.getBigUint64(32 * at + 8, true)).toBe(cookie ?? 0n);
          const first = view.getUint32(32 * at + 24, true);
          const count = view.getUint32(32 * at + 28, true);
          expect([...indices.subarray(first, first + count)]).toEqual(mark.indices);
        }
      }),
    );
  });

  it('are read whatever they hold', () => {
    fc.assert(
      fc.property(bytes, (garbage) => decodeAnswers(garbage).length === Math.floor(garbage.length / 96)),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 96, maxLength: 96 }), (garbage) => {
        garbage.fill(0, 0, 4);
        const [answer] = decodeAnswers(garbage);
        expect(answer !== undefined && !isSystemError(answer)).toBe(true);
      }),
    );
  });
});
