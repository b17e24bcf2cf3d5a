/** Which member of a group takes one flow. */
import type { Instruction } from '../cbpf/instruction.ts';
import type { Group, LoneSocket } from '../host/types.ts';
import type { Found } from './explain-listener.ts';
import { type Place, type Ran, runner } from './explain-program.ts';
import type { Flow } from './flow.ts';
import { type Judge, judge, undecided, type Verdict } from './locality.ts';
import type { Receiver } from './receive.ts';
import { remember } from './remember.ts';
import { type Choice, type Selector, selector } from './select.ts';

export interface Taken {
  /** null without a classic program. */
  readonly ran: Ran | null;
  readonly choice: Choice;
  readonly verdict: Verdict;
}

/** Nothing is known to take it. */
export const missed = ({ why }: Found): Taken => ({
  ran: null,
  choice: { kind: 'unknown', why },
  verdict: undecided(why),
});

/** A CPU that no machine has: for what does not depend on it. */
const NO_CPU = -1;

/**
 * A program that reads more than its CPU and queue is run on the flow, and the group then judged as if its program
 * always returned that.
 */
export function taker(group: Group): (flow: Flow, from: Receiver, rxQueue: Place['rxQueue']) => Taken {
  const plain = { judged: judge(group), choose: selector(group) };
  const instructions = group.selection === 'cbpf' ? (group.program?.instructions ?? null) : null;
  const run = instructions === null || group.size === 0 ? null : runner(instructions);
  const byCpu = group.selection !== 'hash' && group.sockets.some(({ incomingCpu }) => incomingCpu !== null);
  const byResult = new Map<number, typeof plain>();
  const fixed = (result: number) => {
    const known = byResult.get(result) ?? judgedAs(group, result);
    byResult.set(result, known);
    return known;
  };
  return (flow, from, rxQueue) => {
    const ran = run?.(flow, { cpu: from.cpu, rxQueue }) ?? null;
    if (ran !== null && ran.result === null && !ran.random) return { ran, ...notDecided(from, ran.why) };
    const { judged, choose } = ran === null || ran.result === null ? plain : fixed(ran.result);
    const queue = typeof rxQueue === 'number' ? rxQueue : null;
    if (from.cpu !== null) return { ran, choice: choose(from.cpu, queue), verdict: judged(from.cpu, queue) };
    const chosen = ran !== null && ran.result !== null && ran.result < group.size;
    if (!chosen && byCpu) return { ran, ...notDecided(from, 'SO_INCOMING_CPU goes by the receiving CPU') };
    const { slot, worker } = judged(NO_CPU, queue);
    const why = from.why ?? 'the receiving CPU is not known';
    return { ran, choice: choose(NO_CPU, queue), verdict: { slot, worker, localShare: null, why } };
  };
}

function judgedAs(group: Group, result: number): { readonly judged: Judge; readonly choose: Selector } {
  const instructions: readonly Instruction[] = [[0x06, 0, 0, result]];
  const same: Group = { ...group, program: { kind: 'cbpf', name: null, asm: null, instructions } };
  return { judged: judge(same), choose: selector(same) };
}

function notDecided({ cpu, why }: Receiver, reason: string): Pick<Taken, 'choice' | 'verdict'> {
  const said = cpu === null && why !== null ? why : reason;
  return { choice: { kind: 'unknown', why: reason }, verdict: undecided(said) };
}

/** A socket without a group is one of its own, with nothing to choose. */
export function membersOf({ group, lone }: Found): Group | null {
  return group ?? (lone && groupOfOne(lone));
}

const groupOfOne = remember(
  ({ id, protocol, address, port, device, inode, owners }: LoneSocket): Group => ({
    id,
    protocol,
    address,
    port,
    device,
    netns: null,
    uid: null,
    size: 1,
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
        recvQueue: null,
        drops: null,
        incomingCpu: null,
        packets: null,
      },
    ],
    notes: [],
  }),
);
