/**
 * BPF programs for traffic control on the way out of an interface, by rtnetlink (include/uapi/linux/pkt_sched.h, pkt_cls.h):
 * a filter of the egress hook of its clsact qdisc. Decoders never throw.
 */
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

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_GETQDISC = 38;
const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const NLA_F_NESTED = 0x8000;
const SIZEOF_TCMSG = 20;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_FD = 6;
const TCA_BPF_NAME = 7;
const TCA_BPF_FLAGS = 8;
const TCA_BPF_ID = 11;
const FLAG_ACT_DIRECT = 1;
/** TC_H_CLSACT as a parent, its handle, and its hooks. */
const CLSACT_PARENT = 0xffff_fff1;
const CLSACT_HANDLE = 0xffff_0000;
const HOOKS = { ingress: 0xffff_fff2, egress: 0xffff_fff3 } as const;
/** ETH_P_ALL in network order. */
const ALL_PROTOCOLS = 0x0300;

export type Hook = keyof typeof HOOKS;

export interface Filter {
  /** Of lower numbers the kernel runs first. */
  readonly priority: number;
  readonly handle: number;
  /** `bpf`, `flower`, `matchall`. */
  readonly kind: string;
  /** null: not a BPF filter, or a classic one. */
  readonly programId: number | null;
}

interface TcMessage {
  readonly ifindex: number;
  readonly handle: number;
  readonly parent: number;
  readonly info: number;
}

function tcMessage({ ifindex, handle, parent, info }: TcMessage): Uint8Array {
  const message = Buffer.alloc(SIZEOF_TCMSG);
  message.writeInt32LE(ifindex, 4);
  message.writeUInt32LE(handle, 8);
  message.writeUInt32LE(parent, 12);
  message.writeUInt32LE(info, 16);
  return message;
}

function decode(payload: Uint8Array) {
  if (payload.length < SIZEOF_TCMSG) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attributes = decodeAttributes(payload.subarray(SIZEOF_TCMSG));
  const kind = attributes.get(TCA_KIND);
  return {
    ifindex: view.getInt32(4, true),
    handle: view.getUint32(8, true),
    parent: view.getUint32(12, true),
    info: view.getUint32(16, true),
    kind: kind === undefined ? '' : text(kind),
    options: attributes.get(TCA_OPTIONS),
  };
}

/** null: not a filter. A filter's priority without one of its own (handle 0) is only the head of its list. */
export function decodeFilter(payload: Uint8Array): Filter | null {
  const found = decode(payload);
  if (found === null || found.handle === 0) return null;
  const { handle, info, kind, options } = found;
  const programId = kind === 'bpf' && options ? unsigned(decodeAttributes(options).get(TCA_BPF_ID)) : null;
  return { priority: info >>> 16, handle, kind, programId };
}

/** The kind of the qdisc at the hooks, `clsact` or `ingress`; null for any other qdisc. */
export function decodeHookQdisc(payload: Uint8Array): { ifindex: number; kind: string } | null {
  const found = decode(payload);
  return found === null || found.parent !== CLSACT_PARENT
    ? null
    : { ifindex: found.ifindex, kind: found.kind };
}

/** `clsact`, `ingress` (which leaves no room for clsact), or null. Throws SystemError. */
export async function readHookQdisc(ask: Ask, ifindex: number): Promise<string | null> {
  const asked = tcMessage({ ifindex, handle: 0, parent: 0, info: 0 });
  const answer = await ask(encodeMessage(RTM_GETQDISC, NLM_F_REQUEST | NLM_F_DUMP, asked));
  for (const { type, payload } of answerOf(answer, 'RTM_GETQDISC')) {
    const found = type === RTM_NEWQDISC ? decodeHookQdisc(payload) : null;
    // Older kernels dump the qdiscs of every interface.
    if (found?.ifindex === ifindex) return found.kind;
  }
  return null;
}

/** In the order in which they run; empty without clsact. Throws SystemError. */
export async function readFilters(ask: Ask, ifindex: number, hook: Hook): Promise<readonly Filter[]> {
  const asked = tcMessage({ ifindex, handle: 0, parent: HOOKS[hook], info: 0 });
  const answer = await ask(encodeMessage(RTM_GETTFILTER, NLM_F_REQUEST | NLM_F_DUMP, asked));
  return answerOf(answer, 'RTM_GETTFILTER')
    .flatMap(({ type, payload }) => (type === RTM_NEWTFILTER ? (decodeFilter(payload) ?? []) : []))
    .sort((a, b) => a.priority - b.priority);
}

const clsact = (ifindex: number): TcMessage => ({
  ifindex,
  handle: CLSACT_HANDLE,
  parent: CLSACT_PARENT,
  info: 0,
});
const kindOf = (kind: string): Uint8Array => encodeAttribute(TCA_KIND, Buffer.from(`${kind}\0`));

export interface NewFilter {
  readonly ifindex: number;
  readonly fd: number;
  readonly name: string;
  /** There is none yet. */
  readonly makesClsact: boolean;
}

/** One write for both messages, so that no kill comes between them. Only the second is acknowledged. */
export function encodeAddFilter({ ifindex, fd, name, makesClsact }: NewFilter): Uint8Array {
  const flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
  const options = Buffer.concat([
    encodeAttribute(TCA_BPF_FD, encodeU32(fd)),
    encodeAttribute(TCA_BPF_NAME, Buffer.from(`${name}\0`)),
    encodeAttribute(TCA_BPF_FLAGS, encodeU32(FLAG_ACT_DIRECT)),
  ]);
  // Without a priority the kernel chooses one in front of the others.
  const filter = tcMessage({ ifindex, handle: 1, parent: HOOKS.egress, info: ALL_PROTOCOLS });
  return Buffer.concat([
    ...(makesClsact
      ? [encodeMessage(RTM_NEWQDISC, flags, tcMessage(clsact(ifindex)), kindOf('clsact'))]
      : []),
    encodeMessage(
      RTM_NEWTFILTER,
      flags | NLM_F_ACK,
      filter,
      kindOf('bpf'),
      encodeAttribute(TCA_OPTIONS | NLA_F_NESTED, options),
    ),
  ]);
}

/** Adds a BPF filter that acts itself, in front of other filters. Throws SystemError. */
export async function addFilter(ask: Ask, filter: NewFilter): Promise<void> {
  answerOf(await ask(encodeAddFilter(filter)), 'RTM_NEWTFILTER');
}

/** Throws SystemError ENOENT. */
export async function deleteFilter(
  ask: Ask,
  ifindex: number,
  { priority, handle, kind }: Filter,
): Promise<void> {
  const info = ((priority << 16) | ALL_PROTOCOLS) >>> 0;
  const message = tcMessage({ ifindex, handle, parent: HOOKS.egress, info });
  const request = encodeMessage(RTM_DELTFILTER, NLM_F_REQUEST | NLM_F_ACK, message, kindOf(kind));
  answerOf(await ask(request), 'RTM_DELTFILTER');
}

/** With all filters of both hooks. Throws SystemError. */
export async function deleteClsact(ask: Ask, ifindex: number): Promise<void> {
  const request = encodeMessage(
    RTM_DELQDISC,
    NLM_F_REQUEST | NLM_F_ACK,
    tcMessage(clsact(ifindex)),
    kindOf('clsact'),
  );
  answerOf(await ask(request), 'RTM_DELQDISC');
}
