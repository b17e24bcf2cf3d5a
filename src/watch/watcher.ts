/**
 * The watcher: hears that something changed, reads the machine, compares it with the baseline, repairs what it may. All
 * that touches the machine is given to it (`WatchedMachine`), and so is the clock.
 */
import type { Host } from '../host/types.ts';
import { isFailure, isSystemError } from '../system/errors.ts';
import { adopt, steeringOf } from './baseline.ts';
import { foundSince, happened } from './compare.ts';
import { type Disturbance, Disturbances, offlineCpus } from './disturbances.ts';
import { valueText } from './event-text.ts';
import { type Item, Items } from './items.ts';
import { observe } from './observe.ts';
import { filesOf } from './paths.ts';
import { Persisting } from './persisting.ts';
import { type Decision, decide, drifted, repaired } from './policy.ts';
import { SlotSchedule } from './slot-schedule.ts';
import { countsOf, groupsOf, type Summary } from './summary.ts';
import { Counts, culpritOf, type SettingCount, STATES, type WatchCounters } from './tally.ts';
import type { WatcherOptions } from './times.ts';
import type { Baseline, Observation, WatchEvent } from './types.ts';
import type { Notice, Pulse, WatchedMachine } from './watched-machine.ts';
import { asWanted, byHand, causeOf, type Wish, wishesOf } from './wishes.ts';
import { writerName } from './writer.ts';

export class Watcher {
  readonly #machine: WatchedMachine;
  readonly #options: WatcherOptions;
  #baseline: Baseline;
  #last: Observation | null = null;
  #filesOf: { readonly seen: Observation; readonly files: ReadonlyMap<string, string> } | null = null;
  /** The findings that were last compared. */
  #found: Observation['findings'] | null = null;
  readonly #items = new Items();
  readonly #disturbed = new Disturbances();
  readonly #persisting = new Persisting();
  #repairs: number[] = [];
  #total = 0;
  #pausedUntil = 0;
  #pulse: Pulse | null = null;
  readonly #slots: SlotSchedule;
  #due: { check: number; pulse: number };
  readonly #counts = new Counts();

  constructor(machine: WatchedMachine, baseline: Baseline, options: WatcherOptions) {
    this.#machine = machine;
    this.#baseline = baseline;
    this.#options = options;
    const now = machine.now();
    this.#slots = new SlotSchedule(options, now);
    this.#due = { check: now, pulse: now };
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
    return this.#items.size + this.#disturbed.size + this.#persisting.size;
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
    if (notice.about === 'interface') this.#disturbed.heard(notice.name, notice, now);
    if (notice.about === 'cpu' && !notice.online) this.#disturbed.offline(notice.cpu, now);
    if (notice.about === 'anything') this.#slots.ask(now);
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
    if (before !== null && before.records !== pulse.records) this.#slots.ask(now);
    if (before !== null && before.servers !== pulse.servers) this.#slots.serversChanged(now);
    if (pulse.programsChanged) this.#slots.ask(now);
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
    this.#persisting.look(seen);
    for (const event of happened(before, seen)) {
      this.#note(event);
      this.#machine.say(event);
    }
    this.#disturbed.forget(started, this.#options.policy.settleMs);
    if ((await this.#restore(host, before, seen)) || this.#isSettling(seen, started)) return;
    const found = this.#found ?? seen.findings;
    this.#found = seen.findings;
    for (const event of foundSince(found, seen.findings, this.#baseline.findings)) this.#machine.say(event);
  }

  #note({ kind, subject, cause: what, from, to }: WatchEvent): void {
    const now = this.#machine.now();
    const changes = from === null || to === null ? 'all' : 'link';
    if (kind === 'link') this.#disturbed.heard(subject, { what, changes, own: [] }, now);
    else if (kind === 'group' || kind === 'generation') this.#disturbed.serverChanged(subject, what, now);
  }

  async #read(now: number): Promise<Host> {
    const reading = await this.#machine.read(this.#slots.wanted(now));
    const next = this.#slots.done(reading, now);
    if (reading.slots) this.#counts.slotReads += 1;
    if (next !== null) this.#due.check = Math.min(this.#due.check, next);
    return reading.host;
  }

  /** An interrupt that was set again moves when it next fires: until then findings are about a machine that is passing. */
  #isSettling({ settings }: Observation, now: number): boolean {
    const repaired = this.#repairs.at(-1) ?? Number.NEGATIVE_INFINITY;
    return (
      now - repaired < 2 * this.#options.fullMs &&
      [...settings.values()].some(({ state }) => state === 'pending')
    );
  }

  summary(): Summary {
    return {
      ...countsOf(this.#last),
      groups: groupsOf(this.#baseline, this.#last),
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
    const wishes = [
      ...wishesOf(seen, this.#baseline).filter(({ owner }) => !regrown.has(owner)),
      ...outgrown,
    ];
    const now = this.#machine.now();
    const subjects = new Set(wishes.map(({ subject }) => subject));
    this.#items.settle(subjects);
    this.#items.keep(new Set([...seen.settings.keys(), ...subjects]));
    const chosen = new Map<Wish, WatchEvent>();
    let isDue = false;
    for (const wish of wishes) {
      const isNew = this.#notice(wish, seen, now);
      const decision = this.#decide(wish, host, now);
      const event = this.#eventOf(wish, decision);
      if (decision.act === 'repair') chosen.set(wish, event);
      else if (isNew || decision.act === 'give-up') this.#machine.say(event);
      if (decision.act !== 'wait') continue;
      this.#due.check = Math.min(this.#due.check, decision.until);
      isDue = true;
    }
    this.#sayRestored(before, seen);
    if (chosen.size > 0) await this.#repair(host, chosen);
    return isDue || chosen.size > 0;
  }

  /** Remembers a drift and who caused it. Is it another one than at the last look? */
  #notice(wish: Wish, seen: Observation, now: number): boolean {
    const item = this.#items.of(wish.subject);
    if (item.told === wish.from) return false;
    item.told = wish.from;
    if (item.isNamed) item.writer = undefined;
    item.isNamed = true;
    const recently = this.#whyDrifted(wish, seen, now);
    const heard = item.writer !== undefined;
    const by = item.writer ?? null;
    item.cause = causeOf(by, heard, recently?.what ?? null);
    item.memory = drifted(item.memory, recently !== null && !heard ? null : writerName(by), now);
    item.seenAt = now;
    this.#counts.drifted(wish.kind, culpritOf(by, heard, recently?.of ?? null));
    return true;
  }

  #eventOf(wish: Wish, decision: Decision): WatchEvent {
    const { kind, subject, wanted, from } = wish;
    const { cause, writer } = this.#items.of(subject);
    return {
      kind,
      subject,
      from: wanted,
      to: from,
      cause,
      by: writer ?? null,
      action: decision.act === 'give-up' ? 'given-up' : 'none',
      why: decision.act === 'repair' ? '' : decision.why || byHand(wish),
    };
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

  /** A program stays as long as its group: who comes and goes there has not changed it. */
  #whyDrifted(wish: Wish, seen: Observation, now: number): Cause | null {
    const { kind, subject, from, owner } = wish;
    const isOther = kind === 'program' && seen.settings.get(subject)?.state === 'drifted';
    if (!isOther || owner === null || !this.#persisting.has(owner)) return this.#disturbed.causeOf(wish, now);
    const what = from === 'none' ? 'somebody detached it' : 'somebody attached another program';
    return { what: `${what}; the kernel does not report who`, of: 'process' };
  }

  /** What is given up is remembered. */
  #decide(wish: Wish, host: Host, now: number): Decision {
    const item = this.#items.of(wish.subject);
    const decision = this.#mayRepair(wish, item, host, now);
    if (decision.act === 'give-up') {
      item.memory = { ...item.memory, givenUp: decision.why };
      this.#counts.done(wish.kind, 'given-up');
    }
    return decision;
  }

  #mayRepair(
    { kind, from, change, owner, wanted }: Wish,
    { memory, seenAt }: Item,
    host: Host,
    now: number,
  ): Decision {
    if (change === null) return { act: 'leave', why: 'it is only watched' };
    const offline = offlineCpus(kind, wanted, host);
    if (offline !== null && this.#options.policy.kinds.has(kind))
      return { act: 'leave', why: `CPU ${offline} is offline` };
    const disturbed = this.#disturbed.changed(owner, now);
    // `detach` takes a program off before it forgets that it was wanted, so one that is gone counts as being changed.
    const isGone = kind === 'program' && from === 'none' && seenAt !== null;
    const { settleMs, groupSettleMs } = this.#options.policy;
    const settles = [
      isGone ? seenAt + settleMs : null,
      disturbed && disturbed.at + (disturbed.of === 'server' ? groupSettleMs : settleMs),
    ].filter((at) => at !== null);
    const settledAt = settles.length === 0 ? null : Math.max(...settles);
    const paused = now < this.#pausedUntil;
    const situation = { now, kind, settledAt, paused, lastHour: this.#repairs };
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

  async #repair(host: Host, chosen: ReadonlyMap<Wish, WatchEvent>): Promise<void> {
    const wishes = [...chosen.keys()];
    const changes = wishes.flatMap(({ change }) => (change === null ? [] : [change]));
    const results = await this.#machine.repair(changes).catch((error: unknown) => {
      if (!isFailure(error) && !isSystemError(error)) throw error;
      return new Map(changes.map((change) => [change, error.message]));
    });
    const now = this.#machine.now();
    // A link that flaps resets every queue: that is one repair.
    if (results.size > 0) this.#repairs = [...this.#repairs.filter((time) => now - time < HOUR_MS), now];
    for (const [{ kind, subject, change }, event] of chosen) {
      if (change === null || !results.has(change)) continue;
      const failure = results.get(change) ?? null;
      const item = this.#items.of(subject);
      item.memory = repaired(item.memory, failure !== null, now);
      if (failure === null) {
        this.#total += 1;
        item.writer = undefined;
        item.told = undefined;
        this.#baseline = adopt(this.#baseline, host, change);
        this.#last = asWanted(this.#last, subject);
      }
      const done = failure === null ? ('repaired' as const) : ('failed' as const);
      this.#counts.done(kind, done);
      this.#machine.say({ ...event, action: done, why: failure ?? `it is ${valueText(event.from)} again` });
    }
    // It has moved the interrupts because it had forgotten its list.
    const hasListAgain = wishes.some(
      ({ kind, change }) => kind === 'irqbalance' && change && results.get(change) === null,
    );
    if (hasListAgain) this.#items.forgiveWriters(/^irqbalance(?: |$)/);
    // What was written is read back by the next check.
    this.#due.check = Math.min(this.#due.check, now + this.#options.gatherMs);
    if (wishes.some(({ kind }) => kind === 'program')) this.#slots.ask(now);
    // Its own records are no news; those of others, for which it has repaired nothing, are.
    const pulse = results.size === 0 ? null : await this.#machine.pulse();
    if (pulse !== null && this.#pulse !== null) this.#pulse = { ...this.#pulse, records: pulse.records };
  }
}

const HOUR_MS = 3_600_000;

/** What a drift is put down to. */
type Cause = Pick<Disturbance, 'what'> & { readonly of: Disturbance['of'] | 'process' };
