/** The probe that reads reuseport groups (slots.bt), and how to query it. */
import { randomInt } from 'node:crypto';
import { slotsScript } from '../../probes/slots.ts';
import { startBpftrace } from '../system/bpftrace.ts';
import type { Message } from '../system/bpftrace-output.ts';
import type { Btf } from '../system/btf.ts';
import type { BorrowRequest } from '../system/types.ts';

/** One line of slots.bt: the group of the queried socket, its slot `index`, and instruction `index` of its program. */
export interface Answer {
  readonly token: number;
  readonly index: number;
  /** Inode of the queried socket. */
  readonly asked: number;
  /** num_socks; 0 if that socket is in no group. */
  readonly size: number;
  readonly program: 'none' | 'cbpf' | 'ebpf';
  /** Members with SO_INCOMING_CPU; -1 if this kernel ignores it. */
  readonly withIncomingCpu: number;
  /** Instructions of the cBPF program. */
  readonly length: number;
  /** Inode in the slot; meaningless from `size` on. */
  readonly inode: number;
  /** SO_INCOMING_CPU of the slot's socket, -1 if unset. */
  readonly incomingCpu: number;
  /** struct sock_filter as a little-endian number; meaningless from `length` on. */
  readonly word: bigint;
  /** The program's address, hexadecimal; it changes when the program is replaced. 0: none. */
  readonly address: string;
  /** Address of struct sock_reuseport, hexadecimal. */
  readonly group: string;
  /** An eBPF program's name, often empty. */
  readonly name: string;
}

export interface SlotProbe {
  /**
   * The calls on a copy of a socket that make the probe report slots `indices` of its group; the answers contain
   * `token`.
   */
  mark(token: number, indices: readonly number[]): NonNullable<BorrowRequest['mark']>;
  /** Resolves to datagrams read, by inode; null if they were not counted. Throws Failure kernel-hung. */
  stop(): Promise<ReadonlyMap<number, number> | null>;
  readonly countsReads: boolean;
}

/** `token`, `index` and the number of the copy have 16 bits of an int each; the sign bit stays free. */
export const MAX_TOKEN = 0x7fff;
export const MAX_INDEX = 0xffff;
const NONCES = 0x8000;

/**
 * Throws Failure as startBpftrace does. `countReads` also counts datagrams read (udp-reads.bt), if the kernel has the
 * tracepoint (6.3).
 */
export async function startSlotProbe(
  countReads: boolean,
  btf: Btf | null,
  onAnswer: (answer: Answer) => void,
): Promise<SlotProbe> {
  const reads = new Map<number, number>();
  const onMessage = (message: Message) => {
    if (message.type === 'map') addReads(message.data, reads);
    else if (message.type === 'printf') {
      const answer = parseAnswer(message.data);
      if (answer !== null) onAnswer(answer);
    }
  };
  const nonce = randomInt(1, NONCES);
  // Checks the kernel's types, not its release, because distributions backport.
  const countsReads = countReads && (btf?.hasTracepoint('sock_recv_length') ?? true);
  const incomingCpu = btf?.hasMember('sock_reuseport.incoming_cpu') ?? true;
  const program = slotsScript({ incomingCpu, udpReads: countsReads });
  const bpftrace = await startBpftrace(program, [String(nonce)], onMessage);
  return {
    mark: (token, indices) => {
      const bad = [token > MAX_TOKEN ? token : null, ...indices.filter((index) => index > MAX_INDEX)];
      if (bad.some((each) => each !== null))
        throw new RangeError(`token ${token}, indices ${indices}: more than slots.bt can tell apart`);
      return { nonce, token, indices };
    },
    stop: async () => {
      const complete = await bpftrace.stop();
      return countsReads && complete ? reads : null;
    },
    countsReads,
  };
}

const ANSWER =
  /^slot (\d+) (\d+) (\d+) (\d+) ([01]) ([01]) (-?\d+) (\d+) (\d+) (-?\d+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) (.*)\n?$/;

/** null for any other line. */
export function parseAnswer(line: string): Answer | null {
  const match = ANSWER.exec(line);
  if (match === null) return null;
  const [
    token = 0,
    index = 0,
    asked = 0,
    size = 0,
    attached,
    ebpf,
    withIncomingCpu = 0,
    length = 0,
    inode = 0,
    cpu = -1,
  ] = match.slice(1, 11).map(Number);
  return {
    token,
    index,
    asked,
    size,
    program: attached === 0 ? 'none' : ebpf === 1 ? 'ebpf' : 'cbpf',
    withIncomingCpu,
    length,
    inode,
    // 0.17 may print the unsigned field's -1 as 4294967295.
    incomingCpu: cpu | 0,
    word: BigInt(`0x${match[11]}`),
    address: match[12] ?? '',
    group: match[13] ?? '',
    name: match[14] ?? '',
  };
}

function addReads(data: Readonly<Record<string, unknown>>, reads: Map<number, number>): void {
  const packets = data['@packets'];
  if (typeof packets !== 'object' || packets === null) return;
  for (const [inode, count] of Object.entries(packets)) reads.set(Number(inode), Number(count));
}
