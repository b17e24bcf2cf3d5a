import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemError } from '../../src/system/errors.ts';
import { decodeLocations, decodeRule, ntupleRules } from '../../src/system/ntuple.ts';
import { bytes } from './bytes.ts';

const SIZE = 192;
const FLOW_EXT = 0x80000000;
const FLOW_RSS = 0x20000000;

/** struct ethtool_rxnfc with these bytes at these offsets (offsetof of linux/ethtool.h). */
function rxnfc(parts: Readonly<Record<number, readonly number[]>>, cookie = 0n): Uint8Array {
  const answer = new Uint8Array(SIZE);
  for (const [at, part] of Object.entries(parts)) answer.set(part, Number(at));
  new DataView(answer.buffer).setBigUint64(168, cookie, true);
  return answer;
}
const u32 = (value: number) => [...new Uint8Array(new Uint32Array([value]).buffer)];
const H = 20;
const M = 92;
const EXT_MASK = 144;

describe('ntuple rules', () => {
  it('are of a flow, with values and masks', () => {
    const rule = rxnfc(
      {
        16: u32(0x01),
        [H]: [10, 0, 0, 7, 192, 168, 1, 0, 0, 0, 0x1f, 0x90],
        [M]: [0, 0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255],
        176: u32(5),
      },
      3n,
    );
    expect(decodeRule(rule)).toEqual({
      location: 5,
      flow: 'tcp4',
      source: null,
      destination: { value: '192.168.1.0', mask: '255.255.255.0' },
      sourcePort: null,
      destinationPort: { value: 8080, mask: 0xffff },
      protocol: null,
      partial: false,
      action: 'queue',
      queue: 3,
      context: null,
    });
  });

  it('send to a queue, a context, a virtual function or nowhere', () => {
    const at = (flags: number, cookie: bigint) =>
      decodeRule(rxnfc({ 16: u32(0x02 | flags), 184: u32(4) }, cookie));
    expect(at(0, 2n)).toMatchObject({ action: 'queue', queue: 2, context: null });
    expect(at(FLOW_RSS, 8n)).toMatchObject({ flow: 'udp4', action: 'context', queue: 8, context: 4 });
    expect(at(FLOW_RSS, 0xffffffffffffffffn)).toMatchObject({ action: 'drop', queue: null, context: null });
    expect(at(0, (3n << 32n) | 1n)).toMatchObject({ action: 'vf', queue: null });
  });

  it('of IPv6 and of any protocol', () => {
    const address = [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 9];
    const six = rxnfc({
      16: u32(0x06),
      [H]: [...address, ...Array(16).fill(0), 0, 53],
      [M]: [...Array(16).fill(255), ...Array(16).fill(0), 255, 255],
    });
    expect(decodeRule(six)).toMatchObject({
      flow: 'udp6',
      source: { value: '2001:db8::9' },
      destination: null,
      sourcePort: { value: 53, mask: 0xffff },
      partial: false,
    });
    const any = rxnfc({ 16: u32(0x0d), [H + 14]: [47], [M + 14]: [255] });
    expect(decodeRule(any)).toMatchObject({
      flow: 'ip4',
      protocol: { value: 47, mask: 255 },
      partial: false,
    });
  });

  it('are partial if they match fields that are not shown', () => {
    const tos = rxnfc({ 16: u32(0x01), [M + 12]: [0xfc] });
    const vlan = rxnfc({ 16: u32((0x01 | FLOW_EXT) >>> 0), [EXT_MASK + 10]: [0xf, 0xff] });
    const ether = rxnfc({ 16: u32(0x12), [M]: [255] });
    const payload = rxnfc({ 16: u32(0x0d), [M + 8]: [255] });
    for (const rule of [tos, vlan, ether, payload]) expect(decodeRule(rule)).toMatchObject({ partial: true });
    expect(decodeRule(ether)?.flow).toBe('ether');
    expect(decodeRule(rxnfc({ 16: u32(0x31) }))).toMatchObject({ flow: 'type 49', partial: true });
    expect(decodeRule(rxnfc({ 16: u32((0x01 | FLOW_EXT) >>> 0) }))).toMatchObject({ partial: false });
  });

  it('by the type in the Ethernet header name it', () => {
    const ptp = { 16: u32(0x12), [H + 12]: [0x88, 0xf7], [M + 12]: [255, 255] };
    expect(decodeRule(rxnfc(ptp))).toMatchObject({ flow: 'ether 0x88f7', partial: false });
    expect(decodeRule(rxnfc({ ...ptp, [M]: [255] }))).toMatchObject({ flow: 'ether 0x88f7', partial: true });
  });

  it('are listed, then queried one by one', async () => {
    const asked: number[][] = [];
    const ask = async (request: Uint8Array) => {
      const view = new DataView(request.buffer, request.byteOffset);
      asked.push([view.getUint32(0, true), request.length]);
      if (view.getUint32(0, true) === 0x30) {
        const list = Uint8Array.from(request);
        list.set([...u32(3), ...u32(9), ...u32(2), ...u32(4)], 184);
        return list;
      }
      const location = view.getUint32(176, true);
      if (location === 4) throw systemError(-2, 'ioctl');
      return rxnfc({ 16: u32(1), 176: u32(location) }, BigInt(location));
    };
    const rules = await ntupleRules(ask, 3);
    expect(rules?.map(({ location, queue }) => [location, queue])).toEqual([
      [2, 2],
      [9, 9],
    ]);
    expect(asked).toEqual([
      [0x30, SIZE + 12],
      [0x2f, SIZE],
      [0x2f, SIZE],
      [0x2f, SIZE],
    ]);
  });

  it('are not known where the driver does not list them, and none where there are none', async () => {
    const refuse = (errno: number) => () => Promise.reject(systemError(errno, 'ioctl'));
    expect(await ntupleRules(refuse(-95), 2)).toBeNull();
    expect(await ntupleRules(refuse(-95), null)).toBeNull();
    expect(await ntupleRules(refuse(-95), 0)).toEqual([]);
    expect(await ntupleRules(refuse(-95), 1e9)).toBeNull();
    await expect(ntupleRules(refuse(-19), 2)).rejects.toMatchObject({ code: 'ENODEV' });
  });

  it('of garbage do no harm', () => {
    fc.assert(
      fc.property(bytes, (garbage) => {
        const answer = new Uint8Array(garbage);
        decodeRule(answer);
        expect(decodeLocations(answer).length).toBeLessThanOrEqual(4096);
        const long = new Uint8Array(SIZE);
        long.set(answer.subarray(0, SIZE));
        expect(decodeRule(long)?.location).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
