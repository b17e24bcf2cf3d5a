/** `explain`: the whole path of one flow; if it may arrive on several NICs, what holds for all of them. */
import type { Host, Nic } from '../host/types.ts';
import { type ExplainStep, step, stepsOf } from './explain-steps.ts';
import type { Arrival, Walk, Walker } from './explain-walk.ts';
import { type Flow, formatFlow } from './flow.ts';
import { isLoopback, loopbackOf, receivingNics } from './receiving-nics.ts';
import type { Path } from './types.ts';

/** Printed by `explain -j`; the names are a contract. */
export interface Explanation {
  readonly flow: string;
  readonly nic: string | null;
  readonly hash: number | null;
  /** Hex; the input of the hash. */
  readonly hashInput: string | null;
  readonly table: { readonly entry: number | null; readonly size: number } | null;
  readonly queue: number | null;
  readonly irq: number | null;
  /** The CPU that looks up the socket: that of the softirq, or where RPS sends the packet. */
  readonly cpu: number | null;
  readonly group: string | null;
  readonly slot: number | null;
  readonly worker: Path['worker'];
  readonly txQueue: number | null;
  /** 0 to 1; null: not known. */
  readonly localShare: number | null;
  readonly steps: readonly ExplainStep[];
}

/** Several interfaces, or none, fit: the names to choose from. */
export interface Unclear {
  readonly names: readonly string[];
}

/**
 * The NICs on which a flow may arrive; several below a bond.
 * @param iface null: the only NIC that receives
 */
export function arrivalsOf(
  host: Host,
  { destination }: Flow,
  iface: string | null,
): readonly Arrival[] | Unclear {
  if (iface === 'lo' || (iface === null && isLoopback(destination.address)))
    return [{ nic: loopbackOf(host), devices: new Set(['lo']), why: 'the sender is this machine' }];
  if (iface !== null) return through(host, iface);
  const live = receivingNics(host).filter(({ state }) => state !== 'down');
  const [only] = live;
  if (only !== undefined && live.length === 1) return [arrival(host, only, 'the only interface with queues')];
  const above = host.nics.find(({ lowerDevices }) => isAbove(lowerDevices, live));
  return above === undefined ? { names: host.nics.map(({ name }) => name) } : through(host, above.name);
}

/** For example, a bond of all of them. */
function isAbove(lowerDevices: readonly string[], live: readonly Nic[]): boolean {
  return live.length > 0 && live.every(({ name }) => lowerDevices.includes(name));
}

function through(host: Host, iface: string): readonly Arrival[] | Unclear {
  const nics = new Map(host.nics.map((nic) => [nic.name, nic]));
  const named = nics.get(iface);
  if (named === undefined) return { names: [...nics.keys()] };
  const below = named.lowerDevices.flatMap((name) => nics.get(name) ?? []);
  if (below.length === 0) return [arrival(host, named, 'named with --iface')];
  const active = below.filter(({ standby }) => standby !== true);
  const ports = active.length > 0 ? active : below;
  const on = ports.length < below.length ? ' that are not on standby' : '';
  const why =
    ports.length === 1
      ? `below ${iface}${below.length > 1 ? ', which has its other ports on standby' : ''}`
      : `one of ${ports.length} below ${iface}${on}: the switch chooses`;
  return ports.map((nic) => arrival(host, nic, why));
}

function arrival(host: Host, nic: Nic, why: string): Arrival {
  const above = host.nics.filter(({ lowerDevices }) => lowerDevices.includes(nic.name));
  return { nic, devices: new Set([nic.name, ...above.map(({ name }) => name)]), why };
}

/** One explanation for each NIC. */
export function explain(walk: Walker, flow: Flow, arrivals: readonly Arrival[]): Explanation[] {
  return arrivals.map((each) => explained(walk(flow, each)));
}

function explained(walk: Walk): Explanation {
  const { flow, arrival, hashes, landing, queue, from, found, delivery, txQueue } = walk;
  const { possible } = hashes;
  return {
    flow: formatFlow(flow),
    nic: arrival.nic.name,
    hash: common(possible.map(({ hash }) => hash)),
    hashInput: common(possible.map(({ input }) => Buffer.from(input).toString('hex'))),
    table: landing.size === 0 ? null : { entry: landing.entry, size: landing.size },
    queue: landing.queue,
    irq: queue?.irq ?? null,
    cpu: from.cpu,
    group: found.group?.id ?? null,
    slot: found.group === null ? null : delivery.slot,
    worker: delivery.worker,
    txQueue: txQueue?.index ?? null,
    localShare: delivery.localShare,
    steps: stepsOf(walk),
  };
}

/** The value that all share; null if they differ, or there is none. */
function common<T>(values: readonly T[]): T | null {
  const [first] = values;
  return first !== undefined && values.every((value) => JSON.stringify(value) === JSON.stringify(first))
    ? first
    : null;
}

/** What holds for all of the NICs. */
export function agreed(each: readonly Explanation[]): Explanation | null {
  const [first] = each;
  if (first === undefined || each.length === 1) return first ?? null;
  const of = <K extends keyof Explanation>(name: K) => common(each.map((one) => one[name]));
  const most = each.reduce((longest, one) => (one.steps.length > longest.steps.length ? one : longest));
  const steps = most.steps.map((own): ExplainStep => {
    const { what, why } = own;
    if (what === 'interface') return step(what, of('nic'), why);
    const said = each.map(({ nic, steps }) => ({ nic, step: steps.find((other) => other.what === what) }));
    if (said.every(({ step }) => step?.value === own.value && step?.chance === own.chance)) return own;
    return step(
      what,
      null,
      `by NIC: ${said.map(({ nic, step }) => `${nic} ${step?.value ?? '-'}`).join(', ')}`,
    );
  });
  return {
    flow: first.flow,
    nic: of('nic'),
    hash: of('hash'),
    hashInput: of('hashInput'),
    table: of('table'),
    queue: of('queue'),
    irq: of('irq'),
    cpu: of('cpu'),
    group: of('group'),
    slot: of('slot'),
    worker: of('worker'),
    txQueue: of('txQueue'),
    localShare: of('localShare'),
    steps,
  };
}
