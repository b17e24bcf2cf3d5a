/** Compares a machine that has been read with the baseline. Pure. */

import { diagnose } from '../diagnose/diagnose.ts';
import { formatCpuList } from '../host/cpus.ts';
import { napiThreadOf } from '../host/napi-threads.ts';
import type { Group, Host, Irq, Nic } from '../host/types.ts';
import { viewOf } from '../path/view.ts';
import { applied } from '../tune/applied.ts';
import { fromSaved } from '../tune/saved.ts';
import { portOf } from '../tune/settings/program.ts';
import { settingOf } from '../tune/settings/settings.ts';
import type { Change, Target } from '../tune/types.ts';
import { irqOf, isReadApart, threadOf, valueIn } from '../tune/value-in.ts';
import { FLOW_ENTRIES, ownerOf } from './paths.ts';
import type { Baseline, Expectation, Fact, Generation, Observation, Observed } from './types.ts';

/** Values that are not part of a machine, by subject; null: not known. */
export type Apart = ReadonlyMap<string, string | null>;

/** @param host with at least the interfaces and ports of the baseline @param apart of settings for which isReadApart */
export function observe(host: Host, baseline: Baseline, apart: Apart = new Map()): Observation {
  const settings = [
    ...baseline.settings.filter((each) => !isBeyond(host, each)).map((each) => compare(host, each, apart)),
    ...compareFacts(host, baseline.facts),
  ];
  const findings = diagnose(viewOf(host)).map(({ rule, subject, message }) => ({ rule, subject, message }));
  return {
    settings: new Map(settings.map((each) => [each.subject, each])),
    generations: new Map(host.groups.map((group) => [group.id, generationOf(group)])),
    findings: new Map(findings.map((each) => [findingKey(each), each])),
    links: new Map(host.nics.map(({ name, state }) => [name, state ?? 'unknown'])),
  };
}

export const findingKey = ({ rule, subject }: { readonly rule: string; readonly subject: string }): string =>
  `${rule} ${subject}`;

/** A group that became smaller has fewer workers to pin. */
function isBeyond({ groups }: Host, { target }: Expectation): boolean {
  if (!('slot' in target)) return false;
  const group = groups.find(({ id }) => id === target.group);
  return group !== undefined && target.slot >= group.size;
}

function compare(host: Host, { kind, subject, target, wanted }: Expectation, apart: Apart): Observed {
  const change = { kind, subject, target, to: wanted, why: '', command: '' };
  const [found] = fromSaved({ schema: 'locality-tune.saved/1', changes: [change] }, host).changes;
  const base = { kind, subject, wanted, owner: ownerOf(target) };
  if ('group' in target && hasEnded(host, target.group))
    return { ...base, state: 'ended', is: null, target: null };
  if (found === undefined || !isThere(host, found.target))
    return { ...base, state: 'gone', is: null, target: null };
  const is = isReadApart(found.target) ? (apart.get(subject) ?? null) : valueIn(host, found.target);
  // Nobody moves interrupts that nobody balances.
  if (found.target.kind === 'irqbalance' && host.machine.irqbalance.running === false)
    return { ...base, state: 'as-set', is, target: found.target };
  const state =
    is === null ? 'unknown' : isAsWanted(found.target, is, wanted) ? whenSet(host, found.target) : 'drifted';
  return { ...base, state, is, target: found.target };
}

/** A group ends with its last socket. A server that opened its address without SO_REUSEPORT runs, but has none. */
function hasEnded({ groups, lone }: Host, id: string): boolean {
  const isAtItsPort = ({ protocol, port }: { readonly protocol: string; readonly port: number }): boolean =>
    port === portOf(id) && id.startsWith(`${protocol} `);
  return !groups.some((group) => group.id === id) && !lone.some(isAtItsPort);
}

/** A ban is kept if all of its IRQs are banned, under the numbers that they have now. */
const isAsWanted = (target: Target, is: string, wanted: string): boolean =>
  target.kind === 'irqbalance' ? is === target.irqs.join(' ') : settingOf(target).same(is, wanted);

function isThere(host: Host, target: Target): boolean {
  if (target.kind === 'program') return host.groups.some(({ id }) => id === target.group);
  if (!('nic' in target)) return true;
  const nic = host.nics.find(({ name }) => name === target.nic);
  if (nic === undefined) return false;
  switch (target.kind) {
    case 'irq':
      return irqOf(nic, target) !== undefined;
    case 'napi':
      return napiThreadOf(nic, target.queues[0] ?? -1) !== null;
    case 'xps':
      return nic.txQueues.some(({ index }) => index === target.queue);
    case 'rps':
    case 'rfs':
      return nic.rxQueues.some(({ index }) => index === target.queue);
    default:
      return true;
  }
}

/** smp_affinity is a wish; effective_affinity is where interrupts go. */
function whenSet(host: Host, target: Target): 'as-set' | 'pending' {
  if (target.kind !== 'irq') return 'as-set';
  const nic = host.nics.find(({ name }) => name === target.nic);
  const irq = nic === undefined ? undefined : irqOf(nic, target);
  return irq !== undefined && isPending(irq) ? 'pending' : 'as-set';
}

function isPending({ affinity, effective }: Irq): boolean {
  if (affinity === null || effective === null || effective.length === 0) return false;
  return !effective.every((cpu) => affinity.includes(cpu));
}

/** The machine once every interrupt has moved to where it was set, which needs a packet. */
export function settled(host: Host): Host {
  const moves = host.nics.flatMap(({ name: nic, irqs }) =>
    irqs.flatMap((irq): Change[] => {
      const { role, queues, affinity } = irq;
      if (role === 'other' || affinity === null || !isPending(irq)) return [];
      const target = { kind: 'irq' as const, nic, irq: irq.irq, name: irq.name, role, queues };
      const to = formatCpuList(affinity);
      return [{ kind: 'irq', subject: '', target, from: null, to, why: '', command: '' }];
    }),
  );
  return applied(host, { changes: moves });
}

function compareFacts(host: Host, wanted: readonly Fact[]): Observed[] {
  const values = new Map(factsOf(host).map(({ subject, value }) => [subject, value]));
  return wanted.map(({ kind, subject, owner, value }) => {
    const is = values.get(subject) ?? (kind === 'program' ? otherProgram(host, owner) : null);
    const absent = kind === 'program' ? stateWithout(host, owner) : 'gone';
    const state = is === null ? absent : is === value ? 'as-set' : 'drifted';
    return { kind, subject, wanted: value, is, owner, state, target: null };
  });
}

/** What a group has instead of an eBPF program; null: that is not known. */
function otherProgram({ groups }: Host, id: string | null): string | null {
  const group = groups.find((each) => each.id === id);
  if (group === undefined || group.selection === null) return null;
  return group.program === null ? 'none' : (group.program.name ?? 'another program');
}

function stateWithout(host: Host, id: string | null): 'ended' | 'gone' | 'unknown' {
  if (host.groups.some((group) => group.id === id)) return 'unknown';
  return id !== null && hasEnded(host, id) ? 'ended' : 'gone';
}

/** An eBPF program cannot be attached again, so it is only watched. @param group its id */
export const programFact = (group: string): string => `${group} eBPF program`;

/** What decides where packets go, and cannot be set by a plan. */
export const factsOf = ({ machine, nics, groups }: Host): Fact[] => [
  ...(nics.length === 0 ? [] : flowEntriesOf(machine)),
  ...nics.flatMap(factsOfNic),
  ...groups.flatMap(({ id, program }): Fact[] =>
    program?.kind === 'ebpf'
      ? [{ kind: 'program', subject: programFact(id), owner: id, value: program.name ?? '(unnamed)' }]
      : [],
  ),
];

const flowEntriesOf = ({ rpsSockFlowEntries: entries }: Host['machine']): Fact[] =>
  entries === null ? [] : [{ kind: 'rfs', subject: FLOW_ENTRIES, owner: null, value: String(entries) }];

function factsOfNic({ name, rss }: Nic): Fact[] {
  if (rss === null) return [];
  const fact = (what: string, value: string | null): Fact[] =>
    value === null ? [] : [{ kind: 'rss', subject: `${name} ${what}`, owner: name, value }];
  const tables = rss.contextTables?.map(({ context, indirection }) => `${context}: ${indirection.join(' ')}`);
  return [
    ...fact('RSS key', rss.key),
    ...fact('RSS hash function', rss.hashFunction),
    ...fact('RSS contexts', tables === undefined ? null : tables.join('; ') || 'none'),
    ...fact('ntuple rules', rss.ntupleRules === null ? null : String(rss.ntupleRules)),
  ];
}

export function generationOf({ id, size, sockets }: Group): Generation {
  const workers = sockets.flatMap(({ owners }) => owners.map((owner) => `${owner.pid}/${threadOf(owner)}`));
  const inodes = sockets.map(({ inode }) => inode);
  return { group: id, size, sockets: inodes, workers: [...new Set(workers)].sort() };
}
