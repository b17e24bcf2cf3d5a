/**
 * The watcher: hears that something changed, reads the machine, compares it with the baseline, repairs what it may. All
 * that touches the machine is given to it (`WatchedMachine`), and so is the clock.
 */
import type { Host } from '../host/types.ts';
import { isFailure, isSystemError } from '../system/errors.ts';
import type { Change, Kind } from '../tune/types.ts';
import { isReadApart } from '../tune/value-in.ts';
import { count } from '../words/phrase.ts';
import { Allowance } from './allowance.ts';
import { adopt, type Steering, steeringOf } from './baseline.ts';
import { foundSince, happened } from './compare.ts';
import { valueText } from './event-text.ts';
import { type Item, Items } from './items.ts';
import { type Apart, observe } from './observe.ts';
import { filesOf } from './paths.ts';
import { type Decision, decide, drifted, type PolicyOptions, repaired } from './policy.ts';
import { Counts, culpritOf, type SettingCount, STATES, type WatchCounters } from './tally.ts';
import type { Baseline, Expectation, Observation, Observed, WatchEvent } from './types.ts';
import { type Writer, writerName } from './writer.ts';

/** What was heard from the kernel, or from a person. */
export type Notice =
  /** Somebody wrote a file. */
  | { readonly about: 'file'; readonly path: string; readonly by: Writer | null }
  /** A link went up or down, an interface came or went, ethtool changed something. */
  | { readonly about: 'interface'; readonly name: string; readonly what: string }
  /** A socket was closed, a worker ended, a CPU went offline, events were lost: look again. */
  | { readonly about: 'machine' }
  /** A person asks: read everything again, slots and programs too. */
  | { readonly about: 'anything' };

/** What changes cheaply readable traces of others' work. */
export interface Pulse {
  /** Changes with journals and attachments: somebody has applied, undone, attached or detached. */
  readonly records: string;
  /** Changes with the members of groups and the processes of servers. */
  readonly servers: string;
  /** A group has another program than when slots were last read, or none. */
  readonly programsChanged: boolean;
}

/** `again`: slots and programs too, which takes a second of CPU time; `if-changed`: if a group has other sockets now. */
export type SlotReading = 'again' | 'if-changed' | 'keep';

export interface Reading {
  readonly host: Host;
  /** Slots and programs were read. */
  readonly slots: boolean;
  /** A group has other sockets than when they were last read: what is attached to it is not known. */
  readonly outdated: boolean;
}

export interface WatchedMachine {
  /** Milliseconds of a clock that only moves forward. */
  now(): number;
  read(slots: SlotReading): Promise<Reading>;
  /** The values of those that are not part of a machine, by subject. */
  readApart(settings: readonly Expectation[]): Promise<Apart>;
  /** Cheap, so it is asked often. null: somebody is applying or undoing. */
  pulse(): Promise<Pulse | null>;
  /** The baseline, read again from its source; null: it has not changed. */
  rebase(host: Host, baseline: Baseline): Promise<Baseline | null>;
  /** What a group needs after its workers have changed: pins and a program of its new size, as far as it had them. */
  replan(host: Host, group: string, wanted: Steering): Promise<readonly Change[]>;
  /** Change -> null if it is set again, otherwise why not. Throws Failure: busy. */
  repair(changes: readonly Change[]): Promise<ReadonlyMap<Change, string | null>>;
  say(event: WatchEvent): void;
}

export interface WatcherOptions {
  readonly policy: PolicyOptions;
  /** The machine is read at least so often. */
  readonly fullMs: number;
  /** The pulse is read at least so often. */
  readonly pulseMs: number;
  /** Slots and programs are read at least so often: not every kernel lets a change of a program be seen otherwise. */
  readonly slotsMs: number;
  /** After a notice, more are awaited for this time. */
  readonly gatherMs: number;
  /** Slots and programs are read so often in a row, */
  readonly slotReads: number;
  /** and once more each time that this has passed: a server that opens and closes sockets all day costs 2 % of a CPU at most. */
  readonly slotReadMs: number;
}

export const TIMES: Omit<WatcherOptions, 'policy'> = {
  fullMs: 30_000,
  pulseMs: 2_000,
  slotsMs: 600_000,
  gatherMs: 200,
  slotReads: 30,
  slotReadMs: 60_000,
};

export interface Summary {
  readonly settings: number;
  readonly drifted: readonly Observed[];
  readonly pending: number;
  readonly unknown: number;
  /** Their object is not there. */
  readonly gone: number;
  readonly groups: number;
  readonly repairs: number;
  readonly lastRepairAt: number | null;
  readonly givenUp: readonly string[];
  readonly paused: boolean;
  readonly checks: number;
}

export class Watcher {
  readonly #machine: WatchedMachine;
  readonly #options: WatcherOptions;
  #baseline: Baseline;
  #last: Observation | null = null;
  #filesOf: { readonly seen: Observation; readonly files: ReadonlyMap<string, string> } | null = null;
  /** The findings that were last compared. */
  #found: Observation['findings'] | null = null;
  readonly #items = new Items();
  /** Interface or group -> when it last changed as a whole, and how. */
  #disturbed = new Map<string, Disturbance>();
  #repairs: number[] = [];
  #total = 0;
  #pausedUntil = 0;
  #pulse: Pulse | null = null;
  /** When members or workers last changed. */
  #serversChanged = Number.NEGATIVE_INFINITY;
  /** Since when slots have not been known; null: they are. */
  #outdatedSince: number | null = null;
  readonly #slotReads: Allowance;
  #due: { check: number; pulse: number; slots: number };
  readonly #counts = new Counts();

  constructor(machine: WatchedMachine, baseline: Baseline, options: WatcherOptions) {
    this.#machine = machine;
    this.#baseline = baseline;
    this.#options = options;
    const now = machine.now();
    this.#slotReads = new Allowance(options.slotReads, options.slotReadMs);
    // The baseline was made from slots that were read a moment ago.
    this.#due = { check: now, pulse: now, slots: now + options.slotsMs };
  }

  get baseline(): Baseline {
    return this.#baseline;
  }

  /** As the machine was when it was last read; null: not yet. */
  get seen(): Observation | null {
    return this.#last;
  }

  /** How many settings, interfaces and groups are remembered: it must not grow with time. */
  get remembered(): number {
    return this.#items.size + this.#disturbed.size;
  }

  /** When `step` must be called next, unless something is heard before. */
  get due(): number {
    return Math.min(this.#due.check, this.#due.pulse);
  }

  hear(notice: Notice): void {
    const now = this.#machine.now();
    if (notice.about === 'file') {
      const subject = this.#files().get(notice.path);
      if (subject !== undefined) {
        const item = this.#items.of(subject);
        item.writer = notice.by;
        item.isNamed = false;
      }
    }
    if (notice.about === 'interface') {
      // A change of channels also changes the table, and takes the link down and up: the first one is the cause.
      const first = this.#disturbed.get(notice.name);
      const what = first !== undefined && now - first.at < RECENT_MS.interface ? first.what : notice.what;
      this.#disturbed.set(notice.name, { at: now, what, of: 'interface' });
    }
    if (notice.about === 'anything') this.#due.slots = now;
    this.#due.check = Math.min(this.#due.check, now + this.#options.gatherMs);
  }

  /** A script may write thousands of files between two looks, so the map is made once for each look. */
  #files(): ReadonlyMap<string, string> {
    if (this.#last === null) return new Map();
    if (this.#filesOf?.seen !== this.#last) this.#filesOf = { seen: this.#last, files: filesOf(this.#last) };
    return this.#filesOf.files;
  }

  pause(ms: number): void {
    this.#pausedUntil = this.#machine.now() + ms;
  }

  /** Also repairs again what was given up. */
  resume(): void {
    this.#pausedUntil = 0;
    this.#items.forgive();
    this.hear({ about: 'anything' });
  }

  /** Another baseline, from the next check on. */
  replace(baseline: Baseline): void {
    this.#baseline = baseline;
    this.resume();
  }

  /** Reads the pulse, and checks if it has changed or a check is due. Throws what the machine throws. */
  async step(): Promise<void> {
    const now = this.#machine.now();
    const pulse = await this.#machine.pulse();
    this.#due.pulse = now + this.#options.pulseMs;
    // Half a plan is not drift.
    if (pulse === null) {
      this.#due.check = Math.max(this.#due.check, this.#due.pulse);
      return;
    }
    const before = this.#pulse;
    this.#pulse = pulse;
    // Whoever writes a record may have attached or detached a program.
    if (before !== null && before.records !== pulse.records) this.#due.slots = now;
    if (before !== null && before.servers !== pulse.servers) this.#serversChanged = now;
    if (pulse.programsChanged) this.#due.slots = Math.min(this.#due.slots, now);
    if (pulse.programsChanged && before?.programsChanged !== true) this.#due.check = now;
    if (before !== null && (before.records !== pulse.records || before.servers !== pulse.servers))
      this.#due.check = now;
    if (now >= this.#due.check) await this.check();
  }

  async check(): Promise<void> {
    const started = this.#machine.now();
    this.#due.check = started + this.#options.fullMs;
    const host = await this.#read(started);
    this.#baseline = (await this.#machine.rebase(host, this.#baseline)) ?? this.#baseline;
    const apart = await this.#machine.readApart(this.#baseline.settings);
    const seen = observe(host, this.#baseline, apart);
    const before = this.#last ?? seen;
    this.#last = seen;
    this.#counts.looks += 1;
    for (const event of happened(before, seen)) {
      if (event.kind === 'link' || event.kind === 'group' || event.kind === 'generation')
        this.#disturbed.set(event.subject, {
          at: this.#machine.now(),
          what: event.cause,
          of: event.kind === 'link' ? 'interface' : 'server',
        });
      this.#machine.say(event);
    }
    this.#forget(started);
    if ((await this.#restore(host, before, seen)) || this.#isSettling(seen, started)) return;
    const found = this.#found ?? seen.findings;
    this.#found = seen.findings;
    for (const event of foundSince(found, seen.findings, this.#baseline.findings)) this.#machine.say(event);
  }

  /**
   * Slots and programs are read when they are due or outdated, as often as is allowed. A reload changes the sockets twice, at
   * its start and when the old workers end: they are read once it has settled.
   */
  async #read(now: number): Promise<Host> {
    const { settleMs } = this.#options.policy;
    const settled = Math.min(
      this.#serversChanged + settleMs,
      (this.#outdatedSince ?? now) + MOST_SETTLES * settleMs,
    );
    const next = Math.max(this.#slotReads.next, settled);
    const isDue = this.#due.slots <= now;
    const { host, slots, outdated } = await this.#machine.read(
      next > now ? 'keep' : isDue ? 'again' : 'if-changed',
    );
    this.#outdatedSince = outdated ? (this.#outdatedSince ?? now) : null;
    if (slots) {
      this.#slotReads.use(now);
      this.#counts.slotReads += 1;
      this.#due.slots = now + this.#options.slotsMs;
    } else if (isDue || outdated) this.#due.check = Math.min(this.#due.check, next);
    return host;
  }

  /** An interrupt that was set again moves when it next fires: until then findings are about a machine that is passing. */
  #isSettling({ settings }: Observation, now: number): boolean {
    const repaired = this.#repairs.at(-1) ?? Number.NEGATIVE_INFINITY;
    return (
      now - repaired < 2 * this.#options.fullMs &&
      [...settings.values()].some(({ state }) => state === 'pending')
    );
  }

  /** What happened to an interface or a group is no reason for anything after a while. */
  #forget(now: number): void {
    const { settleMs } = this.#options.policy;
    for (const [name, { at, of }] of this.#disturbed)
      if (now - at > Math.max(RECENT_MS[of], settleMs)) this.#disturbed.delete(name);
  }

  summary(): Summary {
    const settings = [...(this.#last?.settings.values() ?? [])];
    const inState = (state: Observed['state']) => settings.filter((each) => each.state === state);
    return {
      settings: settings.length,
      drifted: inState('drifted'),
      pending: inState('pending').length,
      unknown: inState('unknown').length,
      gone: inState('gone').length,
      groups: this.#baseline.sizes.size,
      repairs: this.#total,
      lastRepairAt: this.#repairs.at(-1) ?? null,
      givenUp: this.#items.givenUp,
      paused: this.#machine.now() < this.#pausedUntil,
      checks: this.#counts.looks,
    };
  }

  /** For a metrics endpoint: what was counted since the start, and how the settings are now. */
  counters(): WatchCounters {
    const now = new Map<string, SettingCount>();
    for (const { kind, owner, state } of this.#last?.settings.values() ?? []) {
      const device = kind === 'program' || kind === 'pin' ? null : owner;
      for (const each of STATES) {
        const key = `${kind} ${each} ${device}`;
        const count = (now.get(key)?.count ?? 0) + (each === state ? 1 : 0);
        now.set(key, { kind, device, state: each, count });
      }
    }
    return {
      ...this.#counts.tally,
      settings: [...now.values()],
      paused: this.#machine.now() < this.#pausedUntil,
      givenUp: this.#items.givenUp.length,
    };
  }

  /** Reports drift and repairs it. Is a repair done or due? Then the machine is not yet what it will be. */
  async #restore(host: Host, before: Observation, seen: Observation): Promise<boolean> {
    const outgrown = await this.#outgrown(host, seen);
    const regrown = new Set(outgrown.map(({ owner }) => owner));
    const wishes = [...this.#drift(seen).filter(({ owner }) => !regrown.has(owner)), ...outgrown];
    const now = this.#machine.now();
    const chosen: Wish[] = [];
    const events = new Map<string, WatchEvent>();
    const subjects = new Set(wishes.map(({ subject }) => subject));
    this.#items.settle(subjects);
    this.#items.keep(new Set([...seen.settings.keys(), ...subjects]));
    let isDue = false;
    for (const wish of wishes) {
      const { subject } = wish;
      const item = this.#items.of(subject);
      const isNew = item.told !== wish.from;
      item.told = wish.from;
      if (isNew && item.isNamed) item.writer = undefined;
      if (isNew) item.isNamed = true;
      const owner = wish.owner === null ? undefined : this.#disturbed.get(wish.owner);
      const recently = owner !== undefined && now - owner.at < RECENT_MS[owner.of] ? owner : null;
      const heard = item.writer !== undefined;
      const by = item.writer ?? null;
      if (isNew) {
        item.cause = causeOf(by, heard, recently?.what ?? null);
        item.memory = drifted(item.memory, recently !== null && !heard ? null : writerName(by), now);
        item.seenAt = now;
        this.#counts.drifted(wish.kind, culpritOf(by, heard, recently?.of ?? null));
      }
      const decision = this.#decide(wish, item, recently?.at ?? null, now);
      if (decision.act === 'give-up') {
        item.memory = { ...item.memory, givenUp: decision.why };
        this.#counts.done(wish.kind, 'given-up');
      }
      const event: WatchEvent = {
        kind: wish.kind,
        subject,
        from: wish.wanted,
        to: wish.from,
        cause: item.cause,
        by,
        action: decision.act === 'give-up' ? 'given-up' : 'none',
        why: decision.act === 'repair' ? '' : decision.why || byHand(wish),
      };
      if (decision.act === 'repair') chosen.push(wish);
      if (decision.act === 'wait') {
        this.#due.check = Math.min(this.#due.check, decision.until);
        isDue = true;
      }
      if (decision.act === 'repair') events.set(subject, event);
      else if (isNew || decision.act === 'give-up') this.#machine.say(event);
    }
    this.#sayRestored(before, seen);
    if (chosen.length > 0) await this.#repair(host, chosen, events);
    return isDue || chosen.length > 0;
  }

  #drift(seen: Observation): Wish[] {
    const commands = new Map(this.#baseline.settings.map(({ subject, command }) => [subject, command]));
    return [...seen.settings.values()].flatMap(({ kind, subject, state, wanted, is, owner, target }) => {
      if (state !== 'drifted') return [];
      const command = commands.get(subject) ?? '';
      const change: Change | null =
        target === null ? null : { kind, subject, target, from: is, to: wanted, why: '', command };
      return [{ kind, subject, wanted, from: is, change, owner }];
    });
  }

  /** Groups whose number of sockets is another one than the program was made for. */
  async #outgrown(host: Host, seen: Observation): Promise<Wish[]> {
    const wishes: Wish[] = [];
    const sizes = new Map(this.#baseline.sizes);
    for (const [id, size] of this.#baseline.sizes) {
      const now = seen.generations.get(id)?.size;
      if (now === undefined || now === size) continue;
      // What is attached is not known, so nothing can be planned yet.
      if (host.groups.find((group) => group.id === id)?.selection === null) continue;
      const wanted = steeringOf(this.#baseline, id);
      const planned = wanted === null ? [] : await this.#machine.replan(host, id, wanted);
      if (planned.length === 0) sizes.set(id, now);
      for (const change of planned) {
        const { kind, subject, from, to } = change;
        wishes.push({ kind, subject, wanted: to, from, change, owner: id });
      }
    }
    this.#baseline = { ...this.#baseline, sizes };
    return wishes;
  }

  #decide(
    { kind, from, change }: Wish,
    { memory, seenAt }: Item,
    disturbed: number | null,
    now: number,
  ): Decision {
    if (change === null) return { act: 'leave', why: 'it is only watched' };
    // `detach` takes a program off before it forgets that it was wanted, so one that is gone counts as being changed.
    const isGone = kind === 'program' && from === 'none' && seenAt !== null;
    const unsettled = isGone ? Math.max(seenAt, disturbed ?? seenAt) : disturbed;
    const paused = now < this.#pausedUntil;
    const situation = { now, kind, disturbed: unsettled, paused, lastHour: this.#repairs };
    return decide(memory, situation, this.#options.policy);
  }

  /** What has its value again without us. */
  #sayRestored(before: Observation, seen: Observation): void {
    for (const [subject, { kind, state, is }] of seen.settings) {
      const old = before.settings.get(subject);
      if (old?.state !== 'drifted' || (state !== 'as-set' && state !== 'pending')) continue;
      const item = this.#items.of(subject);
      const by = item.isNamed ? null : (item.writer ?? null);
      item.writer = undefined;
      const cause = 'it has its value again';
      this.#machine.say({ kind, subject, from: old.is, to: is, cause, by, action: 'none', why: '' });
    }
  }

  async #repair(host: Host, chosen: readonly Wish[], events: ReadonlyMap<string, WatchEvent>): Promise<void> {
    const changes = chosen.flatMap(({ change }) => (change === null ? [] : [change]));
    const results = await this.#machine.repair(changes).catch((error: unknown) => {
      if (!isFailure(error) && !isSystemError(error)) throw error;
      return new Map(changes.map((change) => [change, error.message]));
    });
    const now = this.#machine.now();
    // A link that flaps resets every queue: that is one repair.
    if (results.size > 0) this.#repairs = [...this.#repairs.filter((time) => now - time < HOUR_MS), now];
    for (const { kind, subject, change } of chosen) {
      const event = events.get(subject);
      if (change === null || event === undefined || !results.has(change)) continue;
      const failure = results.get(change) ?? null;
      const item = this.#items.of(subject);
      item.memory = repaired(item.memory, failure !== null, now);
      if (failure === null) {
        this.#total += 1;
        item.writer = undefined;
        item.told = undefined;
        this.#baseline = adopt(this.#baseline, host, change);
        this.#last = settled(this.#last, subject);
      }
      const done = failure === null ? ('repaired' as const) : ('failed' as const);
      this.#counts.done(kind, done);
      this.#machine.say({ ...event, action: done, why: failure ?? `it is ${valueText(event.from)} again` });
    }
    // What was written is read back by the next check.
    this.#due.check = Math.min(this.#due.check, now + this.#options.gatherMs);
    if (chosen.some(({ kind }) => kind === 'program')) this.#due.slots = now;
    // Its own records are no news.
    const pulse = await this.#machine.pulse();
    if (pulse !== null && this.#pulse !== null) this.#pulse = { ...this.#pulse, records: pulse.records };
  }
}

/** What was repaired is not news at the next check. */
function settled(observation: Observation | null, subject: string): Observation | null {
  const old = observation?.settings.get(subject);
  if (observation === null || old === undefined) return observation;
  const settings = new Map(observation.settings).set(subject, { ...old, state: 'as-set', is: old.wanted });
  return { ...observation, settings };
}

/** An interface or a group changed as a whole. */
interface Disturbance {
  readonly at: number;
  readonly what: string;
  readonly of: 'interface' | 'server';
}

interface Wish {
  readonly kind: Kind;
  readonly subject: string;
  readonly wanted: string;
  /** As it is now. */
  readonly from: string | null;
  /** null: it cannot be set. */
  readonly change: Change | null;
  /** Interface or group. */
  readonly owner: string | null;
}

/** `all` does not repair what `xdp` and `balance` attach, so the line says how a person does. */
const byHand = ({ change }: Wish): string =>
  change !== null && isReadApart(change.target) && change.command !== ''
    ? `to set it again: ${change.command.split('\n').join('; ')}`
    : '';

const HOUR_MS = 3_600_000;

/** A server whose workers change all the time is not waited for any longer than so many times. */
const MOST_SETTLES = 3;

/**
 * What happens within so long after an event of its interface or group is put down to that. What is attached to a group is
 * only seen once bpftrace has started, which takes long on a busy machine.
 */
const RECENT_MS = { interface: 5_000, server: 60_000 } as const;

function causeOf(by: Writer | null, heard: boolean, event: string | null): string {
  if (by !== null) return `${writerName(by)} wrote it`;
  if (heard) return 'a process that has ended wrote it';
  if (event !== null) return event;
  return 'not known: the kernel reports no such change';
}

/** One sentence for `systemctl status`. */
export function sentence(summary: Summary, timeOf: (at: number) => string): string {
  const { settings, drifted, gone, unknown, groups, repairs, lastRepairAt, givenUp, paused } = summary;
  const what = `${count(settings, 'setting')}${groups > 0 ? ` and ${count(groups, 'group')}` : ''}`;
  const [first = `${what} as planned`, ...others] = [
    drifted.length > 0 ? `${drifted.length} of ${what} drifted` : null,
    gone > 0 ? `${gone} of ${what} not there` : null,
    unknown > 0 ? `${unknown} of ${what} not known` : null,
  ].filter((text) => text !== null);
  const parts = [
    first,
    ...others,
    repairs > 0 && lastRepairAt !== null ? `${repairs} repaired, last at ${timeOf(lastRepairAt)}` : '',
    givenUp.length > 0 ? `${count(givenUp.length, 'setting')} given up` : '',
    paused ? 'repairs are paused' : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}
