/** Capture files and frames as other tools write them. */

type Field = readonly [bytes: 1 | 2 | 4, value: number];

function pack(fields: readonly Field[], little: boolean): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 1) view.setUint8(at, value);
    else if (size === 2) view.setUint16(at, value, little);
    else view.setUint32(at, value, little);
    at += size;
  }
  return bytes;
}

export const join = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
export const hex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));

/** @param cut bytes of each packet that are kept */
export interface How {
  readonly little?: boolean;
  readonly nanoseconds?: boolean;
  readonly linkType?: number;
  readonly cut?: number;
}

export function pcap(packets: readonly Uint8Array[], how: How = {}): Uint8Array {
  const { little = true, nanoseconds = false, linkType = 1, cut = 65_535 } = how;
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const head: Field[] = [
    [4, magic],
    [2, 2],
    [2, 4],
    [4, 0],
    [4, 0],
    [4, cut],
    [4, linkType],
  ];
  const records = packets.flatMap((packet) => {
    const kept = packet.subarray(0, cut);
    const fields: Field[] = [
      [4, 1_700_000_000],
      [4, 5],
      [4, kept.length],
      [4, packet.length],
    ];
    return [pack(fields, little), kept];
  });
  return join(pack(head, little), ...records);
}

/** Enhanced packets, with a comment block and options in between, as Wireshark leaves them; the last one simple. */
export function pcapng(packets: readonly Uint8Array[], how: How = {}): Uint8Array {
  const { little = true, linkType = 1, cut = 65_535 } = how;
  const block = (type: number, ...body: readonly Uint8Array[]) => {
    const content = join(...body);
    const padded = join(content, new Uint8Array(-content.length & 3));
    const length = pack([[4, padded.length + 12]], little);
    return join(pack([[4, type]], little), length, padded, length);
  };
  const words = (...values: readonly number[]) =>
    pack(
      values.map((value): Field => [4, value]),
      little,
    );
  const section = block(
    0x0a0d0d0a,
    words(0x1a2b3c4d),
    pack(
      [
        [2, 1],
        [2, 0],
      ],
      little,
    ),
    words(0xffffffff, 0xffffffff),
  );
  const device = block(
    1,
    pack(
      [
        [2, linkType],
        [2, 0],
      ],
      little,
    ),
    words(cut),
  );
  const other = block(5, words(0, 0, 0));
  const blocks = packets.flatMap((packet, index) => {
    const kept = packet.subarray(0, cut);
    if (index === packets.length - 1) return [block(3, words(packet.length), kept)];
    const padded = join(kept, new Uint8Array(-kept.length & 3));
    return [
      other,
      block(
        6,
        words(0, 0, 0, kept.length, packet.length),
        padded,
        pack(
          [
            [2, 0],
            [2, 0],
          ],
          little,
        ),
      ),
    ];
  });
  return join(section, device, ...blocks);
}

/** Pulls from bytes in memory. */
export function pullFrom(bytes: Uint8Array): (count: number) => Uint8Array {
  let at = 0;
  return (count) => {
    const start = at;
    at += count;
    return bytes.subarray(start, at);
  };
}

const MACS = hex('020000000001 020000000002');

/** An Ethernet frame. @param tags VLAN ids, outermost first */
export function ethernet(packet: Uint8Array, ...tags: readonly number[]): Uint8Array {
  const type = (packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
  const words = tags.flatMap((tag, index): Field[] => [
    [2, index < tags.length - 1 ? 0x88a8 : 0x8100],
    [2, tag],
  ]);
  return join(MACS, pack([...words, [2, type]], false), packet);
}

export interface Datagram {
  readonly source?: number;
  readonly destination?: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly payload?: Uint8Array;
  /** In words of 4 bytes. */
  readonly options?: number;
  /** The flags and fragment offset field. */
  readonly fragment?: number;
}

export function udp4(given: Datagram = {}): Uint8Array {
  const { sport = 4242, dport = 53, payload = new Uint8Array() } = given;
  const header: Field[] = [
    [2, sport],
    [2, dport],
    [2, 8 + payload.length],
    [2, 0],
  ];
  return ipv4(17, join(pack(header, false), payload), given);
}

/** @param flags SYN is 2, ACK 16 */
export function tcp4(flags: number, given: Datagram = {}): Uint8Array {
  const { sport = 4242, dport = 80, payload = new Uint8Array() } = given;
  const header: Field[] = [
    [2, sport],
    [2, dport],
    [4, 1],
    [4, 0],
    [1, 0x60],
    [1, flags],
    [2, 65_535],
    [4, 0],
    [4, 0x020405b4],
  ];
  return ipv4(6, join(pack(header, false), payload), given);
}

function ipv4(protocol: number, body: Uint8Array, given: Datagram): Uint8Array {
  const { source = 0xc0a80102, destination = 0xc0a80101, options = 0, fragment = 0 } = given;
  const header: Field[] = [
    [1, 0x45 + options],
    [1, 0],
    [2, 20 + 4 * options + body.length],
    [2, 1],
    [2, fragment],
    [1, 64],
    [1, protocol],
    [2, 0],
    [4, source],
    [4, destination],
  ];
  return join(pack(header, false), new Uint8Array(4 * options).fill(1), body);
}

/** From 2001:db8::7 to 2001:db8::1. @param extensions headers in between, each with the number that leads to it */
export function udp6(
  payload: Uint8Array,
  ...extensions: readonly (readonly [number, Uint8Array])[]
): Uint8Array {
  const body = join(
    pack(
      [
        [2, 4242],
        [2, 53],
        [2, 8 + payload.length],
        [2, 0],
      ],
      false,
    ),
    payload,
  );
  const numbers = [...extensions.map(([number]) => number), 17];
  const chain = extensions.map(([, bytes], index) =>
    join(Uint8Array.of(numbers[index + 1] ?? 0), bytes.subarray(1)),
  );
  const rest = join(...chain, body);
  return join(
    hex('60000000'),
    pack(
      [
        [2, rest.length],
        [1, numbers[0] ?? 17],
        [1, 64],
      ],
      false,
    ),
    hex('20010db8000000000000000000000007 20010db8000000000000000000000001'),
    rest,
  );
}
