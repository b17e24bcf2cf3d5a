import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readInterfaces } from '../../src/host/interfaces.ts';
import { askKernel, readHiddenKey, toChannels, toRss } from '../../src/host/nic-answers.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';

const facts = (indirection: readonly number[], key: readonly number[] = []) => ({
  driver: null,
  channels: null,
  rings: null,
  rss: { indirection, key: Uint8Array.from(key), hashFunction: 'toeplitz', inputXfrm: 'none' },
  hashFields: { tcp4: 'sdfn', udp4: 'sd', tcp6: null, udp6: null },
  ntupleRules: 0,
  rules: [],
  rssContexts: [
    { context: 1, indirection: [2, 3], key: Uint8Array.of(0xa, 0xb), hashFunction: 'toeplitz' },
    { context: 4, indirection: [], key: new Uint8Array(), hashFunction: null },
  ],
});

describe('what the kernel answers', () => {
  it('a kind of channel that the driver has none of is not known, as n/a of ethtool -l', () => {
    const current = { rx: 0, tx: 0, combined: 3, other: 0 };
    expect(toChannels({ current, max: { rx: 0, tx: 4, combined: 8, other: 0 } })).toEqual({
      rx: null,
      tx: { current: 0, max: 4 },
      combined: { current: 3, max: 8 },
      other: null,
    });
  });

  it('an RSS table is the default when entry i is queue i mod N', () => {
    expect(toRss(facts([0, 1, 2, 0, 1], [0x6d, 5]), 3, '01:02')).toMatchObject({
      key: '6d:05',
      isDefault: true,
      contexts: [1, 4],
      contextTables: [
        { context: 1, indirection: [2, 3], key: '0a:0b', hashFunction: 'toeplitz' },
        { context: 4, indirection: [], key: null, hashFunction: null },
      ],
      rules: [],
    });
    expect(toRss(facts([0, 1, 0, 1, 0]), 3, null)).toMatchObject({ key: null, isDefault: false });
    expect(toRss(facts([]), 3, null)?.isDefault).toBeNull();
    expect(toRss(facts([0]), null, null)?.isDefault).toBeNull();
    expect(toRss({ ...facts([0]), rss: null }, 1, '01:02')).toBeNull();
  });

  it('a key that the driver does not show is the kernel’s where the driver is known to take that', () => {
    expect(toRss(facts([0, 1]), 2, '01:02')?.key).toBe('01:02');
    const root = mkdtempSync(join(tmpdir(), 'lt-rss-key-'));
    const file = join(root, 'proc/sys/net/core/netdev_rss_key');
    mkdirSync(dirname(file), { recursive: true });
    const keyed = (bytes: readonly string[], driver: string) => {
      writeFileSync(file, `${bytes.join(':')}\n`);
      return readHiddenKey(openFiles(root), driver);
    };
    const bytes = Array.from({ length: 52 }, (_, at) => at.toString(16).padStart(2, '0'));
    expect(keyed(bytes, 'igb')).toBe(bytes.slice(0, 40).join(':'));
    expect(keyed(bytes, 'e1000e')).toBeNull();
    expect(keyed(Array(52).fill('00'), 'igb')).toBeNull();
    rmSync(file);
    expect(readHiddenKey(openFiles(root), 'igb')).toBeNull();
    rmSync(root, { recursive: true });
  });

  it('an interface that has gone leaves a note, not an error', async () => {
    const [lo] = readInterfaces(openFiles('/')).filter(({ name }) => name === 'lo');
    const gone = { ...(lo ?? expect.fail('no lo')), name: 'lt-gone' };
    expect(await askKernel(openKernel(), gone, false)).toEqual({
      ethtool: null,
      netdev: null,
      napis: null,
      notes: ['channels, rings and RSS: ENODEV'],
    });
  });
});
