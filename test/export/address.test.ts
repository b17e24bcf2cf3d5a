import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedule } from '../../src/cli/export/export-options.ts';
import { formatListen, isLoopback, parseListen } from '../../src/export/address.ts';

describe('--listen', () => {
  it.each([
    ['127.0.0.1:9884', '127.0.0.1', 9884, true],
    ['9884', '127.0.0.1', 9884, true],
    ['localhost:0', '127.0.0.1', 0, true],
    ['[::1]:9884', '::1', 9884, true],
    ['0.0.0.0:80', '0.0.0.0', 80, false],
    ['*:80', '::', 80, false],
    ['[::]:65535', '::', 65535, false],
    ['192.0.2.1:9884', '192.0.2.1', 9884, false],
  ])('%s', (text, host, port, loopback) => {
    expect(parseListen(text)).toEqual({ host, port });
    expect(isLoopback(host)).toBe(loopback);
  });

  it.each([
    '',
    ':9884',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '::1:9884',
    '[127.0.0.1]:9884',
    'example.com:9884',
    '127.0.0.1:9884/x',
    '127.0.0.256:1',
    '1e3',
  ])('is not %s', (text) => {
    expect(parseListen(text)).toBeNull();
  });

  it('takes what is written of an address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat({ max: 65_535 }), (host, port) => {
        expect(parseListen(formatListen({ host, port }))).toEqual({ host, port });
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void parseListen(text)));
  });
});

describe('--sample', () => {
  it('is seconds of a period', () => {
    expect(schedule('5/60')).toEqual({ seconds: 5, period: 60 });
    expect(schedule('300/86400')).toEqual({ seconds: 300, period: 86_400 });
  });

  it.each([
    '',
    '5',
    '5/',
    '/60',
    '0/60',
    '5/9',
    '31/60',
    '301/3600',
    '5/86401',
    '5.5/60',
    '-5/60',
    '5/60/2',
    'a/b',
  ])('is not %s', (text) => {
    expect(() => schedule(text)).toThrow(/^--sample /);
  });
});
