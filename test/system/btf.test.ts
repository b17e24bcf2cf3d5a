import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelBtf, readBtf } from '../../src/system/btf.ts';

type Type = readonly [
  kind: number,
  name: string,
  elements?: readonly (readonly [name: string, type: number])[],
];
const [INT, STRUCT, UNION, TYPEDEF, FUNC, FUNC_PROTO] = [1, 4, 5, 8, 12, 13];

/** Type ids count from 1, in order. */
function build(types: readonly Type[]): Buffer {
  let strings = '\0';
  const nameOffset = (name: string): number => {
    if (name === '') return 0;
    if (!strings.includes(`\0${name}\0`)) strings += `${name}\0`;
    return strings.indexOf(`\0${name}\0`) + 1;
  };
  const words = types.flatMap(([kind, name, elements = []]) => [
    nameOffset(name),
    (kind << 24) | elements.length,
    0,
    ...(kind === INT ? [0] : []),
    ...elements.flatMap(([member, type]) =>
      kind === FUNC_PROTO ? [nameOffset(member), type] : [nameOffset(member), type, 0],
    ),
  ]);
  const header = [24, 0, words.length * 4, words.length * 4, strings.length];
  const bytes = Buffer.alloc(24 + words.length * 4);
  bytes.writeUInt32LE(0x0001eb9f);
  for (const [at, word] of [...header, ...words].entries()) bytes.writeUInt32LE(word >>> 0, 4 + at * 4);
  return Buffer.concat([bytes, Buffer.from(strings)]);
}

const KERNEL = build([
  [INT, 'int'],
  [
    STRUCT,
    'sk_buff',
    [
      ['next', 1],
      ['', 3],
      ['len', 1],
    ],
  ],
  [
    UNION,
    '',
    [
      ['', 4],
      ['headers', 4],
    ],
  ],
  [STRUCT, '', [['alloc_cpu', 1]]],
  [
    FUNC_PROTO,
    '',
    [
      ['skb', 1],
      ['len', 1],
    ],
  ],
  [FUNC, 'skb_consume_udp'],
  [TYPEDEF, 'btf_trace_consume_skb'],
  [STRUCT, 'loop', [['', 8]]],
  [INT, 'kfree_skb'],
]);

describe('BTF', () => {
  it('contains functions, tracepoints and members, also anonymous ones', () => {
    const btf = readBtf(KERNEL);
    expect(btf?.hasFunction('skb_consume_udp')).toBe(true);
    expect(btf?.hasFunction('kfree_skb')).toBe(false);
    expect(btf?.hasFunction('skb_consume')).toBe(false);
    expect(btf?.hasTracepoint('consume_skb')).toBe(true);
    expect(btf?.hasTracepoint('kfree_skb')).toBe(false);
    const members = ['next', 'headers', 'alloc_cpu', 'len', 'skb', 'alloc'];
    expect(members.map((name) => btf?.hasMember(`sk_buff.${name}`))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(btf?.hasMember('sock.len')).toBe(false);
  });

  it('may contain itself', () => {
    expect(readBtf(KERNEL)?.hasMember('loop.next')).toBe(false);
  });

  it('of an unknown kind gives nothing', () => {
    expect(readBtf(build([[31, 'future']]))).toBeNull();
  });

  it('of this kernel, if readable, contains its oldest functions', () => {
    const btf = kernelBtf();
    expect([undefined, true]).toContain(btf?.hasFunction('consume_skb'));
    expect([undefined, true]).toContain(btf?.hasMember('sk_buff.skb_iif'));
  });

  it('may be any bytes', () => {
    const damaged = fc
      .array(fc.tuple(fc.nat(KERNEL.length - 1), fc.nat(255)))
      .map((changes) =>
        changes.reduce((bytes, [at, value]) => bytes.fill(value, at, at + 1), Buffer.from(KERNEL)),
      );
    const cut = fc.nat(KERNEL.length).map((length) => KERNEL.subarray(0, length));
    const any = fc.oneof(
      damaged,
      cut,
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(any, (bytes) => {
        const btf = readBtf(bytes);
        btf?.hasMember('sk_buff.alloc_cpu');
        btf?.hasMember('loop.next');
        btf?.hasFunction('skb_consume_udp');
      }),
    );
  });
});
