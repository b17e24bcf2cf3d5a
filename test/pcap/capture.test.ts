import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CapturedFrame, readCapture } from '../../src/pcap/capture.ts';
import { packetOf } from '../../src/pcap/packet.ts';
import { hex, pcap, pcapng, pullFrom } from './files.ts';

function read(bytes: Uint8Array): { frames: CapturedFrame[]; problem: string | null } {
  const frames: CapturedFrame[] = [];
  const problem = readCapture(pullFrom(bytes), (frame) => frames.push(frame));
  return { frames, problem };
}

const packets = fc.array(fc.uint8Array({ minLength: 1, maxLength: 80 }), { minLength: 1, maxLength: 8 });
const how = fc.record({
  little: fc.boolean(),
  nanoseconds: fc.boolean(),
  linkType: fc.constantFrom(0, 1, 101, 113, 276),
  cut: fc.integer({ min: 1, max: 100 }),
});

describe('readCapture', () => {
  it.each([pcap, pcapng])('gives back what %o wrote, in both byte orders', (write) => {
    fc.assert(
      fc.property(packets, how, (list, options) => {
        const { frames, problem } = read(write(list, options));
        expect(problem).toBeNull();
        expect(frames.map(({ linkType, bytes, length }) => [linkType, [...bytes], length])).toEqual(
          list.map((packet) => [options.linkType, [...packet.subarray(0, options.cut)], packet.length]),
        );
      }),
    );
  });

  it.each([pcap, pcapng])('gives all whole packets of a truncated %o, and says so', (write) => {
    fc.assert(
      fc.property(packets, fc.nat(), (list, where) => {
        const whole = write(list);
        const start = write(list.slice(0, 0)).length;
        const end = start + (where % (whole.length - start));
        const { frames, problem } = read(whole.subarray(0, end));
        expect(frames.length).toBeLessThanOrEqual(list.length);
        for (const [index, frame] of frames.entries()) expect(frame.bytes).toEqual(list[index]);
        if (problem !== null) expect(problem).toBe('it ends in the middle of a packet');
        else expect(frames.length).toBeLessThan(list.length);
      }),
    );
  });

  it('keeps sections of a pcapng file apart', () => {
    const one = pcapng([hex('0102')], { little: true, linkType: 1 });
    const other = pcapng([hex('0304')], { little: false, linkType: 101 });
    expect(read(Buffer.concat([one, other])).frames.map(({ linkType }) => linkType)).toEqual([1, 101]);
  });

  it('says which file is not a capture', () => {
    expect(read(hex(''))).toEqual({ frames: [], problem: 'the file is empty' });
    expect(read(hex('1f8b0800')).problem).toBe('it is compressed: gunzip it first');
    for (const bytes of ['00', '01020304', 'd4c3b2a1', '0a0d0d0a 00000000 11223344'])
      expect(read(hex(bytes)).problem).toBe('it is neither a pcap nor a pcapng file');
    const huge = pcap([hex('01')]);
    new DataView(huge.buffer).setUint32(24 + 8, 0x7fffffff, true);
    expect(read(huge).problem).toBe('it is damaged: a packet of 2147483647 bytes');
  });

  it('accepts any bytes, and so do the steps that follow', () => {
    const magic = fc.constantFrom('', 'd4c3b2a1', 'a1b23c4d', '0a0d0d0a 1c000000 4d3c2b1a').map(hex);
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 300 }), (head, rest) => {
        read(Buffer.concat([head, rest])).frames.map(packetOf);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(pcap, pcapng), packets, fc.nat(), fc.nat(255), (write, list, where, to) => {
        const file = write(list);
        file[where % file.length] = to;
        read(file).frames.map(packetOf);
      }),
    );
  });
});
