/** The member of a group that gets one flow, if any of several CPUs may receive it. */
import { inputs } from '../cbpf/simulate.ts';
import type { Cpus } from '../host/cpus.ts';
import type { Group } from '../host/types.ts';
import { mean } from './delivery.ts';
import type { Ran, ReceivedOn } from './explain-program.ts';
import { type Taken, taker } from './explain-take.ts';
import type { Flow } from './flow.ts';
import type { Receiver } from './receive.ts';
import { remember } from './remember.ts';
import type { MemberChoice } from './select.ts';

type Taker = ReturnType<typeof taker>;

/** As {@link taker}, with the mean of the CPUs in `anyOf`. What no flow changes is worked out once for all flows. */
export function anyTaker(group: Group): Taker {
  const take = taker(group);
  const among = (flow: Flow, from: Receiver, rxQueue: ReceivedOn['rxQueue']): Taken =>
    combined(
      from,
      from.anyOf.map((cpu) => [cpu, take(flow, { ...from, cpu, anyOf: [], why: null }, rxQueue)]),
    );
  const program = group.selection === 'cbpf' ? (group.program?.instructions ?? []) : [];
  const fixed = [...inputs(program)].every((input) => input !== 'packet' && input !== 'other');
  const known = remember((_: Cpus) => new Map<ReceivedOn['rxQueue'], Taken>());
  return (flow, from, rxQueue) => {
    if (from.cpu !== null || from.anyOf.length === 0) return take(flow, from, rxQueue);
    if (!fixed) return among(flow, from, rxQueue);
    const taken = known(from.anyOf).get(rxQueue) ?? among(flow, from, rxQueue);
    known(from.anyOf).set(rxQueue, taken);
    return taken;
  };
}

function combined({ why }: Receiver, each: readonly (readonly [cpu: number, taken: Taken])[]): Taken {
  const all = each.map(([, taken]) => taken);
  const { delivery } = mean(each.map(([cpu, taken]) => [cpu, taken.delivery]));
  return {
    ran: common(all.map(({ ran }) => ran)) ?? PER_CPU,
    choice: common(all.map(({ choice }) => choice)) ?? BY_CPU,
    delivery: delivery.localShare === null ? delivery : { ...delivery, why: `${why}; ${delivery.why}` },
  };
}

/** What all of them are; undefined if they differ. */
function common<T extends Ran | MemberChoice | null>(all: readonly T[]): T | undefined {
  const [first] = all;
  const text = (one: T | undefined) => JSON.stringify(one);
  return all.every((one) => text(one) === text(first)) ? first : undefined;
}

const PER_CPU: Ran = { result: null, random: false, why: 'the program returns another slot for another CPU' };
const BY_CPU: MemberChoice = { kind: 'unknown', why: 'it depends on the receiving CPU (set it with --cpu)' };
