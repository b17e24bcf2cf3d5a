/** The member of a group that gets one flow. */
import type { Instruction } from '../cbpf/instruction.ts';
import type { Group, LoneSocket } from '../host/types.ts';
import type { FoundSocket } from './explain-listener.ts';
import { type Ran, type ReceivedOn, runner } from './explain-program.ts';
import type { Flow } from './flow.ts';
import { type Deliver, type Delivery, deliverer, undecided } from './locality.ts';
import type { Receiver } from './receive.ts';
import { remember } from './remember.ts';
import { type MemberChoice, type MemberSelector, memberSelector } from './select.ts';

export interface Taken {
  /** null without a classic program. */
  readonly ran: Ran | null;
  readonly choice: MemberChoice;
  readonly delivery: Delivery;
}

/** No member is known to get it. */
export const missed = ({ why }: FoundSocket): Taken => ({
  ran: null,
  choice: { kind: 'unknown', why },
  delivery: undecided(why),
});

/** A CPU that no machine has, for results that do not depend on it. */
const NO_CPU = -1;

/**
 * A program that reads more than CPU and queue runs on the flow; the group is then treated as if its program always
 * returned that result.
 */
export function taker(group: Group): (flow: Flow, from: Receiver, rxQueue: ReceivedOn['rxQueue']) => Taken {
  const plain = { deliver: deliverer(group), choose: memberSelector(group) };
  const instructions = group.selection === 'cbpf' ? (group.program?.instructions ?? null) : null;
  const run = instructions === null || group.size === 0 ? null : runner(instructions);
  const byCpu = group.selection !== 'hash' && group.sockets.some(({ incomingCpu }) => incomingCpu !== null);
  const byResult = new Map<number, typeof plain>();
  const fixed = (result: number) => {
    const known = byResult.get(result) ?? fixedTo(group, result);
    byResult.set(result, known);
    return known;
  };
  return (flow, from, rxQueue) => {
    const ran = run?.(flow, { cpu: from.cpu, rxQueue }) ?? null;
    if (ran !== null && ran.result === null && !ran.random) return { ran, ...notDecided(from, ran.why) };
    const { deliver, choose } = ran === null || ran.result === null ? plain : fixed(ran.result);
    const queue = typeof rxQueue === 'number' ? rxQueue : null;
    if (from.cpu !== null)
      return { ran, choice: choose(from.cpu, queue), delivery: deliver(from.cpu, queue) };
    const chosen = ran !== null && ran.result !== null && ran.result < group.size;
    if (!chosen && byCpu) return { ran, ...notDecided(from, 'SO_INCOMING_CPU needs the receiving CPU') };
    const { slot, worker } = deliver(NO_CPU, queue);
    const why = from.why ?? 'the receiving CPU is not known';
    return { ran, choice: choose(NO_CPU, queue), delivery: { slot, worker, localShare: null, why } };
  };
}

function fixedTo(
  group: Group,
  result: number,
): { readonly deliver: Deliver; readonly choose: MemberSelector } {
  const instructions: readonly Instruction[] = [[0x06, 0, 0, result]];
  const same: Group = { ...group, program: { kind: 'cbpf', name: null, asm: null, instructions } };
  return { deliver: deliverer(same), choose: memberSelector(same) };
}

function notDecided({ cpu, why }: Receiver, reason: string): Pick<Taken, 'choice' | 'delivery'> {
  const said = cpu === null && why !== null ? why : reason;
  return { choice: { kind: 'unknown', why: reason }, delivery: undecided(said) };
}

/** A socket without a group counts as a group of one. */
export function membersOf({ group, lone }: FoundSocket): Group | null {
  return group ?? (lone && groupOfOne(lone));
}

const groupOfOne = remember(
  ({ id, protocol, address, port, device, inode, owners, recvQueue, drops }: LoneSocket): Group => ({
    id,
    protocol,
    address,
    port,
    device,
    netns: null,
    uid: null,
    size: 1,
    kernelGroups: null,
    newFlows: null,
    selection: 'cbpf',
    program: { kind: 'cbpf', name: null, asm: null, instructions: [[0x06, 0, 0, 0]] },
    sampledSeconds: null,
    incomingCpuHonoured: null,
    sockets: [
      {
        inode,
        slot: 0,
        slotSource: 'kernel',
        owners,
        holders: [],
        cpus: [...new Set(owners.flatMap(({ cpus }) => cpus ?? []))].sort((one, other) => one - other),
        recvQueue,
        drops,
        connected: false,
        incomingCpu: null,
        packets: null,
      },
    ],
    notes: [],
  }),
);
