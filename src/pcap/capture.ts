/**
 * Reads capture files of libpcap and Wireshark (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng): the packets and
 * their link types. Times are not needed and not read.
 */

export interface CapturedFrame {
  /** LINKTYPE_*, as registered at tcpdump.org. */
  readonly linkType: number;
  /** The captured bytes. */
  readonly bytes: Uint8Array;
  /** Its length before the capture cut it; never less than that of `bytes`. */
  readonly length: number;
}

/** The next bytes of the file: as many as requested, fewer at the end. */
export type Pull = (count: number) => Uint8Array;

/** Larger than any real packet or block. */
const LARGEST = 1 << 26;

/**
 * Passes on every packet in turn. Never throws by itself, for any file content.
 * @return what is wrong with the file, after all packets before that place; null if it is complete
 */
export function readCapture(pull: Pull, each: (frame: CapturedFrame) => void): string | null {
  const head = pull(4);
  if (head.length < 4) return head.length === 0 ? 'the file is empty' : NO_CAPTURE;
  const magic = new DataView(head.buffer, head.byteOffset, 4).getUint32(0);
  if (magic === SECTION_HEADER) return readPcapng(pull, each);
  const little = PCAP_LITTLE.has(magic);
  if (little || PCAP_BIG.has(magic)) return readPcap(pull, little, each);
  return magic >>> 16 === GZIP ? 'it is compressed: gunzip it first' : NO_CAPTURE;
}

const NO_CAPTURE = 'it is neither a pcap nor a pcapng file';
const TORN = 'it ends in the middle of a packet';

/** The first two bytes of RFC 1952. */
const GZIP = 0x1f8b;
/** Microseconds, nanoseconds. */
const PCAP_BIG: ReadonlySet<number> = new Set([0xa1b2c3d4, 0xa1b23c4d]);
const PCAP_LITTLE: ReadonlySet<number> = new Set([0xd4c3b2a1, 0x4d3cb2a1]);

function readPcap(pull: Pull, little: boolean, each: (frame: CapturedFrame) => void): string | null {
  const header = view(pull(20));
  if (header.byteLength < 20) return NO_CAPTURE;
  // The upper half is about frame check sequences.
  const linkType = header.getUint32(16, little) & 0xffff;
  for (;;) {
    const record = view(pull(16));
    if (record.byteLength < 16) return record.byteLength === 0 ? null : TORN;
    const captured = record.getUint32(8, little);
    if (captured > LARGEST) return `it is damaged: a packet of ${captured} bytes`;
    const bytes = pull(captured);
    if (bytes.length < captured) return TORN;
    each({ linkType, bytes, length: Math.max(captured, record.getUint32(12, little)) });
  }
}

const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const [INTERFACE, OLD_PACKET, SIMPLE_PACKET, ENHANCED_PACKET] = [1, 2, 3, 6];

interface Interface {
  readonly linkType: number;
  /** 0: none. */
  readonly snapLength: number;
}

/** The type of the first block, which is the same in both byte orders, was already read. */
function readPcapng(pull: Pull, each: (frame: CapturedFrame) => void): string | null {
  let little = false;
  let interfaces: Interface[] = [];
  for (let type = SECTION_HEADER; ; ) {
    const size = pull(4);
    const order = pull(type === SECTION_HEADER ? 4 : 0);
    if (type === SECTION_HEADER) {
      little = order[0] === 0x4d;
      if (order.length < 4 || view(order).getUint32(0, little) !== BYTE_ORDER) return NO_CAPTURE;
      interfaces = [];
    }
    if (size.length < 4) return TORN;
    const length = view(size).getUint32(0, little);
    const rest = length - 8 - order.length;
    if (rest < 4 || length > LARGEST) return `it is damaged: a block of ${length} bytes`;
    const block = pull(rest);
    if (block.length < rest) return TORN;
    // The length is repeated at the end.
    const body = block.subarray(0, rest - 4);
    if (type === INTERFACE && body.length >= 8) interfaces.push(interfaceIn(view(body), little));
    const frame = packetIn(type, body, little, interfaces);
    if (frame !== null) each(frame);
    const next = pull(4);
    if (next.length < 4) return next.length === 0 ? null : TORN;
    type = view(next).getUint32(0, little);
  }
}

function interfaceIn(body: DataView, little: boolean): Interface {
  return { linkType: body.getUint16(0, little), snapLength: body.getUint32(4, little) };
}

/** null for a block of another kind, or one without a packet. */
function packetIn(
  type: number,
  body: Uint8Array,
  little: boolean,
  interfaces: readonly Interface[],
): CapturedFrame | null {
  const fields = view(body);
  if (type === SIMPLE_PACKET && body.length >= 4) {
    const length = fields.getUint32(0, little);
    const { linkType, snapLength } = interfaces[0] ?? {};
    if (linkType === undefined) return null;
    const captured = Math.min(length, snapLength || length, body.length - 4);
    return { linkType, bytes: body.subarray(4, 4 + captured), length };
  }
  if ((type !== ENHANCED_PACKET && type !== OLD_PACKET) || body.length < 20) return null;
  const id = type === ENHANCED_PACKET ? fields.getUint32(0, little) : fields.getUint16(0, little);
  const captured = Math.min(fields.getUint32(12, little), body.length - 20);
  const linkType = interfaces[id]?.linkType;
  if (linkType === undefined) return null;
  const length = Math.max(captured, fields.getUint32(16, little));
  return { linkType, bytes: body.subarray(20, 20 + captured), length };
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
