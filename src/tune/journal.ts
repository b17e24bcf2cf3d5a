/**
 * What was changed, and from what: a file of JSON lines per apply; each line is written before its change. Pure parts;
 * journal-file.ts has the files.
 */
import { type Author, parseAuthor } from './author.ts';
import { type Device, parseDevice } from './device.ts';
import { isFields, isNatural, isText, isValueOf, parseChange, parseTarget } from './shape.ts';
import { subjectOf } from './subject.ts';
import type { Change, Target } from './types.ts';

export interface Header {
  readonly record: 'journal';
  readonly version: 1;
  /** ISO 8601. */
  readonly time: string;
  /** /proc/sys/kernel/random/boot_id: settings do not survive a reboot. */
  readonly bootId: string;
  /** Inode of the network namespace, to which the interfaces' names belong. */
  readonly netns: number;
  /** Its cookie, which is never reused; null if not known. */
  readonly netnsCookie: string | null;
  /** null in a journal that is older than this field. */
  readonly by: Author | null;
}

/** A setting as it was before another change (of channels), with which drivers reset it. */
export interface ResetSetting {
  readonly target: Target;
  readonly value: string;
}

/** Written and synced before the change. */
export interface Intent {
  readonly record: 'intent';
  readonly step: number;
  /** Its target as it was found. */
  readonly change: Change;
  /** The interface that it changed; null for none, and if not known. */
  readonly device: Device | null;
  /** The value at that moment; null: it could not be read, so it cannot be restored. */
  readonly from: string | null;
  readonly to: string;
  readonly also: readonly ResetSetting[];
}

/** The outcome. */
export type Outcome =
  | {
      readonly record: 'done';
      readonly step: number;
      /** Read back; null: it could not be read. */
      readonly is: string | null;
    }
  | { readonly record: 'restored'; readonly step: number };

/** Persistent files, which undo removes; recorded before they are written. None: they could not be written. */
export interface Persisted {
  readonly record: 'persisted';
  readonly unit: string;
  readonly files: readonly string[];
}

/** The apply has ended, complete or interrupted. */
export interface End {
  readonly record: 'end';
}

export type Entry = Intent | Outcome | Persisted | End;

export interface JournalStep extends Omit<Intent, 'record'> {
  /** `begun`: it was refused, or the apply was killed at that point. */
  readonly outcome: 'begun' | Outcome['record'];
  /** The value that was read back; `to` if not known. */
  readonly is: string;
}

export interface Journal {
  readonly header: Header;
  /** In the order of application. */
  readonly steps: readonly JournalStep[];
  readonly persisted: readonly Persisted[];
  /** false: the apply was killed half-way, or is running now. */
  readonly ended: boolean;
}

/** null if it has no header. Cut lines, and empty ones (reserved space), are skipped. Never throws. */
export function parseJournal(text: string): Journal | null {
  const lines = text
    .split('\n')
    .map(parseLine)
    .filter((line) => line !== null);
  const [header] = lines.map(parseHeader).filter((found) => found !== null);
  if (header === undefined) return null;
  const steps = new Map<number, JournalStep>();
  for (const line of lines) {
    const intent = parseIntent(line);
    if (intent === null) continue;
    const { record: _, ...begun } = intent;
    steps.set(intent.step, { ...begun, outcome: 'begun', is: intent.to });
  }
  for (const line of lines) {
    const outcome = parseOutcome(line);
    const step = outcome === null ? undefined : steps.get(outcome.step);
    if (outcome === null || step === undefined) continue;
    const is = outcome.record === 'done' ? (outcome.is ?? step.is) : step.is;
    steps.set(outcome.step, { ...step, outcome: outcome.record, is });
  }
  return {
    header,
    steps: [...steps.values()].sort((one, other) => one.step - other.step),
    persisted: [...new Map(lines.filter(isPersisted).map((line) => [line.unit, line])).values()].filter(
      ({ files }) => files.length > 0,
    ),
    ended: lines.some(({ record }) => record === 'end'),
  };
}

/** The latest record of each setting in the journals; by `settingKey`. @param journals newest first */
export function lastSteps<T extends Journal>(
  journals: readonly T[],
): ReadonlyMap<string, JournalStep & { readonly journal: T }> {
  const last = new Map<string, JournalStep & { readonly journal: T }>();
  for (const journal of journals)
    for (const step of journal.steps.toReversed()) {
      const key = settingKey(step.change.target);
      if (step.outcome === 'done' && !last.has(key)) last.set(key, { ...step, journal });
    }
  return last;
}

/**
 * Names a setting among all journals. IRQs and NAPI threads go by their queues, because an IRQ's number and a thread's
 * pid are those of that time.
 */
export function settingKey(target: Target): string {
  if (target.kind === 'irq') return irqKey(target);
  return target.kind === 'napi'
    ? `napi ${target.nic} ${target.queues.join()}`
    : `${target.kind} ${subjectOf(target)}`;
}

/** By its queues, because a subject has the IRQ number of that time. */
export const irqKey = ({ nic, role, queues }: Pick<IrqTarget, 'nic' | 'role' | 'queues'>): string =>
  `irq ${nic} ${role} ${queues.join()}`;

type IrqTarget = Extract<Target, { readonly kind: 'irq' }>;

type Line = Readonly<Record<string, unknown>>;

/** Anything but a complete object was cut by a full disk or a kill; its change was not begun. */
function parseLine(line: string): Line | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}

function parseHeader({ record, version, time, bootId, netns, netnsCookie, by }: Line): Header | null {
  const cookie = isText(netnsCookie) ? netnsCookie : null;
  return record === 'journal' &&
    version === 1 &&
    isText(bootId) &&
    isText(time) &&
    isNatural(netns, 2 ** 32 - 1)
    ? { record, version, time, bootId, netns, netnsCookie: cookie, by: parseAuthor(by) }
    : null;
}

function parseIntent(line: Line): Intent | null {
  const { step, also } = line;
  const change = parseChange(line['change']);
  if (line['record'] !== 'intent' || !isNatural(step) || change === null || !Array.isArray(also)) return null;
  const { kind } = change;
  const { from, to } = line;
  const reset = also.map(parseResetSetting);
  if (!isValueOf(kind, to) || !(from === null || isValueOf(kind, from))) return null;
  if (!reset.every((each) => each !== null)) return null;
  return { record: 'intent', step, change, device: parseDevice(line['device']), from, to, also: reset };
}

/** null if it is none. */
function parseResetSetting(value: unknown): ResetSetting | null {
  if (!isFields(value)) return null;
  const target = parseTarget(value['target']);
  return target !== null && isValueOf(target.kind, value['value']) ? { target, value: value['value'] } : null;
}

/** What is written must be readable again, otherwise it could not be restored. */
export const isReadable = (intent: Intent): boolean => parseIntent({ ...intent }) !== null;

function parseOutcome({ record, step, is }: Line): Outcome | null {
  if (!isNatural(step)) return null;
  if (record === 'restored') return { record, step };
  return record === 'done' && (is === null || isText(is)) ? { record, step, is } : null;
}

const isPersisted = (line: Line): line is Line & Persisted =>
  line['record'] === 'persisted' &&
  isText(line['unit']) &&
  Array.isArray(line['files']) &&
  line['files'].every(isText);
