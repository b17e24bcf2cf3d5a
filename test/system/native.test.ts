import { describe, expect, it } from 'vitest';
import { type Native, native } from '../../src/system/native.ts';

const NAMES = {
  borrow: true,
  bpf: true,
  unlimitMemlock: true,
  pidfdOpen: true,
  pidfdGetfd: true,
  close: true,
  getsockoptInt: true,
  getsockoptU64: true,
  netnsCookie: true,
  getsockname: true,
  attachReuseportCbpf: true,
  detachReuseportBpf: true,
  descriptors: true,
  schedGetaffinity: true,
  schedSetaffinity: true,
  netlinkRequest: true,
  ethtoolIoctl: true,
  execve: true,
  setns: true,
  unshare: true,
  mount: true,
  memfd: true,
  listen: true,
  netlinkJoin: true,
  fanotifyInit: true,
  fanotifyMark: true,
  sendDatagram: true,
  flock: true,
  trimMemory: true,
  forgetCode: true,
  epollCreate: true,
  epollAdd: true,
  perfHardware: true,
  perfTracepoint: true,
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
    const without = [
      'netnsCookie',
      'fanotifyInit',
      'epollCreate',
      'unlimitMemlock',
      'trimMemory',
      'forgetCode',
      'descriptors',
    ];
    for (const [name, call] of Object.entries(native())) {
      if (without.includes(name)) continue;
      expect(() => Reflect.apply(call, null, [Symbol('x'), {}, {}, {}]), call.name).toThrow(TypeError);
    }
  });

  it('refuses programs of a fractional length, or of more instructions than 16 bits can count', () => {
    for (const length of [0, 7, 8 * 65_536]) {
      expect(() => native().attachReuseportCbpf(0, new Uint8Array(length))).toThrow(/^setsockopt: EINVAL/);
    }
  });

  it('continues after an execve that failed', () => {
    expect(() => native().execve('/nonexistent', ['x'], [], [])).toThrow(/^execve: ENOENT/);
  });

  it('refuses borrow requests with indices that are out of range', () => {
    const request = new Uint8Array(32);
    new DataView(request.buffer).setUint32(28, 2, true);
    const one = new Uint8Array(4);
    const borrow = (...args: Parameters<Native['borrow']>) => expect(() => native().borrow(...args));
    borrow(request, one, 1_000).toThrow(/^borrow: EINVAL/);
    borrow(new Uint8Array(31), one, 1_000).toThrow(/^borrow: EINVAL/);
    borrow(new Uint8Array(0), one, 0).toThrow(/^borrow: EINVAL/);
  });
});
