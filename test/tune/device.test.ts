import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identityOf, parseDevice } from '../../src/tune/device.ts';

const then = { ifindex: 3, address: '02:00:00:00:00:01' };

describe('an interface', () => {
  it.each([
    [then, 'same'],
    [{ ...then, ifindex: 4 }, 'recreated'],
    [{ ...then, address: '02:00:00:00:00:02' }, 'other-address'],
    [null, 'same'],
  ])('that is %j now is %s', (now, identity) => {
    expect(identityOf(then, now)).toBe(identity);
  });

  it('that was not recorded is taken to be the same', () => {
    expect(identityOf(null, then)).toBe('same');
  });

  it('survives in a journal, and nothing else does', () => {
    expect(parseDevice(JSON.parse(JSON.stringify(then)))).toEqual(then);
    for (const bad of [
      null,
      [],
      {},
      { ...then, ifindex: -1 },
      { ...then, address: 'x' },
      { ...then, address: 7 },
    ])
      expect(parseDevice(bad)).toBeNull();
    fc.assert(fc.property(fc.anything(), (value) => void parseDevice(value)));
  });
});
