/** The machine on paper after a plan; changes nothing. */
import { disassemble } from '../cbpf/disassemble.ts';
import { recognise } from '../cbpf/programs.ts';
import { type Cpus, parseCpuList, parseCpuMask } from '../host/cpus.ts';
import type { Group, Host, Nic, Owner, Program, Rss, RxQueue, TxQueue } from '../host/types.ts';
import type { Change, Plan, Target } from './types.ts';

/**
 * Linear in the machine and the plan. New queues have neither IRQ nor CPU until the plan gives them one. Settings that
 * a driver resets with its channels count as before, because the plan sets them again.
 */
export function applied(host: Host, { changes }: Pick<Plan, 'changes'>): Host {
  const byNic = Map.groupBy(changes, ({ target }) => ('nic' in target ? target.nic : null));
  const pins = new Map(
    changes.flatMap(({ target, to }) =>
      target.kind === 'pin' ? [[`${target.pid}/${target.tid}`, parseCpuList(to) ?? []] as const] : [],
    ),
  );
  const programs = new Map(
    changes.flatMap(({ target }) => (target.kind === 'program' ? [[target.group, target] as const] : [])),
  );
  const bans = changes.flatMap(({ target }) => (target.kind === 'irqbalance' ? target.irqs : []));
  const { machine } = host;
  const banned = [...new Set([...(machine.irqbalance.bannedIrqs ?? []), ...bans])].sort((a, b) => a - b);
  const irqbalance = bans.length === 0 ? machine.irqbalance : { ...machine.irqbalance, bannedIrqs: banned };
  return {
    ...host,
    machine: { ...machine, irqbalance },
    nics: host.nics.map((nic) => appliedToNic(nic, byNic.get(nic.name) ?? [])),
    groups: host.groups.map((group) => withProgram(withPins(group, pins), programs.get(group.id))),
    lone:
      pins.size === 0
        ? host.lone
        : host.lone.map((each) => ({ ...each, owners: withCpus(each.owners, pins) })),
  };
}

type Values<K extends Target['kind']> = readonly {
  readonly target: Extract<Target, { readonly kind: K }>;
  readonly to: string;
}[];

function appliedToNic(nic: Nic, changes: readonly Change[]): Nic {
  if (changes.length === 0) return nic;
  const of = <K extends Target['kind']>(kind: K): Values<K> =>
    changes.flatMap(({ target, to }) =>
      target.kind === kind ? [{ target: target as Extract<Target, { readonly kind: K }>, to }] : [],
    );
  const grown = withChannels(nic, of('channels'));
  const fielded = withFields(grown, of('fields'));
  const placed = withIrqs(withTable(fielded, of('rss')), of('irq'));
  return withQueues(withThreads(placed, of('napi')), changes);
}

function withChannels(nic: Nic, changes: Values<'channels'>): Nic {
  if (changes.length === 0 || nic.channels === null) return nic;
  const channels = { ...nic.channels };
  for (const { target, to } of changes) {
    const setting = channels[target.which];
    if (setting !== null) channels[target.which] = { ...setting, current: Number(to) };
  }
  const { rx, tx, combined } = channels;
  const upTo = (own: number | undefined) => (own ?? 0) + (combined?.current ?? 0);
  return {
    ...nic,
    channels,
    rxQueues: resized(nic.rxQueues, upTo(rx?.current), (index) => ({
      ...COMING,
      index,
      rps: unreadable(nic.rxQueues, 'rps') ? null : [],
      rfsFlows: 0,
    })),
    txQueues: resized(nic.txQueues, upTo(tx?.current), (index) => ({
      ...COMING,
      index,
      xpsCpus: unreadable(nic.txQueues, 'xpsCpus') ? null : [],
      xpsRxqs: [],
    })),
  };
}

/** What cannot be read of the present queues cannot be read of the next ones either. */
const unreadable = <K extends string>(queues: readonly { readonly [key in K]: unknown }[], key: K): boolean =>
  queues.length > 0 && queues.every((queue) => queue[key] === null);

const COMING = { irq: null, cpus: [], cpusSource: null } as const;

function resized<T>(queues: readonly T[], count: number, make: (index: number) => T): readonly T[] {
  const more = Math.max(0, count - queues.length);
  return [...queues.slice(0, count), ...Array.from({ length: more }, (_, at) => make(queues.length + at))];
}

function withFields(nic: Nic, changes: Values<'fields'>): Nic {
  if (changes.length === 0 || nic.rss === null) return nic;
  const fields = { ...nic.rss.fields };
  for (const { target, to } of changes) fields[target.flow] = to;
  return { ...nic, rss: { ...nic.rss, fields } };
}

/** A default table follows the channels. */
function withTable(nic: Nic, changes: Values<'rss'>): Nic {
  const table = changes.at(-1)?.to;
  if (table === undefined || nic.rss === null) return nic;
  const queues = nic.rxQueues.length;
  const indirection =
    table === 'default'
      ? nic.rss.indirection.map((_, entry) => entry % queues)
      : table.split(' ').map((queue) => Number(queue));
  const isDefault = indirection.every((queue, entry) => queue === entry % queues);
  return { ...nic, rss: { ...nic.rss, indirection, isDefault } satisfies Rss };
}

function withIrqs(nic: Nic, changes: Values<'irq'>): Nic {
  if (changes.length === 0) return nic;
  const ofIrq = new Map<number, Cpus>();
  const coming = { rx: new Map<number, Cpus>(), tx: new Map<number, Cpus>() };
  for (const { target, to } of changes) {
    const cpus = parseCpuList(to) ?? [];
    if (target.irq >= 0) ofIrq.set(target.irq, cpus);
    else
      for (const queue of target.queues) {
        if (target.role !== 'tx') coming.rx.set(queue, cpus);
        if (target.role !== 'rx') coming.tx.set(queue, cpus);
      }
  }
  const place = <T extends RxQueue | TxQueue>(queue: T, own: ReadonlyMap<number, Cpus>): T => {
    const cpus = (queue.irq === null ? undefined : ofIrq.get(queue.irq)) ?? own.get(queue.index);
    return cpus === undefined ? queue : { ...queue, cpus, cpusSource: 'effective' };
  };
  return {
    ...nic,
    irqs: nic.irqs.map((irq) => {
      const cpus = ofIrq.get(irq.irq);
      return cpus === undefined ? irq : { ...irq, affinity: cpus, effective: cpus };
    }),
    rxQueues: nic.rxQueues.map((queue) => place(queue, coming.rx)),
    txQueues: nic.txQueues.map((queue) => place(queue, coming.tx)),
  };
}

function withThreads(nic: Nic, changes: Values<'napi'>): Nic {
  if (changes.length === 0) return nic;
  const cpusOf = new Map(changes.map(({ target, to }) => [target.pid, parseCpuList(to) ?? []]));
  const napiThreads = nic.napiThreads?.map((thread) => ({
    ...thread,
    cpus: cpusOf.get(thread.pid) ?? thread.cpus,
  }));
  return { ...nic, napiThreads: napiThreads ?? null };
}

function withQueues(nic: Nic, changes: readonly Change[]): Nic {
  const rx = new Map<number, Partial<RxQueue>>();
  const tx = new Map<number, Partial<TxQueue>>();
  for (const { target, to } of changes) {
    if (target.kind === 'rps') rx.set(target.queue, { ...rx.get(target.queue), rps: parseCpuMask(to) });
    if (target.kind === 'rfs') rx.set(target.queue, { ...rx.get(target.queue), rfsFlows: Number(to) });
    if (target.kind !== 'xps') continue;
    const mask = parseCpuMask(to);
    const set = target.by === 'cpus' ? { xpsCpus: mask } : { xpsRxqs: mask };
    tx.set(target.queue, { ...tx.get(target.queue), ...set });
  }
  return {
    ...nic,
    rxQueues: nic.rxQueues.map((queue) => ({ ...queue, ...rx.get(queue.index) })),
    txQueues: nic.txQueues.map((queue) => ({ ...queue, ...tx.get(queue.index) })),
  };
}

function withCpus(owners: readonly Owner[], pins: ReadonlyMap<string, Cpus>): readonly Owner[] {
  return owners.map((owner) => ({ ...owner, cpus: pins.get(`${owner.pid}/${owner.tid}`) ?? owner.cpus }));
}

function withPins(group: Group, pins: ReadonlyMap<string, Cpus>): Group {
  if (pins.size === 0) return group;
  const sockets = group.sockets.map((socket) => {
    const owners = withCpus(socket.owners, pins);
    const cpus = [...new Set(owners.flatMap((owner) => owner.cpus ?? []))].sort((a, b) => a - b);
    return { ...socket, owners, cpus: socket.owners.length > 0 ? cpus : socket.cpus };
  });
  return { ...group, sockets };
}

function withProgram(group: Group, target: Extract<Target, { readonly kind: 'program' }> | undefined): Group {
  if (target === undefined) return group;
  const { instructions } = target;
  if (instructions === null) return { ...group, selection: 'hash', program: null };
  const program: Program = {
    kind: 'cbpf',
    name: recognise(instructions)?.name ?? null,
    asm: disassemble(instructions),
    instructions,
  };
  return { ...group, selection: 'cbpf', program };
}
