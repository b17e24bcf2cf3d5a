/**
 * Netlink messages and attributes (include/uapi/linux/netlink.h), encoded and decoded. Decoders never throw: of a
 * truncated answer they return the complete part. Little endian, like every machine that Node supports except s390x.
 */
import { systemError } from './errors.ts';

export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;
export const NETLINK_KOBJECT_UEVENT = 15;
export const NETLINK_GENERIC = 16;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;

/** Of an answer: the request is not repeated in it; attributes follow. */
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSG_HDRLEN = 16;
const NLA_HDRLEN = 4;
/** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const NLA_TYPE_MASK = 0x3fff;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  /** The data after struct nlmsghdr, without padding. */
  readonly payload: Uint8Array;
}

/** One request on a netlink socket of some protocol: resolves to the raw answer. */
export type Ask = (request: Uint8Array) => Promise<Uint8Array>;

const align = (length: number): number => (length + 3) & ~3;
const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function encodeMessage(type: number, flags: number, ...payload: readonly Uint8Array[]): Uint8Array {
  const message = Buffer.concat([Buffer.alloc(NLMSG_HDRLEN), ...payload]);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(flags, 6);
  return message;
}

export function decodeMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = viewOf(bytes);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + NLMSG_HDRLEN <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < NLMSG_HDRLEN || at + length > bytes.length) break;
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      payload: bytes.subarray(at + NLMSG_HDRLEN, at + length),
    });
    at += align(length);
  }
  return messages;
}

/**
 * The messages of an answer that carry data. Throws the error in NLMSG_ERROR, or in a dump's NLMSG_DONE, with the
 * kernel's reason if it gives one.
 */
export function answerOf(bytes: Uint8Array, what: string): NetlinkMessage[] {
  return decodeMessages(bytes).filter((message) => {
    const { type, payload } = message;
    if (type !== NLMSG_ERROR && type !== NLMSG_DONE) return true;
    const errno = payload.length < 4 ? 0 : viewOf(payload).getInt32(0, true);
    if (errno < 0) {
      const error = systemError(errno, what);
      const reason = reasonIn(message);
      if (reason !== null) error.message += ` (the kernel says: ${reason})`;
      throw error;
    }
    return false;
  });
}

/** NETLINK_EXT_ACK: the reason in words; null if there is none. */
export function reasonIn({ type, flags, payload }: NetlinkMessage): string | null {
  if ((flags & NLM_F_ACK_TLVS) === 0) return null;
  const header = type === NLMSG_ERROR ? 4 + NLMSG_HDRLEN : 4;
  const repeated =
    type === NLMSG_ERROR && (flags & NLM_F_CAPPED) === 0 && payload.length >= header
      ? align(viewOf(payload).getUint32(4, true)) - NLMSG_HDRLEN
      : 0;
  const reason = decodeAttributes(payload.subarray(header + Math.max(0, repeated))).get(NLMSGERR_ATTR_MSG);
  return reason === undefined ? null : text(reason);
}

export function encodeAttribute(type: number, value: Uint8Array): Uint8Array {
  const attribute = Buffer.alloc(align(NLA_HDRLEN + value.length));
  attribute.writeUInt16LE(NLA_HDRLEN + value.length, 0);
  attribute.writeUInt16LE(type, 2);
  attribute.set(value, NLA_HDRLEN);
  return attribute;
}

/**
 * Attribute type -> value; the last of a repeated type. A nested attribute's value decodes by the same
 * function.
 */
export function decodeAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = viewOf(bytes);
  const attributes = new Map<number, Uint8Array>();
  for (let at = 0; at + NLA_HDRLEN <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < NLA_HDRLEN || at + length > bytes.length) break;
    attributes.set(
      view.getUint16(at + 2, true) & NLA_TYPE_MASK,
      bytes.subarray(at + NLA_HDRLEN, at + length),
    );
    at += align(length);
  }
  return attributes;
}

export function encodeU32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** An unsigned attribute of 1, 2 or 4 bytes; null if it is absent or of another length. */
export function unsigned(value: Uint8Array | undefined): number | null {
  switch (value?.length) {
    case 1:
      return viewOf(value).getUint8(0);
    case 2:
      return viewOf(value).getUint16(0, true);
    case 4:
      return viewOf(value).getUint32(0, true);
    default:
      return null;
  }
}

/** A string attribute, which ends with a zero byte. */
export function text(value: Uint8Array): string {
  const end = value.indexOf(0);
  return Buffer.from(end < 0 ? value : value.subarray(0, end)).toString('utf8');
}
