/**
 * Generic netlink (include/uapi/linux/genetlink.h): a family is looked up by name, because its number differs per boot.
 */
import { isErrno } from './errors.ts';
import {
  type Ask,
  answerOf,
  decodeAttributes,
  decodeMessages,
  encodeAttribute,
  encodeMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  text,
  unsigned,
} from './netlink.ts';

const GENL_ID_CTRL = 0x10;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const CTRL_ATTR_MCAST_GROUPS = 7;
const CTRL_ATTR_MCAST_GRP_NAME = 1;
const CTRL_ATTR_MCAST_GRP_ID = 2;
const GENL_HDRLEN = 4;

export interface GenlRequest {
  readonly family: number;
  readonly command: number;
  /** All objects of that kind, instead of one. */
  readonly dump: boolean;
  readonly attributes: readonly Uint8Array[];
}

export function encodeGenlRequest({ family, command, dump, attributes }: GenlRequest): Uint8Array {
  const header = Uint8Array.of(command, 1, 0, 0);
  return encodeMessage(family, NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK), header, ...attributes);
}

/** Sends a request, and returns the attributes of each message of the answer. Throws the kernel's SystemError. */
export async function genlRequest(
  ask: Ask,
  request: GenlRequest,
  what: string,
): Promise<Map<number, Uint8Array>[]> {
  const answer = answerOf(await ask(encodeGenlRequest(request)), what);
  return answer
    .filter(({ type }) => type === request.family)
    .map(({ payload }) => decodeAttributes(payload.subarray(GENL_HDRLEN)));
}

export interface GenlFamily {
  readonly id: number;
  /** Multicast groups: name -> number. */
  readonly groups: ReadonlyMap<string, number>;
}

/** The family's number; null if this kernel has no such family. */
export async function genlFamily(ask: Ask, name: string): Promise<number | null> {
  return (await lookUpFamily(ask, name))?.id ?? null;
}

/** null if this kernel has no such family. */
export async function lookUpFamily(ask: Ask, name: string): Promise<GenlFamily | null> {
  const attributes = [encodeAttribute(CTRL_ATTR_FAMILY_NAME, Buffer.from(`${name}\0`))];
  const request = { family: GENL_ID_CTRL, command: CTRL_CMD_GETFAMILY, dump: false, attributes };
  try {
    const [family] = await genlRequest(ask, request, 'CTRL_CMD_GETFAMILY');
    return family === undefined ? null : decodeFamily(family);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/** null without a number. */
export function decodeFamily(family: ReadonlyMap<number, Uint8Array>): GenlFamily | null {
  const id = unsigned(family.get(CTRL_ATTR_FAMILY_ID));
  const groups = new Map<string, number>();
  for (const group of decodeAttributes(family.get(CTRL_ATTR_MCAST_GROUPS) ?? new Uint8Array()).values()) {
    const attributes = decodeAttributes(group);
    const number = unsigned(attributes.get(CTRL_ATTR_MCAST_GRP_ID));
    const name = attributes.get(CTRL_ATTR_MCAST_GRP_NAME);
    if (number !== null && name !== undefined) groups.set(text(name), number);
  }
  return id === null ? null : { id, groups };
}

export interface GenlMessage {
  readonly command: number;
  readonly attributes: ReadonlyMap<number, Uint8Array>;
}

/** The messages of a family in a datagram. */
export const decodeGenlMessages = (bytes: Uint8Array, family: number): GenlMessage[] =>
  decodeMessages(bytes)
    .filter(({ type, payload }) => type === family && payload.length >= GENL_HDRLEN)
    .map(({ payload }) => ({
      command: payload[0] ?? 0,
      attributes: decodeAttributes(payload.subarray(GENL_HDRLEN)),
    }));
