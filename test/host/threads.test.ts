import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSyscall } from '../../src/host/threads.ts';

const line = (number: number, fd: number) =>
  `${number} 0x${fd.toString(16)} 0x7f3443f76000 0x200 0xffffffff 0x0 0x8 0x7ffe47ecded8 0x7f34440f22ad\n`;

describe('/proc/PID/task/TID/syscall', () => {
  it('distinguishes epoll, accept and receive from other calls, by architecture', () => {
    expect(parseSyscall(line(232, 17), 'x86_64')).toEqual({ on: 'epoll', fd: 17 });
    expect(parseSyscall(line(288, 3), 'x86_64')).toEqual({ on: 'socket', fd: 3 });
    expect(parseSyscall(line(22, 17), 'aarch64')).toEqual({ on: 'epoll', fd: 17 });
    expect(parseSyscall(line(202, 3), 'aarch64')).toEqual({ on: 'socket', fd: 3 });
    // rt_sigsuspend, wait4
    expect(parseSyscall(line(130, 3), 'x86_64')).toEqual({ on: 'signal' });
    expect(parseSyscall(line(260, 3), 'aarch64')).toEqual({ on: 'signal' });
    // futex
    expect(parseSyscall(line(202, 3), 'x86_64')).toEqual({ on: 'other' });
    expect(parseSyscall(line(232, 17), 'mips')).toEqual({ on: 'other' });
  });

  it('recognises a running thread, and one that is blocked outside of a system call', () => {
    expect(parseSyscall('running\n', 'x86_64')).toEqual({ on: 'running' });
    expect(parseSyscall('-1 0x7ffe47ecded8 0x7f34440f22ad\n', 'x86_64')).toEqual({ on: 'other' });
  });

  it('reads a descriptor as an int', () => {
    const dirty = '43 0xdeadbeef00000007 0x0 0x0 0x0 0x0 0x0 0x7ffe47ecded8 0x7f34440f22ad\n';
    expect(parseSyscall(dirty, 'x86_64')).toEqual({ on: 'socket', fd: 7 });
  });

  it('takes any text', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (text, arch) => 'on' in parseSyscall(text, arch)));
  });
});
