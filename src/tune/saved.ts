/**
 * A plan that survives a reboot: IRQs by NIC and queue, threads by group and slot; looked up again when it is applied.
 */
import { napiThreadOf } from '../host/napi-threads.ts';
import type { Group, Host, Owner } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import type { Persisted } from './journal.ts';
import { type MadeFor, parseMadeFor } from './made-for.ts';
import { isFields, isInterfaceName, isNatural, isText, parseChange } from './shape.ts';
import { subjectOf } from './subject.ts';
import type { Change, Plan, Refused, Target } from './types.ts';

/** The thread that serves this slot at that time. */
export interface SlotTarget {
  readonly kind: 'pin';
  readonly group: string;
  readonly slot: number;
}

/** The IRQs of these NICs' queues, with any number. */
export interface BanTarget {
  readonly kind: 'irqbalance';
  readonly nics: readonly string[];
}

export interface SavedChange extends Omit<Change, 'target' | 'from'> {
  readonly target: Target | SlotTarget | BanTarget;
}

export interface Saved {
  readonly schema: 'locality-tune.saved/1';
  readonly changes: readonly SavedChange[];
  /** Absent where the plan and its machine cannot be parted: in what a unit applies. */
  readonly machine?: MadeFor;
  /** The unit that applies it. */
  readonly persisted?: Persisted;
}

/** `left`: what cannot be kept over a reboot, and why. */
export function toSaved(
  { changes }: Plan,
  host: Host,
): { readonly saved: Saved; readonly left: readonly Refused[] } {
  const left: Refused[] = [];
  const kept = changes.flatMap(({ from: _, ...change }): SavedChange[] => {
    const { target } = change;
    if (target.kind === 'irqbalance') return [{ ...change, target: bansOf(host, target.irqs) }];
    if (target.kind !== 'pin') return [{ ...change, target }];
    const at = slotOf(host.groups, target);
    if (at !== null) return [{ ...change, subject: `${at.group} slot ${at.slot}`, target: at }];
    left.push({
      subject: change.subject,
      why: 'it serves no known slot, so it could not be found again after a reboot',
    });
    return [];
  });
  return { saved: { schema: 'locality-tune.saved/1', changes: kept }, left };
}

function bansOf({ nics }: Host, irqs: readonly number[]): BanTarget {
  const banned = new Set(irqs);
  const named = nics.filter((nic) => nic.irqs.some(({ irq }) => banned.has(irq)));
  return { kind: 'irqbalance', nics: named.map(({ name }) => name) };
}

type Pin = Extract<Target, { readonly kind: 'pin' }>;

function slotOf(groups: readonly Group[], { pid, tid }: Pin): SlotTarget | null {
  for (const { id, sockets } of groups)
    for (const { slot, slotSource, owners } of sockets)
      if (slot !== null && slotSource === 'kernel' && owners.some((owner) => serves(owner, pid, tid)))
        return { kind: 'pin', group: id, slot };
  return null;
}

const serves = (owner: Owner, pid: number, tid: number) => owner.pid === pid && threadOf(owner) === tid;
const threadOf = ({ pid, tid }: Owner): number => tid ?? pid;

/** Groups that must exist before it can be applied. */
export const groupsOf = ({ changes }: Saved): string[] => [
  ...new Set(changes.flatMap(({ target }) => ('group' in target ? [target.group] : []))),
];

/** The plan for the machine as it is now. Former values are not known; they are read when the settings are changed. */
export function fromSaved({ changes }: Saved, host: Host): Plan {
  const refused: Refused[] = [];
  const found = changes.flatMap((change): Change[] => {
    const target = locate(change.target, host);
    if (target !== null) {
      return [
        {
          ...change,
          subject: 'slot' in change.target ? change.subject : subjectOf(target),
          target,
          from: null,
        },
      ];
    }
    refused.push({ subject: change.subject, why: 'it does not exist now' });
    return [];
  });
  return { changes: found, refused, notes: [] };
}

function locate(target: SavedChange['target'], host: Host): Target | null {
  if (target.kind === 'irq') {
    const nic = host.nics.find(({ name }) => name === target.nic);
    const irq = nic?.irqs.find(
      ({ role, queues }) => role === target.role && queues.join() === target.queues.join(),
    );
    return irq === undefined ? null : { ...target, irq: irq.irq, name: irq.name };
  }
  if (target.kind === 'napi') {
    const nic = host.nics.find(({ name }) => name === target.nic);
    const [queue = -1] = target.queues;
    const thread = nic === undefined ? null : napiThreadOf(nic, queue);
    if (thread === null) return null;
    return { ...target, pid: thread.pid, startTime: null, comm: thread.comm ?? '', napi: thread.napi };
  }
  if (target.kind === 'irqbalance' && 'nics' in target) {
    const nics = host.nics.filter(({ name }) => target.nics.includes(name));
    const irqs = nics.flatMap((nic) => nic.irqs.flatMap(({ irq, role }) => (role === 'other' ? [] : [irq])));
    return irqs.length === 0 ? null : { kind: 'irqbalance', irqs };
  }
  if (!('slot' in target)) return target;
  const group = host.groups.find(({ id }) => id === target.group);
  const owner = group?.sockets.find(({ slot }) => slot === target.slot)?.owners[0];
  if (owner === undefined) return null;
  const { pid, comm } = owner;
  const serves = { group: target.group, slot: target.slot };
  return { kind: 'pin', pid, tid: threadOf(owner), comm, startTime: null, serves };
}

/** Throws Failure `not-saved`. */
export function parseSaved(text: string, path: string): Saved {
  const value = parseJson(text);
  if (isFields(value) && value['schema'] === 'locality-tune.saved/1' && Array.isArray(value['changes'])) {
    const changes = value['changes'].map(parseSavedChange);
    const persisted = parsePersisted(value['persisted']);
    const machine = parseMadeFor(value['machine']);
    if (changes.every((change) => change !== null))
      return {
        schema: 'locality-tune.saved/1',
        changes,
        ...(machine && { machine }),
        ...(persisted && { persisted }),
      };
  }
  throw failure('not-saved', `${path} is not a saved plan`, 'plan --save and apply --persist write one');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Subjects are computed, so that what is shown is what is changed. */
function parseSavedChange(value: unknown): SavedChange | null {
  if (!isFields(value)) return null;
  const target = parseSlot(value['target']) ?? parseBan(value['target']);
  // The list of banned IRQs is computed from the machine.
  if (target === null || target.kind === 'irqbalance') {
    const parsed = parseChange({ ...value, target: target === null ? value['target'] : NO_IRQS, from: null });
    if (parsed === null) return null;
    const { from: _, ...change } = parsed;
    return target === null ? change : { ...change, target };
  }
  // Like any pin, for a thread that is found later.
  const parsed = parseChange({ ...value, target: SOME_THREAD, from: null });
  if (parsed === null) return null;
  const { from: _, ...change } = parsed;
  return { ...change, subject: `${target.group} slot ${target.slot}`, target };
}

const NO_IRQS: Target = { kind: 'irqbalance', irqs: [] };
const SOME_THREAD: Target = { kind: 'pin', pid: 1, tid: 1, comm: '', startTime: null };

function parseSlot(value: unknown): SlotTarget | null {
  if (!isFields(value) || value['kind'] !== 'pin' || !('slot' in value)) return null;
  const { group, slot } = value;
  return isText(group) && isNatural(slot) ? { kind: 'pin', group, slot } : null;
}

function parseBan(value: unknown): BanTarget | null {
  if (!isFields(value) || value['kind'] !== 'irqbalance' || !('nics' in value)) return null;
  const { nics } = value;
  return Array.isArray(nics) && nics.every(isInterfaceName) ? { kind: 'irqbalance', nics } : null;
}

function parsePersisted(value: unknown): Persisted | null {
  if (!isFields(value) || value['record'] !== 'persisted') return null;
  const { unit, files } = value;
  return isText(unit) && Array.isArray(files) && files.every(isText)
    ? { record: 'persisted', unit, files }
    : null;
}
