import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Given, hasher, NOTHING_GIVEN, parseKey } from '../../src/path/rss-hash.ts';
import { lander } from '../../src/path/rss-table.ts';
import { flow, KEY, keyed } from './flows.ts';

const ONE = flow('tcp 66.9.149.187:2794 161.142.100.80:1766');
const DATAGRAM = flow('udp 66.9.149.187:2794 161.142.100.80:1766');
const [ADDRESSES, PORTS] = [0x323e8fc2, 0x51ccc178];

const hashes = (port: Parameters<typeof hasher>[0], of = ONE, given: Partial<Given> = {}) =>
  hasher(port, { ...NOTHING_GIVEN, ...given })(of).possible.map(({ hash }) => hash);

describe('the hash of a flow', () => {
  const eth = keyed({ queues: 4 });

  it("uses the NIC's fields", () => {
    expect(hashes(eth)).toEqual([PORTS]);
    expect(hashes(eth, DATAGRAM)).toEqual([ADDRESSES]);
    const four = keyed({ queues: 4 }, { fields: { tcp4: 'sd', udp4: 'sdfn', tcp6: null, udp6: null } });
    expect(hashes(four)).toEqual([ADDRESSES]);
    expect(hashes(four, DATAGRAM)).toEqual([PORTS]);
    expect(hashes(four, DATAGRAM, { fragments: true })).toEqual([ADDRESSES]);
  });

  it('is one of two if the fields are not known, and none if they are in no known order', () => {
    const fields = (tcp4: string | null) =>
      keyed({ queues: 4 }, { fields: { tcp4, udp4: null, tcp6: null, udp6: null } });
    expect(hashes(fields(null))).toEqual([PORTS, ADDRESSES]);
    expect(hashes(fields(null), ONE, { fields: 'sd' })).toEqual([ADDRESSES]);
    for (const odd of ['', 's', 'sdf', 'vsdfn', 'r']) expect(hashes(fields(odd))).toEqual([]);
  });

  it('of ENA is one of three, unless the user says which', () => {
    const ena = { ...eth, driver: 'ena' };
    expect(hashes(ena)).toHaveLength(3);
    expect(hashes(ena)[0]).toBe(PORTS);
    expect(hashes(ena, ONE, { method: { variant: 'toeplitz', xfrm: 'none' } })).toEqual([PORTS]);
  });

  it('of mlx5 may be symmetric without being called so', () => {
    const mlx5 = { ...eth, driver: 'mlx5_core' };
    expect(hashes(mlx5)).toHaveLength(2);
    expect(hashes(mlx5)).toContain(PORTS);
    const told = keyed({ queues: 4 }, { inputXfrm: 'symmetric-or-xor' });
    expect(hashes({ ...told, driver: 'mlx5_core' })).toEqual(hashes(told));
    expect(hashes(told)).toEqual([hashes(mlx5)[0]]);
  });

  it.each([
    [{ hashFunction: 'xor' }, 'how the NIC computes xor is not known'],
    [{ hashFunction: 'crc32' }, 'how the NIC computes crc32 is not known'],
    [{ hashFunction: null }, 'the driver names no hash function'],
    [{ inputXfrm: null }, 'whether the input is made symmetric is not known'],
    [{ key: null }, 'the driver does not show its RSS key'],
    [{ key: 'ff:'.repeat(12).slice(0, -1) }, "the RSS key of 12 bytes is too short for this flow's 12"],
  ])('is not known with %o', (rss, why) => {
    expect(hasher(keyed({ queues: 4 }, rss), NOTHING_GIVEN)(ONE)).toEqual({ possible: [], why });
  });

  it('takes keys as ethtool prints them, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 52 }), (key) => {
        const hex = [...key].map((byte) => byte.toString(16).padStart(2, '0'));
        expect(parseKey(hex.join(':'))).toEqual(key);
        expect(parseKey(hex.join(''))).toEqual(key);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void parseKey(text)));
    for (const text of ['', ':', `${KEY}0`, `${KEY}:`, `:${KEY}`, KEY.replace('6', 'g')])
      expect(parseKey(text)).toBeNull();
  });
});

describe('the queue of a hash', () => {
  const land = (port: ReturnType<typeof keyed>) => lander(port)(hasher(port)(ONE));

  it('is that of the entry of its low bits', () => {
    expect(land(keyed({ queues: 4 }))).toEqual({ entry: 0x78, size: 128, queue: 0, why: 'of entry 120' });
    expect(land(keyed({ queues: 3, rss: [2, 1] }))).toMatchObject({ entry: 0, size: 2, queue: 2 });
  });

  it('is known without a hash if there is no choice', () => {
    expect(land(keyed({ queues: 1 }))).toMatchObject({ queue: 0, why: 'the only queue' });
    expect(land(keyed({ queues: 4, rss: [3, 3, 3] }, { key: null }))).toMatchObject({
      queue: 3,
      entry: null,
    });
  });

  it('is not guessed from a table of odd size, or from several hashes that disagree', () => {
    expect(land(keyed({ queues: 3, rss: [0, 1, 2] }))).toMatchObject({ queue: null, entry: null });
    const ena = { ...keyed({ queues: 128 }), driver: 'ena' };
    expect(land(ena).queue).toBeNull();
    expect(land(ena).why).toMatch(/^rx-\d+ or rx-\d+ or rx-\d+, by the hash$/);
    // Half of the table is one queue's: they may well agree.
    expect(land({ ...keyed({ queues: 2, rss: [1, 1, 1, 1, 1, 1, 1, 0] }), driver: 'mlx5_core' }).queue).toBe(
      1,
    );
  });

  it('says what may override the table', () => {
    expect(land(keyed({ queues: 4, ntupleRules: 2, contexts: [1] })).why).toBe(
      'of entry 120, unless one of 2 ntuple rules matches (ethtool -n), unless one of 1 additional RSS contexts takes it',
    );
  });
});
