import { describe, expect, it } from 'vitest';
import { type Native, native } from '../../src/system/native.ts';

const NAMES = {
  pidfdOpen: true,
  pidfdGetfd: true,
  close: true,
  getsockoptInt: true,
  getsockname: true,
  attachReuseportCbpf: true,
  detachReuseportBpf: true,
  schedGetaffinity: true,
  schedSetaffinity: true,
  netlinkRequest: true,
  ethtoolIoctl: true,
  probeCall: true,
  execve: true,
  setns: true,
  unshare: true,
  mount: true,
  memfd: true,
} satisfies Record<keyof Native, true>;

describe('native', () => {
  it('exports what the interface declares, and nothing else', () => {
    expect(Object.keys(native()).sort()).toEqual(Object.keys(NAMES).sort());
  });

  it('throws system errors as Node does', () => {
    const error = {
      message: 'getsockname: EBADF, bad file descriptor',
      code: 'EBADF',
      errno: -9,
      syscall: 'getsockname',
    };
    expect(() => native().getsockname(99_999)).toThrow(expect.objectContaining(error));
  });

  it.each([[], [2 ** 32 + 1], [1.5], [Number.NaN], ['1'], [null]])(
    'refuses %j as a pid',
    (...args: unknown[]) => {
      expect(() => Reflect.apply(native().pidfdOpen, null, args)).toThrow(TypeError);
    },
  );

  it('refuses arguments of a wrong type in every function', () => {
    for (const call of Object.values(native())) {
      expect(() => Reflect.apply(call, null, [Symbol('x'), {}, {}]), call.name).toThrow(TypeError);
    }
  });

  it('refuses programs that are no whole number of instructions, or more than 16 bits can count', () => {
    for (const length of [0, 7, 8 * 65_536]) {
      expect(() => native().attachReuseportCbpf(0, new Uint8Array(length))).toThrow(/^setsockopt: EINVAL/);
    }
  });

  it('goes on after an execve that failed', () => {
    expect(() => native().execve('/nonexistent', ['x'], [])).toThrow(/^execve: ENOENT/);
  });

  it('takes any two integers for the marker call', () => {
    expect(native().probeCall(0x6c6f6361, -1)).toBeUndefined();
  });
});
