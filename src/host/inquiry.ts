/** Collects the answers of one group until they are complete. */
import { decode, type Instruction } from '../cbpf/instruction.ts';
import type { Answer } from './slot-probe.ts';
import type { Selection } from './types.ts';

/** A reuseport group as read from the kernel. */
export interface SlotReading {
  /** Inode of each slot's socket; 0 if it is just being closed. */
  readonly slots: readonly number[];
  /** SO_INCOMING_CPU of each slot's socket. */
  readonly incomingCpus: readonly (number | null)[];
  readonly selection: Selection;
  readonly program:
    | { readonly kind: 'cbpf'; readonly instructions: readonly Instruction[] }
    | { readonly kind: 'ebpf'; readonly name: string | null }
    | null;
  /** Does this kernel honour SO_INCOMING_CPU inside a group? */
  readonly incomingCpuHonoured: boolean;
  readonly addresses: GroupAddresses;
}

/** Addresses in the kernel: of the group's struct sock_reuseport, and of its program, 0 if it has none. */
export interface GroupAddresses {
  readonly group: bigint;
  readonly program: bigint;
  /** Inodes of its sockets then. */
  readonly sockets: readonly number[];
}

/** Why a socket that got its SO_REUSEPORT only after bind() cannot be read. */
export const IN_NO_GROUP = 'the socket is in no reuseport group';

/** By index; all from one state of the group. */
export type Answers = ReadonlyMap<number, Answer>;

/** Adds an answer. An answer that contradicts earlier ones means that the group has changed, so these are dropped. */
export function addAnswer(answers: Map<number, Answer>, answer: Answer): void {
  const [known] = answers.values();
  if (known !== undefined && !sameState(known, answer)) answers.clear();
  answers.set(answer.index, answer);
}

const sameState = (a: Answer, b: Answer) =>
  a.asked === b.asked &&
  a.size === b.size &&
  a.program === b.program &&
  a.address === b.address &&
  a.group === b.group &&
  a.length === b.length &&
  a.withIncomingCpu === b.withIncomingCpu;

/** Indices that are still missing: slots, and instructions of a program longer than the group. */
export function missing(answers: Answers, expectedSize: number): number[] {
  const [known] = answers.values();
  const count = Math.max(1, known === undefined ? expectedSize : known.size, known?.length ?? 0);
  return Array.from({ length: count }, (_, index) => index).filter((index) => !answers.has(index));
}

/** null while something is missing, if the socket is in no group, or if one socket is in two slots (it moved). */
export function toReading(answers: Answers): SlotReading | null {
  const [known] = answers.values();
  if (known === undefined || known.size === 0 || missing(answers, 0).length > 0) return null;
  const inOrder = [...answers.values()].sort((a, b) => a.index - b.index);
  const members = inOrder.slice(0, known.size);
  const inodes = members.map(({ inode }) => inode);
  const open = inodes.filter((inode) => inode !== 0);
  if (new Set(open).size !== open.length) return null;
  return {
    slots: inodes,
    incomingCpus: members.map(({ incomingCpu }) => (incomingCpu < 0 ? null : incomingCpu)),
    selection: known.program !== 'none' ? known.program : known.withIncomingCpu > 0 ? 'incoming_cpu' : 'hash',
    program:
      known.program === 'none'
        ? null
        : known.program === 'ebpf'
          ? { kind: 'ebpf', name: known.name === '' ? null : known.name }
          : {
              kind: 'cbpf',
              instructions: toInstructions(inOrder.slice(0, known.length).map(({ word }) => word)),
            },
    incomingCpuHonoured: known.withIncomingCpu >= 0,
    addresses: {
      group: BigInt(`0x${known.group}`),
      program: BigInt(`0x${known.address}`),
      sockets: inodes,
    },
  };
}

function toInstructions(words: readonly bigint[]): Instruction[] {
  const bytes = new DataView(new ArrayBuffer(8 * words.length));
  for (const [index, word] of words.entries()) bytes.setBigUint64(8 * index, word, true);
  return decode(new Uint8Array(bytes.buffer));
}
