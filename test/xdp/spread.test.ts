import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isValueOf } from '../../src/tune/shape.ts';
import { formatSpread, parseBy, parsePorts, parseSpread } from '../../src/xdp/spread.ts';
import { type Filled, fill, perCpu, spreadIn } from '../../src/xdp/spread-maps.ts';
import { spreads } from './spreads.ts';

describe('a spread as text', () => {
  it('is read back as it was, and fits into a journal', () => {
    fc.assert(
      fc.property(spreads, (spread) => {
        const text = formatSpread(spread);
        expect(parseSpread(text)).toEqual(spread);
        expect(isValueOf('xdp', text)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('is none for any other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseSpread(text)).toBeNull();
        parseBy(text);
        parsePorts(text, 'inner');
      }),
    );
  });

  it.each(['flow:1', 'quic:0', 'quic:21', 'payload', 'payload:0', 'payload:0:0', 'payload:4096:1', 'x', ''])(
    'knows no way %j',
    (text) => {
      expect(parseBy(text)).toBeNull();
    },
  );

  it.each([
    ['0', 'flow'],
    ['65536', 'flow'],
    ['443,', 'flow'],
    ['gre', 'flow'],
    ['9000:vxlan', 'quic'],
    ['9000:tls', 'inner'],
  ] as const)('knows no ports %j with %s', (text, way) => {
    expect(parsePorts(text, way)).toBeNull();
  });

  it('knows which tunnel a registered port carries', () => {
    expect(parsePorts('4789,gre,9000:vxlan,80', 'inner')).toEqual({
      ports: [
        { port: 80, tunnel: null },
        { port: 4789, tunnel: 'vxlan' },
        { port: 9000, tunnel: 'vxlan' },
      ],
      raw: ['gre'],
    });
  });
});

describe('the maps of a spread', () => {
  it('say what they were filled with', () => {
    fc.assert(
      fc.property(spreads, fc.integer(), (spread, seed) => {
        const { sizes, entries } = fill(spread, seed, 256);
        const valuesOf = (map: string) => {
          const { values = '' } = entries.find((each) => each.map === map) ?? {};
          return new Uint8Array(Buffer.from(values, 'base64'));
        };
        const targets = new Uint32Array(valuesOf('targets').buffer);
        const filled: Filled = {
          way: spread.by.way,
          mode: spread.mode,
          config: valuesOf('configs'),
          kinds: valuesOf('ports'),
          targets: [...targets],
          queue: new Uint32Array(valuesOf('cpus').buffer)[0] ?? null,
        };
        expect(spreadIn(filled)).toEqual(spread);
        expect(sizes['targets']).toBe(spread.cpus.length);
      }),
      { numRuns: 200 },
    );
  });

  it('are none if they have other sizes', () => {
    const filled = {
      way: 'flow',
      mode: 'native',
      kinds: new Uint8Array(65_536),
      targets: [],
      queue: 1,
    } as const;
    expect(spreadIn({ ...filled, config: new Uint8Array(8) })).toBeNull();
  });

  it('count per CPU in 64 bits', () => {
    const value = Buffer.alloc(24);
    value.writeBigUInt64LE(5_000_000_000n, 8);
    expect(perCpu(value)).toEqual([0, 5_000_000_000, 0]);
  });
});
