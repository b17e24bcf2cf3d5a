/** Routes and neighbours, by rtnetlink (include/uapi/linux/rtnetlink.h, neighbour.h). Decoders never throw. */
import { formatAddress } from './address.ts';
import {
  type Ask,
  answerOf,
  decodeAttributes,
  encodeAttribute,
  encodeMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  unsigned,
} from './netlink.ts';

const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;
const RTM_NEWNEIGH = 28;
const RTM_GETNEIGH = 30;
/** struct rtmsg and struct ndmsg. */
const SIZEOF_HEADER = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PREFSRC = 7;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const AF_INET = 2;
const AF_INET6 = 10;
/** NUD_REACHABLE, STALE, DELAY, PROBE, PERMANENT: the address is known, if perhaps an old one. */
const NUD_VALID = 0x02 | 0x04 | 0x08 | 0x10 | 0x80;

export interface Route {
  /** Of the interface. */
  readonly ifindex: number;
  /** null: on the link. */
  readonly gateway: string | null;
  /** The address that packets would be sent from. */
  readonly source: string | null;
}

export interface Neighbour {
  readonly ifindex: number;
  readonly address: string;
  /** `02:00:00:00:00:01` */
  readonly mac: string;
}

/** Where the kernel would send a packet to an address. Throws SystemError ENETUNREACH. @param address 4 or 16 bytes */
export async function readRoute(ask: Ask, address: Uint8Array): Promise<Route | null> {
  const header = Buffer.alloc(SIZEOF_HEADER);
  header.set([address.length === 4 ? AF_INET : AF_INET6, address.length * 8]);
  const request = encodeMessage(
    RTM_GETROUTE,
    NLM_F_REQUEST | NLM_F_ACK,
    header,
    encodeAttribute(RTA_DST, address),
  );
  const answer = answerOf(await ask(request), 'RTM_GETROUTE').find(({ type }) => type === RTM_NEWROUTE);
  return answer === undefined ? null : decodeRoute(answer.payload);
}

/** null for what is no route to an interface. */
export function decodeRoute(payload: Uint8Array): Route | null {
  if (payload.length < SIZEOF_HEADER) return null;
  const attributes = decodeAttributes(payload.subarray(SIZEOF_HEADER));
  const ifindex = unsigned(attributes.get(RTA_OIF));
  return ifindex === null
    ? null
    : {
        ifindex,
        gateway: addressIn(attributes.get(RTA_GATEWAY)),
        source: addressIn(attributes.get(RTA_PREFSRC)),
      };
}

/** Those whose MAC address is known. Throws SystemError. */
export async function readNeighbours(ask: Ask): Promise<readonly Neighbour[]> {
  const request = encodeMessage(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, Buffer.alloc(SIZEOF_HEADER));
  return answerOf(await ask(request), 'RTM_GETNEIGH').flatMap(({ type, payload }) =>
    type === RTM_NEWNEIGH ? (decodeNeighbour(payload) ?? []) : [],
  );
}

/** null for one whose MAC address is not known. */
export function decodeNeighbour(payload: Uint8Array): Neighbour | null {
  if (payload.length < SIZEOF_HEADER) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attributes = decodeAttributes(payload.subarray(SIZEOF_HEADER));
  const address = addressIn(attributes.get(NDA_DST));
  const mac = attributes.get(NDA_LLADDR);
  if (address === null || mac?.length !== 6 || !(view.getUint16(8, true) & NUD_VALID)) return null;
  return { ifindex: view.getInt32(4, true), address, mac: macOf(mac) };
}

export const macOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');

function addressIn(bytes: Uint8Array | undefined): string | null {
  if (bytes?.length === 4) return formatAddress(4, bytes);
  return bytes?.length === 16 ? formatAddress(6, bytes) : null;
}
