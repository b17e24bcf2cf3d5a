/**
 * The XDP program of an interface, by rtnetlink (include/uapi/linux/if_link.h, net/core/rtnetlink.c). By netlink a program
 * stays attached when the process ends, without a pin and so without bpffs.
 */
import { macOf } from './neighbours.ts';
import {
  type Ask,
  answerOf,
  decodeAttributes,
  encodeAttribute,
  encodeMessage,
  encodeU32,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  text,
  unsigned,
} from './netlink.ts';

const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
const SIZEOF_IFINFOMSG = 16;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_LINK_NETNSID = 37;
const IFLA_XDP = 43;
const IFLA_INFO_KIND = 1;
const NLA_F_NESTED = 0x8000;
const XDP_FD = 1;
const XDP_ATTACHED = 2;
const XDP_FLAGS = 3;
const XDP_DRV_PROG_ID = 5;
const XDP_SKB_PROG_ID = 6;
const XDP_HW_PROG_ID = 7;
const XDP_EXPECTED_FD = 8;
const UPDATE_IF_NOEXIST = 1;
const MODE_FLAG = { generic: 2, native: 4 } as const;
const REPLACE = 16;

/** `generic`: by the stack, on every driver. `native`: by the driver. */
export type XdpMode = keyof typeof MODE_FLAG;

export interface AttachedXdp {
  readonly mode: XdpMode | 'offload';
  readonly programId: number;
}

export interface XdpLink {
  readonly ifindex: number;
  readonly name: string;
  readonly mtu: number | null;
  /** `02:00:00:00:00:01`; null for an interface without one. */
  readonly mac: string | null;
  /** `veth`, `bond`, `vlan`; null for a NIC. */
  readonly kind: string | null;
  /** ifindex of the interface below (vlan, macvlan), or of a veth's other end; null for none. */
  readonly link: number | null;
  /** That one is in another network namespace. */
  readonly elsewhere: boolean;
  /** One or two: a program on the NIC itself and one in the driver or the stack. */
  readonly xdp: readonly AttachedXdp[];
}

/** Whatever the bytes are, it does not throw; null for what is no link. */
export function decodeLink(payload: Uint8Array): XdpLink | null {
  if (payload.length < SIZEOF_IFINFOMSG) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attributes = decodeAttributes(payload.subarray(SIZEOF_IFINFOMSG));
  const name = attributes.get(IFLA_IFNAME);
  if (name === undefined) return null;
  const kind = decodeAttributes(attributes.get(IFLA_LINKINFO) ?? new Uint8Array()).get(IFLA_INFO_KIND);
  const link = unsigned(attributes.get(IFLA_LINK));
  return {
    ifindex: view.getInt32(4, true),
    name: text(name),
    mtu: unsigned(attributes.get(IFLA_MTU)),
    mac: macIn(attributes.get(IFLA_ADDRESS)),
    kind: kind === undefined ? null : text(kind),
    link: link === 0 ? null : link,
    elsewhere: attributes.has(IFLA_LINK_NETNSID),
    xdp: attachedIn(attributes.get(IFLA_XDP)),
  };
}

const macIn = (bytes: Uint8Array | undefined): string | null => (bytes?.length === 6 ? macOf(bytes) : null);

function attachedIn(nested: Uint8Array | undefined): readonly AttachedXdp[] {
  if (nested === undefined) return [];
  const found = decodeAttributes(nested);
  const of = (mode: AttachedXdp['mode'], type: number): readonly AttachedXdp[] => {
    const programId = unsigned(found.get(type));
    return programId === null || programId === 0 ? [] : [{ mode, programId }];
  };
  if ((unsigned(found.get(XDP_ATTACHED)) ?? 0) === 0) return [];
  return [
    ...of('native', XDP_DRV_PROG_ID),
    ...of('generic', XDP_SKB_PROG_ID),
    ...of('offload', XDP_HW_PROG_ID),
  ];
}

const interfaceInfo = (ifindex: number): Uint8Array => {
  const message = Buffer.alloc(SIZEOF_IFINFOMSG);
  message.writeInt32LE(ifindex, 4);
  return message;
};

/** Of this network namespace. Throws SystemError. */
export async function readLinks(ask: Ask): Promise<readonly XdpLink[]> {
  const request = encodeMessage(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, interfaceInfo(0));
  return linksIn(await ask(request));
}

/** Throws SystemError ENODEV. */
export async function readLink(ask: Ask, ifindex: number): Promise<XdpLink | null> {
  const request = encodeMessage(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, interfaceInfo(ifindex));
  return linksIn(await ask(request))[0] ?? null;
}

const linksIn = (answer: Uint8Array): readonly XdpLink[] =>
  answerOf(answer, 'RTM_GETLINK').flatMap(({ type, payload }) =>
    type === RTM_NEWLINK ? (decodeLink(payload) ?? []) : [],
  );

export interface SetXdp {
  readonly ifindex: number;
  readonly mode: XdpMode;
  /** Descriptor of the new program; -1 detaches. */
  readonly fd: number;
  /** Descriptor of the program that must be attached now; null: none may be. */
  readonly expected: number | null;
}

/**
 * Never without a flag that says what must be there: without one the kernel replaces whatever is attached.
 */
export function encodeSetXdp({ ifindex, mode, fd, expected }: SetXdp): Uint8Array {
  const flags = MODE_FLAG[mode] | (expected === null ? UPDATE_IF_NOEXIST : REPLACE);
  const nested = Buffer.concat([
    encodeAttribute(XDP_FD, encodeS32(fd)),
    encodeAttribute(XDP_FLAGS, encodeU32(flags)),
    ...(expected === null ? [] : [encodeAttribute(XDP_EXPECTED_FD, encodeS32(expected))]),
  ]);
  return encodeMessage(
    RTM_SETLINK,
    NLM_F_REQUEST | NLM_F_ACK,
    interfaceInfo(ifindex),
    encodeAttribute(IFLA_XDP | NLA_F_NESTED, nested),
  );
}

/** Throws SystemError with the kernel's reason, where the driver gives one. */
export async function setXdp(ask: Ask, order: SetXdp): Promise<void> {
  answerOf(await ask(encodeSetXdp(order)), 'RTM_SETLINK');
}

function encodeS32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
