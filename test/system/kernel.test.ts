import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/system/kernel.ts';
import { run } from '../../src/system/run.ts';
import {
  decodeAddress,
  inodeOf,
  localAddress,
  protocolOf,
  setAffinity,
  tcpState,
} from '../../src/system/sockets.ts';
import { bytes } from './bytes.ts';

const SERVER = `require('net').createServer().listen(0, '127.0.0.1', function () {
  console.log(JSON.stringify({ fd: this._handle.fd, port: this.address().port }));
});`;

const kernel = openKernel();
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

describe("another process's socket", () => {
  it('is lent for one question, and closed again', () => {
    const before = descriptors();
    const seen = kernel.withForeignSocket(pid, listener.fd, (fd) => {
      expect(descriptors()).toBe(before + 2);
      return {
        kind: kernel.socketKind(fd),
        local: localAddress(fd),
        inode: inodeOf(fd),
        protocol: protocolOf(fd),
        state: tcpState(fd),
      };
    });
    expect(seen.kind).toEqual({
      domain: 2,
      type: 1,
      protocol: 6,
      reuseport: false,
      listening: true,
      incomingCpu: -1,
    });
    expect(seen.local).toEqual({ family: 4, address: '127.0.0.1', port: listener.port });
    expect([seen.protocol, seen.state]).toEqual(['tcp', 10]);
    expect(seen.inode).toBeGreaterThan(0);
    expect(descriptors()).toBe(before);
  });

  it('is closed when its user throws', () => {
    const before = descriptors();
    const use = () => {
      throw new Error('mine');
    };
    expect(() => kernel.withForeignSocket(pid, listener.fd, use)).toThrow('mine');
    expect(descriptors()).toBe(before);
  });

  it('may be of a family without ports', () => {
    // Node gives a child's output as a Unix socket.
    expect(kernel.withForeignSocket(pid, 1, localAddress)).toBeNull();
  });

  it('is refused by name: no such fd, no socket, no such process', async () => {
    const before = descriptors();
    const lend = (of: number, fd: number) => () => kernel.withForeignSocket(of, fd, () => 'lent');
    expect(lend(pid, 9999)).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'pidfd_getfd' }));
    expect(lend(pid, -1)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(lend(pid, 0)).toThrow(expect.objectContaining({ code: 'ENOTSOCK', syscall: 'getsockopt' }));
    expect(lend(0, 0)).toThrow(expect.objectContaining({ code: 'EINVAL', syscall: 'pidfd_open' }));
    const gone = spawn('true');
    await once(gone, 'close');
    expect(lend(gone.pid ?? -1, 0)).toThrow('pidfd_open: ESRCH, no such process');
    expect(descriptors()).toBe(before);
  });
});

describe('affinity', () => {
  it('is set and read by thread', () => {
    const allowed = kernel.affinity(0);
    const one = allowed.slice(-1);
    const [first, ...others] = readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .filter((tid) => tid !== pid);
    setAffinity(first ?? pid, one);
    expect(kernel.affinity(first ?? pid)).toEqual(one);
    for (const tid of [pid, ...others]) expect(kernel.affinity(tid)).toEqual(allowed);
    setAffinity(first ?? pid, allowed);
    expect(kernel.affinity(first ?? pid)).toEqual(allowed);
  });

  it('refuses what the machine has not', () => {
    for (const cpus of [[], [8191], [8192], [-1], [Number.NaN], [0.5]]) {
      expect(() => setAffinity(pid, cpus), String(cpus)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    }
    expect(() => kernel.affinity(2 ** 31 - 1)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
  });
});

describe('a program on a reuseport group', () => {
  it('goes on and off, in a process of its own: a stuck kernel would keep it for ever', async () => {
    const child = await run(process.execPath, [`${import.meta.dirname}/attach-once.ts`], {
      timeoutMs: 20_000,
    });
    expect(child).toMatchObject({ stdout: 'ENOENT attached detached ENOENT\n', stderr: '', code: 0 });
  });
});

describe('decodeAddress', () => {
  it('never throws', () => {
    const port = (bytes: Uint8Array) => decodeAddress(bytes)?.port ?? 0;
    fc.assert(fc.property(bytes, (garbage) => port(garbage) <= 0xffff));
    fc.assert(
      fc.property(
        fc.constantFrom(2, 10),
        bytes,
        (family, rest) => port(Uint8Array.of(family, 0, ...rest)) <= 0xffff,
      ),
    );
  });
});
