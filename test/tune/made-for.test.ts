import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MadeFor, otherMachine, parseMadeFor } from '../../src/tune/made-for.ts';

const web: MadeFor = {
  hostname: 'web-07',
  id: '1'.repeat(32),
  nics: [{ name: 'eth0', driver: 'igb', busInfo: '0000:00:03.0' }],
};
const igbAt = (busInfo: string | null) => [{ name: 'eth0', driver: 'igb', busInfo }];
const read = { ...web, id: null };

describe('a saved plan', () => {
  it.each<[string, MadeFor, MadeFor, string | null]>([
    ['its own machine', web, web, null],
    [
      'its own machine with another name and a moved NIC',
      web,
      { ...web, hostname: 'x', nics: igbAt('1') },
      null,
    ],
    ['another machine', web, { ...web, hostname: 'x', id: '2' }, 'its host name is web-07, not x'],
    [
      'a machine that is called the same',
      web,
      { ...web, id: '2' },
      'it has the same host name, but another /etc/machine-id',
    ],
    ['the machine of its snapshot', read, web, null],
    [
      'another machine than that of its snapshot',
      read,
      { ...web, hostname: 'x' },
      'its host name is web-07, not x',
    ],
    [
      'one with another NIC',
      read,
      { ...web, nics: [{ name: 'eth0', driver: 'virtio_net', busInfo: null }] },
      'its eth0 is igb at 0000:00:03.0, not virtio_net',
    ],
    [
      'one with its NIC elsewhere',
      read,
      { ...web, nics: igbAt('0000:00:09.0') },
      'its eth0 is igb at 0000:00:03.0, not igb at 0000:00:09.0',
    ],
    ['one of which nothing is known', { hostname: null, id: null, nics: igbAt(null) }, web, null],
    ['one without that NIC', read, { ...web, nics: [] }, null],
  ])('knows %s', (_, then, now, why) => {
    expect(otherMachine(then, now)).toBe(why);
    expect(parseMadeFor(JSON.parse(JSON.stringify(then)))).toEqual(then);
  });

  it('takes any value for a machine, and believes only what has its form', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (one, other) => {
        for (const value of [one, { hostname: one, id: null, nics: [other] }, { ...web, nics: one }]) {
          const parsed = parseMadeFor(value);
          if (parsed !== null) expect(otherMachine(parsed, parsed)).toBeNull();
        }
      }),
      { seed: 17 },
    );
  });
});
