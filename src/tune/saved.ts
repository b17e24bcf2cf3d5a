/** A plan that outlives a boot: IRQs by NIC and queue, threads by group and slot; found anew when it is applied. */
import type { Group, Host, Owner } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import type { Persisted } from './journal.ts';
import { type Change, KINDS, type Plan, type Refused, type Target } from './types.ts';

/** The thread that serves this slot, whoever it will be. */
export interface SlotTarget {
  readonly kind: 'pin';
  readonly group: string;
  readonly slot: number;
}

/** The IRQs of these NICs' queues, whatever their numbers will be. */
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
  /** The unit that applies it. */
  readonly persisted?: Persisted;
}

/** `left`: what can't be kept over a boot, and why. */
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
      why: 'it serves no slot that is known, by which to find it after a boot',
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

/** Groups that must be there before it can be applied. */
export const groupsOf = ({ changes }: Saved): string[] => [
  ...new Set(changes.flatMap(({ target }) => ('group' in target ? [target.group] : []))),
];

/** The plan for the machine as it is now. Nothing is known of what was before: that is read when it is changed. */
export function fromSaved({ changes }: Saved, host: Host): Plan {
  const refused: Refused[] = [];
  const found = changes.flatMap((change): Change[] => {
    const target = locate(change.target, host);
    if (target !== null) {
      const subject = target.kind === 'irq' ? `irq ${target.irq} (${target.name})` : change.subject;
      return [{ ...change, subject, target, from: null }];
    }
    refused.push({ subject: change.subject, why: 'it is not there now' });
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
  if (target.kind === 'irqbalance' && 'nics' in target) {
    const nics = host.nics.filter(({ name }) => target.nics.includes(name));
    const irqs = nics.flatMap((nic) => nic.irqs.flatMap(({ irq, role }) => (role === 'other' ? [] : [irq])));
    return irqs.length === 0 ? null : { kind: 'irqbalance', irqs };
  }
  if (!('slot' in target)) return target;
  const group = host.groups.find(({ id }) => id === target.group);
  const owner = group?.sockets.find(({ slot }) => slot === target.slot)?.owners[0];
  if (owner === undefined) return null;
  return { kind: 'pin', pid: owner.pid, tid: threadOf(owner), comm: owner.comm, startTime: null };
}

/** Throws Failure `not-saved`. */
export function parseSaved(text: string, path: string): Saved {
  const saved: unknown = parseJson(text);
  if (isSaved(saved)) return saved;
  throw failure('not-saved', `${path} is no saved plan`, 'apply --persist writes one');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isSaved(value: unknown): value is Saved {
  if (typeof value !== 'object' || value === null) return false;
  const { schema, changes } = value as { readonly schema?: unknown; readonly changes?: unknown };
  return schema === 'locality-tune.saved/1' && Array.isArray(changes) && changes.every(isChange);
}

function isChange(value: unknown): value is SavedChange {
  if (typeof value !== 'object' || value === null) return false;
  const { to, subject, target } = value as { readonly [name: string]: unknown };
  if (typeof to !== 'string' || typeof subject !== 'string' || typeof target !== 'object' || target === null)
    return false;
  return KINDS.some((kind) => kind === Reflect.get(target, 'kind'));
}
