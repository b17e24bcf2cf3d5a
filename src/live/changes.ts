/** The changes between two readings of the configuration, one line for each kind of object. */
import { memberName, ownerName } from '../diagnose/workers.ts';
import { formatCpuList } from '../host/cpus.ts';
import type { Group, GroupSocket, Host, Irq, Nic } from '../host/types.ts';

/** If more objects of one kind have changed, only their number is shown. */
const NAMED = 6;

export function changesBetween(before: Host, after: Host): string[] {
  const was = new Map(before.nics.map((nic) => [nic.name, nic]));
  const is = new Map(after.nics.map((nic) => [nic.name, nic]));
  return [
    ...changesOfCpus(before, after),
    ...gone(was, is).map((name) => `${name}: the interface has disappeared`),
    ...gone(is, was).map((name) => `${name}: a new interface`),
    ...after.nics.flatMap((nic) => {
      const former = was.get(nic.name);
      return former === undefined ? [] : changesOfNic(former, nic);
    }),
    ...changesOfGroups(before.groups, after.groups),
    ...changeOfIrqbalance(before, after),
  ];
}

function changesOfCpus(before: Host, after: Host): string[] {
  const [was, is] = [before.machine.cpus.online, after.machine.cpus.online];
  const without = (some: readonly number[], others: readonly number[]) =>
    some.filter((cpu) => !others.includes(cpu));
  const line = (changed: readonly number[], what: string) =>
    changed.length === 0 ? [] : [`CPU ${formatCpuList(changed)} ${what}`];
  return [...line(without(was, is), 'went offline'), ...line(without(is, was), 'came online')];
}

const gone = <T>(from: ReadonlyMap<string, T>, against: ReadonlyMap<string, T>): string[] =>
  [...from.keys()].filter((name) => !against.has(name));

function changesOfNic(was: Nic, is: Nic): string[] {
  const { name } = is;
  return [
    ...(was.state === is.state ? [] : [`${name}: state ${was.state ?? '?'} -> ${is.state ?? '?'}`]),
    ...changeOfCount(`${name}: rx queues`, was.rxQueues, is.rxQueues),
    ...changeOfCount(`${name}: tx queues`, was.txQueues, is.txQueues),
    ...(is.rss !== null && was.rss !== null && was.rss.indirection.join() !== is.rss.indirection.join()
      ? [`${name}: the RSS indirection table was changed`]
      : []),
    ...listed(
      'affinity',
      moved(
        was.irqs,
        is.irqs,
        ({ irq }) => irq,
        cpusOfIrq,
        (irq) => `irq ${irq.irq} (${irq.name})`,
      ),
    ),
    ...listed(
      'rps_cpus',
      moved(
        was.rxQueues,
        is.rxQueues,
        ({ index }) => index,
        ({ rps }) => rps,
        ({ index }) => `${name} rx-${index}`,
      ),
    ),
    ...listed(
      'xps_cpus',
      moved(
        was.txQueues,
        is.txQueues,
        ({ index }) => index,
        ({ xpsCpus }) => xpsCpus,
        ({ index }) => `${name} tx-${index}`,
      ),
    ),
  ];
}

const cpusOfIrq = ({ effective, affinity }: Irq) => effective ?? affinity;

function changeOfCount(what: string, was: readonly unknown[], is: readonly unknown[]): string[] {
  return was.length === is.length ? [] : [`${what} ${was.length} -> ${is.length}`];
}

/** `name: FROM -> TO` for each object whose set of CPUs has changed; a value that could not be read is no change. */
function moved<T>(
  was: readonly T[],
  is: readonly T[],
  keyOf: (one: T) => number,
  cpusOf: (one: T) => readonly number[] | null,
  nameOf: (one: T) => string,
): { readonly name: string; readonly change: string }[] {
  const former = new Map(was.map((one) => [keyOf(one), cpusOf(one)]));
  return is.flatMap((one) => {
    const from = former.get(keyOf(one)) ?? null;
    const to = cpusOf(one);
    if (from === null || to === null || from.join() === to.join()) return [];
    return [{ name: nameOf(one), change: `${cpus(from)} -> ${cpus(to)}` }];
  });
}

const cpus = (set: readonly number[]): string => (set.length === 0 ? 'none' : formatCpuList(set));

function listed(what: string, all: ReturnType<typeof moved>): string[] {
  const more = all.length - NAMED;
  return [
    ...all.slice(0, NAMED).map(({ name, change }) => `${name}: ${what} ${change}`),
    ...(more > 0 ? [`${what} of ${more} more were changed`] : []),
  ];
}

function changesOfGroups(before: readonly Group[], after: readonly Group[]): string[] {
  const was = new Map(before.map((group) => [group.id, group]));
  const is = new Map(after.map((group) => [group.id, group]));
  return [
    ...gone(was, is).map((id) => `${id}: the group has disappeared`),
    ...gone(is, was).map((id) => `${id}: a new group`),
    ...after.flatMap((group) => {
      const former = was.get(group.id);
      return former === undefined ? [] : changesOfGroup(former, group);
    }),
  ];
}

function changesOfGroup(was: Group, is: Group): string[] {
  const inodesOf = ({ sockets }: Group) => sockets.map(({ inode }) => inode);
  const [former, now] = [inodesOf(was), inodesOf(is)];
  const same = new Set(former);
  const fresh = now.filter((inode) => !same.has(inode)).length;
  return [
    ...(was.size === is.size ? [] : [`${is.id}: ${was.size} -> ${is.size} sockets`]),
    ...(was.size === is.size && fresh > 0 ? [`${is.id}: ${fresh} of ${is.size} sockets are new`] : []),
    ...(fresh === 0 &&
    hasSlots(was) &&
    hasSlots(is) &&
    former.length === now.length &&
    former.join() !== now.join()
      ? [`${is.id}: slots were reordered`]
      : []),
    ...changesOfWorkers(was, is),
    ...changeOfProgram(was, is),
  ];
}

/**
 * Compares processes, not threads: a thread that waits now and was busy before is the same worker. A process that only
 * holds the socket, while none is seen waiting on it, is not another worker either.
 */
function changesOfWorkers(was: Group, is: Group): string[] {
  const isSeen = ({ owners }: GroupSocket) => owners.every(({ via }) => via !== 'fd');
  const former = new Map(was.sockets.map((socket) => [socket.inode, socket]));
  const pidsOf = ({ owners }: GroupSocket) => [...new Set(owners.map(({ pid }) => pid))].sort().join();
  const changed = is.sockets.flatMap((socket) => {
    const before = former.get(socket.inode);
    if (before === undefined || !isSeen(before) || !isSeen(socket)) return [];
    return pidsOf(before) === pidsOf(socket) ? [] : [{ before, socket }];
  });
  const more = changed.length - NAMED;
  return [
    ...changed
      .slice(0, NAMED)
      .map(({ before, socket }) => `${is.id}: ${memberName(before)}: now served by ${ownerName(socket)}`),
    ...(more > 0 ? [`${is.id}: ${more} more of its sockets have other workers`] : []),
  ];
}

const hasSlots = ({ sockets }: Group): boolean => sockets.every(({ slot }) => slot !== null);

/** If the program was not known before, no change was seen. */
function changeOfProgram(was: Group, is: Group): string[] {
  if (was.selection === null || is.selection === null) return [];
  const [from, to] = [programText(was), programText(is)];
  if (from === to) return [];
  if (is.program === null)
    return [`${is.id}: the program ${from} was detached; the kernel picks by ${is.selection}`];
  return [`${is.id}: program ${from} -> ${to}`];
}

export const programText = ({ program, selection }: Group): string =>
  program === null
    ? `none, by ${selection}`
    : `${program.name ?? `a ${program.kind} program without a name`}`;

function changeOfIrqbalance(before: Host, after: Host): string[] {
  const [was, is] = [before.machine.irqbalance.running, after.machine.irqbalance.running];
  return was === null || is === null || was === is ? [] : [`irqbalance ${is ? 'started' : 'ended'}`];
}
