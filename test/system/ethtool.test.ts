import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemError } from '../../src/system/errors.ts';
import * as ethtool from '../../src/system/ethtool.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { bytes } from './bytes.ts';

const u32 = fc.nat(0xffffffff);
const NOTHING = { tcp4: null, udp4: null, tcp6: null, udp6: null };

/** `ethtool -i lo`, as key -> value; null when it fails. */
function program(...args: string[]): Map<string, string> | null {
  try {
    const lines = execFileSync('ethtool', args, { encoding: 'utf8', stdio: 'pipe' }).split('\n');
    return new Map(
      lines.map((line) => [line.split(':')[0]?.trim() ?? '', line.slice(line.indexOf(':') + 1).trim()]),
    );
  } catch {
    return null;
  }
}

describe('decoders', () => {
  it('never throw, whatever the kernel answers', async () => {
    const decoders = [ethtool.decodeDriver, ethtool.decodeChannels, ethtool.decodeRings, ethtool.decodeRss];
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        for (const decode of [...decoders, ethtool.decodeHashFields, ethtool.decodeRuleCount]) decode(a);
        ethtool.decodeStatistics(a, b);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(bytes), async (answers) => {
        const ask = async () => answers.next().value ?? new Uint8Array();
        await ethtool.ethtoolFacts(ask);
        await ethtool.ethtoolStatistics(ask);
      }),
    );
  });

  it('read channels and rings from where the kernel puts them', () => {
    fc.assert(
      fc.property(fc.array(u32, { minLength: 8, maxLength: 8 }), (n) => {
        const words = ethtool.encodeWords(36, 0, ...n);
        const [rx, tx, other, combined] = n.slice(4);
        expect(ethtool.decodeChannels(words)?.current).toEqual({ rx, tx, other, combined });
        expect(ethtool.decodeChannels(words)?.max).toEqual({
          rx: n[0],
          tx: n[1],
          other: n[2],
          combined: n[3],
        });
        expect(ethtool.decodeRings(words)).toEqual({
          rx: { max: n[0], current: n[4] },
          tx: { max: n[3], current: n[7] },
        });
      }),
    );
  });

  it('read an RSS table, its key and its function', () => {
    fc.assert(
      fc.property(
        fc.array(u32),
        bytes,
        fc.constantFrom([1, 'toeplitz'], [2, 'xor'], [4, 'crc32'], [0, null], [3, null]),
        fc.constantFrom([0, 'none'], [1, 'symmetric-xor'], [2, 'symmetric-or-xor'], [3, null]),
        (table, key, [bit, hashFunction], [xfrm, inputXfrm]) => {
          const header = ethtool.encodeWords(
            24,
            0x46,
            0,
            table.length,
            key.length,
            Number(bit) + Number(xfrm) * 256,
          );
          const answer = Buffer.concat([header, ethtool.encodeWords(4 * table.length, ...table), key]);
          const rss = ethtool.decodeRss(answer);
          if (table.length + key.length === 0) expect(rss).toBeNull();
          else expect(rss).toEqual({ indirection: table, key: new Uint8Array(key), hashFunction, inputXfrm });
          if (answer.length > 24) expect(ethtool.decodeRss(answer.subarray(0, -1))).toBeNull();
        },
      ),
    );
  });

  it('spell hash fields as ethtool does', () => {
    const fields = (bits: number) => ethtool.decodeHashFields(ethtool.encodeWords(192, 0x29, 1, bits));
    expect([fields(0xf0), fields(0x30), fields(0), fields(2), fields(2 ** 31)]).toEqual([
      'sdfn',
      'sd',
      '',
      'm',
      'r',
    ]);
  });

  it('join statistics only when names and values are of one length', () => {
    const name = (text: string) => Buffer.from(text.padEnd(32, '\0'));
    const strings = Buffer.concat([
      ethtool.encodeWords(12, 0x1b, 1, 2),
      name('rx_packets'),
      name('x'.repeat(32)),
    ]);
    const stats = (count: number) =>
      Buffer.concat([
        ethtool.encodeWords(8, 0x1d, count),
        Buffer.from(new BigUint64Array([7n, 2n ** 63n]).buffer),
      ]);
    expect(ethtool.decodeStatistics(strings, stats(2))).toEqual(
      new Map([
        ['rx_packets', 7n],
        ['x'.repeat(32), 2n ** 63n],
      ]),
    );
    expect(ethtool.decodeStatistics(strings, stats(3))).toBeNull();
  });

  it('treat refusals as unknown, and a vanished interface as an error', async () => {
    const refuse = (errno: number) => () => Promise.reject(systemError(errno, 'ioctl'));
    const unknown = {
      driver: null,
      channels: null,
      rings: null,
      rss: null,
      hashFields: NOTHING,
      ntupleRules: null,
    };
    for (const errno of [-95, -22, -1, -12, -524])
      expect(await ethtool.ethtoolFacts(refuse(errno))).toEqual(unknown);
    await expect(ethtool.ethtoolFacts(refuse(-19))).rejects.toMatchObject({ code: 'ENODEV' });
    await expect(ethtool.ethtoolStatistics(refuse(-19))).rejects.toMatchObject({ code: 'ENODEV' });
  });
});

describe('every interface of this machine', () => {
  const kernel = openKernel();

  it.each(readdirSync('/sys/class/net'))('%s: says what the ethtool program says', async (device) => {
    const facts = await kernel.ethtool(device);
    const driver = program('-i', device);
    expect(facts.driver?.driver).toBe(driver?.get('driver'));
    expect(facts.driver?.busInfo).toBe(driver?.get('bus-info'));
    expect(facts.driver?.firmware).toBe(driver?.get('firmware-version'));
    // The last `Combined:` of -l is the current setting.
    const combined = program('-l', device)?.get('Combined')?.replace('n/a', '0');
    expect(facts.channels?.current.combined).toBe(combined === undefined ? undefined : Number(combined));
    const rings = program('-g', device)?.get('RX');
    expect(facts.rings?.rx.current).toBe(rings === undefined ? undefined : Number(rings));
    const names = [...(program('-S', device)?.keys() ?? [])].filter(
      (name) => name !== '' && name !== 'NIC statistics',
    );
    expect([...((await kernel.statistics(device))?.keys() ?? [])]).toEqual(names);
  });

  it.each(['nosuchif0', 'a-name-longer-than-the-kernel-takes', ''])('%j: no such device', async (device) => {
    await expect(kernel.ethtool(device)).rejects.toMatchObject({ code: 'ENODEV' });
  });
});
