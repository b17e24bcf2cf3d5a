/** What the machine should be like: from the journals, from a machine that has been read, or from a saved plan. Pure. */

import { disassemble } from '../cbpf/disassemble.ts';
import { GROUP_PROGRAMS, recognise } from '../cbpf/programs.ts';
import { diagnose } from '../diagnose/diagnose.ts';
import type { Group, Host, Nic } from '../host/types.ts';
import { viewOf } from '../path/view.ts';
import type { Attachment } from '../tune/attachment.ts';
import { type Journal, lastSteps } from '../tune/journal.ts';
import { nicTargets } from '../tune/reset-settings.ts';
import { type Saved, type SavedChange, toSaved } from '../tune/saved.ts';
import { subjectOf } from '../tune/subject.ts';
import type { Change, Target } from '../tune/types.ts';
import { threadOf, valueIn } from '../tune/value-in.ts';
import { queueNames } from '../words/phrase.ts';
import { factsOf, findingKey } from './observe.ts';
import type { Baseline, Expectation } from './types.ts';

/** What of the machine is watched. Empty lists: everything that the baseline names. */
export interface Scope {
  readonly ifaces: readonly string[];
  readonly ports: readonly number[];
}

/**
 * What was applied and attached: the last value of each setting.
 * @param journals in force, newest first
 * @param host as it is now, with slots
 */
export function fromRecords(
  journals: readonly Journal[],
  attachments: readonly Attachment[],
  host: Host,
  source: string,
): Baseline {
  const applied = [...lastSteps(journals).values()]
    .reverse()
    .map(({ change, is }): Change => ({ ...change, to: is }));
  const attached = attachments.map(({ group, instructions }): Change => {
    const target = { kind: 'program' as const, group, name: null, instructions };
    return {
      kind: 'program',
      subject: group,
      target,
      from: null,
      to: disassemble(instructions),
      why: '',
      command: '',
    };
  });
  const baseline = baselineOf(expectationsOf([...applied, ...attached], host), host, source);
  const sizes = new Map([...baseline.sizes, ...attachments.map(({ group, size }) => [group, size] as const)]);
  return { ...baseline, sizes };
}

/**
 * The baseline after others have applied or undone something. What cannot be set, and the sizes of groups, are still compared
 * with what they were when the watch of them began: they may have drifted since.
 */
export function follow(old: Baseline, fresh: Baseline): Baseline {
  const known = new Set(old.facts.map(({ owner }) => owner));
  const owners = new Set(fresh.facts.map(({ owner }) => owner));
  const facts = [
    ...old.facts.filter(({ owner }) => owners.has(owner)),
    ...fresh.facts.filter(({ owner }) => !known.has(owner)),
  ];
  const before = byGroup(old.settings);
  const after = byGroup(fresh.settings);
  const sizes = [...fresh.sizes].map(([group, size]): [string, number] => {
    const isSame = JSON.stringify(before.get(group)) === JSON.stringify(after.get(group));
    return [group, (isSame ? old.sizes.get(group) : undefined) ?? size];
  });
  return { ...fresh, facts, sizes: new Map(sizes), findings: old.findings };
}

/** As the machine is, or was when a snapshot was taken; all settings of these interfaces and ports. */
export function fromHost(host: Host, { ifaces, ports }: Scope, source: string): Baseline {
  const nics = host.nics.filter(({ name }) => ifaces.length === 0 || ifaces.includes(name));
  const groups = host.groups.filter(({ port }) => ports.length === 0 || ports.includes(port));
  const targets = [...bansIn(host, nics), ...nics.flatMap(targetsOfNic), ...groups.flatMap(targetsOfGroup)];
  const changes = targets.flatMap((target): Change[] => {
    const to = valueIn(host, target);
    const { kind } = target;
    return to === null
      ? []
      : [{ kind, subject: subjectOf(target), target, from: null, to, why: '', command: '' }];
  });
  return baselineOf(expectationsOf(changes, host), { ...host, nics, groups }, source);
}

/** A plan that `apply --persist` has written. */
export function fromSavedPlan({ changes }: Saved, host: Host, source: string): Baseline {
  return baselineOf(changes.map(toExpectation), host, source);
}

const byGroup = (settings: readonly Expectation[]): Map<string, Expectation[]> =>
  Map.groupBy(
    settings.filter(({ target }) => 'group' in target),
    ({ target }) => ('group' in target ? target.group : ''),
  );

function baselineOf(settings: readonly Expectation[], host: Host, source: string): Baseline {
  const steered = new Set(settings.flatMap(({ target }) => ('group' in target ? [target.group] : [])));
  return {
    source,
    settings: [...new Map(settings.map((each) => [each.subject, each])).values()],
    facts: factsOf(watchedPart(settings, host)),
    sizes: new Map([
      ...host.groups.filter(({ id }) => steered.has(id)).map(({ id, size }): [string, number] => [id, size]),
      ...settings.flatMap(sizeIn),
    ]),
    findings: new Set(diagnose(viewOf(host)).map(findingKey)),
  };
}

/** The number of sockets that a program was made for, if its instructions say so. */
function sizeIn({ target }: Expectation): [string, number][] {
  if (target.kind !== 'program' || target.instructions === null) return [];
  const spec = recognise(target.instructions);
  return spec !== null && 'size' in spec ? [[target.group, spec.size]] : [];
}

/** What of a group was steered, so that its successor may be. */
export interface Steering {
  /** Its workers were pinned, each to one CPU. */
  readonly pins: boolean;
  /** `by-cpu`: what suits the group of `cpu` and `map`; otherwise the program's name; null: none that can be made again. */
  readonly program: 'by-cpu' | string | null;
}

/** null: nothing of it was, or nothing that can be planned again. */
export function steeringOf({ settings }: Baseline, group: string): Steering | null {
  const own = settings.filter(({ target }) => 'group' in target && target.group === group);
  const pinned = own.filter(({ target }) => 'slot' in target);
  const pins = pinned.length > 0 && pinned.every(({ wanted }) => /^\d+$/.test(wanted));
  const target = own.find((each) => each.kind === 'program')?.target;
  const instructions = target?.kind === 'program' && 'instructions' in target ? target.instructions : null;
  const name = instructions === null ? null : (recognise(instructions)?.name ?? null);
  const made = GROUP_PROGRAMS.find((each) => each === name) ?? null;
  const program = made === 'cpu' || made === 'map' ? 'by-cpu' : made;
  return pins || program !== null ? { pins, program } : null;
}

/** After a group has got another program or other pins because its workers have changed, these are what is wanted. */
export function adopt(baseline: Baseline, host: Host, change: Change): Baseline {
  if (change.kind !== 'program' && change.kind !== 'pin') return baseline;
  const settings = new Map(baseline.settings.map((each) => [each.subject, each]));
  for (const each of expectationsOf([change], host)) settings.set(each.subject, each);
  const size = host.groups.find(({ id }) => id === change.subject)?.size;
  const sizes = size === undefined ? baseline.sizes : new Map(baseline.sizes).set(change.subject, size);
  return { ...baseline, settings: [...settings.values()], sizes };
}

/** Facts are watched of the interfaces and groups that settings are watched of. */
function watchedPart(settings: readonly Expectation[], host: Host): Host {
  const named = new Set(settings.flatMap(({ target }) => ('nic' in target ? [target.nic] : [])));
  const steered = new Set(settings.flatMap(({ target }) => ('group' in target ? [target.group] : [])));
  return {
    ...host,
    nics: host.nics.filter(({ name }) => named.has(name)),
    groups: host.groups.filter(({ id }) => steered.has(id)),
  };
}

/**
 * A worker is known by its slot: the one that it serves now, or served when it was pinned, if it has ended. One that never
 * served a known slot ends with its process, so it is not watched.
 */
const expectationsOf = (changes: readonly Change[], host: Host): Expectation[] =>
  changes.flatMap((change) => {
    const saved = toSaved({ changes: [change], refused: [], notes: [] }, host).saved.changes;
    return (saved.length > 0 ? saved : servedBy(change)).map(toExpectation);
  });

function servedBy(change: Change): SavedChange[] {
  if (change.target.kind !== 'pin') return [];
  const { group = '', slot = null } = change.target.serves ?? {};
  return slot === null ? [] : [{ ...change, target: { kind: 'pin', group, slot } }];
}

function toExpectation({ kind, target, to, command }: SavedChange): Expectation {
  return { kind, subject: subjectOfExpectation(target), target, wanted: to, command };
}

/** Without numbers that change: interrupts by queue, workers by slot. */
export function subjectOfExpectation(target: SavedChange['target']): string {
  if ('slot' in target) return `${target.group} slot ${target.slot} worker`;
  if ('nics' in target) return `irqbalance bans of ${target.nics.join(', ')}`;
  if (target.kind === 'napi') return `${target.nic} ${queueNames('rx', target.queues)} NAPI thread`;
  if (target.kind !== 'irq') return subjectOf(target);
  return `${target.nic} ${target.role === 'tx' ? 'tx' : 'rx'}-${target.queues.join(',')} interrupt`;
}

/** The interfaces whose queues irqbalance leaves alone. */
function bansIn({ machine }: Host, nics: readonly Nic[]): Target[] {
  const banned = new Set(machine.irqbalance.bannedIrqs);
  const irqs = nics.flatMap((nic) => {
    const own = nic.irqs.flatMap(({ irq, role }) => (role === 'other' ? [] : [irq]));
    return own.every((irq) => banned.has(irq)) ? own : [];
  });
  return irqs.length === 0 ? [] : [{ kind: 'irqbalance', irqs }];
}

function targetsOfNic(nic: Nic): Target[] {
  const { name, channels, rss } = nic;
  const sizes = (['combined', 'rx', 'tx'] as const).filter((which) => (channels?.[which]?.max ?? 0) > 0);
  const flows = rss === null ? [] : (['tcp4', 'udp4', 'tcp6', 'udp6'] as const);
  return [
    ...sizes.map((which) => ({ kind: 'channels' as const, nic: name, which })),
    ...flows.map((flow) => ({ kind: 'fields' as const, nic: name, flow })),
    ...nicTargets(nic),
  ];
}

/** An eBPF program cannot be attached again, so it is a fact. */
function targetsOfGroup({ id, sockets, program }: Group): Target[] {
  const owners = sockets.flatMap((socket) => socket.owners);
  const threads = new Map(owners.map((owner) => [`${owner.pid}/${threadOf(owner)}`, owner]));
  return [
    ...[...threads.values()].map((owner) => ({
      kind: 'pin' as const,
      pid: owner.pid,
      tid: threadOf(owner),
      comm: owner.comm,
      startTime: null,
    })),
    ...(program?.kind === 'ebpf'
      ? []
      : [
          {
            kind: 'program' as const,
            group: id,
            name: program?.name ?? null,
            instructions: program?.instructions ?? null,
          },
        ]),
  ];
}
