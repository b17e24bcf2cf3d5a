import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AskEthtool,
  decodeChannels,
  decodeHashFields,
  decodeRss,
  encodeWords,
} from '../../src/system/ethtool.ts';
import { setChannels, setHashFields, setIndirection } from '../../src/system/ethtool-set.ts';

/** Answers the question before the change with `now`, and keeps the requested change. */
function driver(now: Uint8Array) {
  const told: Uint8Array[] = [];
  const ask: AskEthtool = async (request) => {
    told.push(request);
    return told.length === 1 ? now : request;
  };
  return { ask, told };
}

const commandOf = (request: Uint8Array | undefined) =>
  request && new DataView(request.buffer).getUint32(0, true);

describe('requests that change something', () => {
  it('channels: the other counts are sent unchanged', async () => {
    // rx, tx, other, combined: at most, then now.
    const { ask, told } = driver(encodeWords(36, 0x3c, 0, 0, 1, 8, 0, 0, 1, 4));
    await setChannels(ask, 'combined', 6);
    const [, set = new Uint8Array()] = told;
    expect(commandOf(set)).toBe(0x3d);
    expect(decodeChannels(set)?.current).toEqual({ rx: 0, tx: 0, other: 1, combined: 6 });
  });

  it('the table alone, with key, hash function and symmetry unchanged', async () => {
    const now = encodeWords(24, 0x46, 0, 4, 40);
    now[17] = 1;
    const { ask, told } = driver(now);
    await setIndirection(ask, [0, 1, 2, 1]);
    const [, set = new Uint8Array()] = told;
    expect(commandOf(set)).toBe(0x47);
    expect(decodeRss(set)).toMatchObject({
      indirection: [0, 1, 2, 1],
      hashFunction: null,
      inputXfrm: 'symmetric-xor',
    });
    expect(new DataView(set.buffer).getUint32(12, true)).toBe(0);
  });

  it('the default table is one without entries', async () => {
    const { ask, told } = driver(encodeWords(24, 0x46, 0, 128, 40));
    await setIndirection(ask, 'default');
    expect(told[1]).toEqual(encodeWords(24, 0x47));
  });

  it('hash fields are returned as they were set', async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray([...'mvtsdfnr']), async (letters) => {
        const told: Uint8Array[] = [];
        const ask: AskEthtool = async (request) => {
          told.push(request);
          return request;
        };
        await setHashFields(ask, 'udp6', letters.join(''));
        expect(decodeHashFields(told[0] ?? new Uint8Array())).toBe(letters.join(''));
        expect(commandOf(told[0])).toBe(0x2a);
      }),
    );
    await expect(setHashFields(async (request) => request, 'udp4', 'x')).rejects.toThrow('x is no field');
  });
});
