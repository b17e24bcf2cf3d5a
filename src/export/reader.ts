/**
 * The machine as it is read for scrapes: counters each time, the configuration if it is old, slots rarely and in the
 * background. Nothing is read while nobody asks.
 */
import { diagnose } from '../diagnose/diagnose.ts';
import { isOutdated, type KnownSlots, readQuickly, readSlotsOf } from '../host/known-slots.ts';
import type { Host, Nic } from '../host/types.ts';
import { sumInterrupts } from '../measure/interrupt-sums.ts';
import { queuePackets, readStatistics, sentPackets } from '../measure/queue-rates.ts';
import { viewOf } from '../path/view.ts';
import { isFailure, isSystemError } from '../system/errors.ts';
import { findProgram } from '../system/programs.ts';
import type { System } from '../system/types.ts';
import { createTimer } from '../system/wake-up.ts';
import type { MissingReason } from './catalog.ts';
import type { Configuration, Counters } from './types.ts';

export interface ReaderOptions {
  readonly arch: string | null;
  /** Empty: all. */
  readonly ifaces: readonly string[];
  /** null: all. */
  readonly port: number | null;
  /** Read slots and programs, by bpftrace. */
  readonly slots: boolean;
}

/** A configuration is used for so long, and for at least this many times the CPU time of a reading: that is 1 % of a CPU. */
const FRESH_MS = 5_000;
const SHARE = 100;
/** bpftrace takes a second of CPU time: if sockets have changed, and otherwise. */
const SLOTS_MS = 60_000;
const SLOTS_ANYWAY_MS = 600_000;
/** How long a scrape waits for drivers: another process may hold the lock under which they answer. */
const PATIENCE_MS = 2_000;

interface Tries {
  readonly ok: number;
  readonly failed: number;
}

export class Reader {
  readonly #open: () => System;
  readonly #options: ReaderOptions;
  readonly #trouble: (message: string) => void;
  #known: KnownSlots = new Map();
  #slotsAt = Number.NEGATIVE_INFINITY;
  #slotsRun: Promise<void> | null = null;
  #slotsDone = false;
  #last: Configuration | null = null;
  #staleAt = Number.NEGATIVE_INFINITY;
  #run: Promise<void> | null = null;
  #statistics: Promise<Counters['packets']> | null = null;
  #reads: Tries = { ok: 0, failed: 0 };
  #slotReads: Tries = { ok: 0, failed: 0 };
  #isFailing = false;

  /**
   * @param open for each reading, since what is denied is remembered as long as the files are open
   * @param trouble receives a sentence about what could not be read
   */
  constructor(open: () => System, options: ReaderOptions, trouble: (message: string) => void) {
    this.#open = open;
    this.#options = options;
    this.#trouble = trouble;
  }

  get reads(): Tries {
    return this.#reads;
  }

  get slotReads(): Tries {
    return this.#slotReads;
  }

  /** Did the latest reading fail? Then the configuration is that of an earlier one. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** null: it could not be read yet. */
  get last(): Configuration | null {
    return this.#last;
  }

  /** Fresh enough; null if it could never be read. One reading at a time. */
  async configuration(): Promise<Configuration | null> {
    if (performance.now() >= this.#staleAt) {
      this.#run ??= this.#read().finally(() => {
        this.#run = null;
      });
      await this.#run;
    }
    this.#readSlotsIfDue();
    return this.#last;
  }

  /** Slots as well, however long that takes: for one-shot text. */
  async whole(): Promise<Configuration | null> {
    await this.configuration();
    if (this.#slotsRun === null) return this.#last;
    await this.#slotsRun;
    return this.configuration();
  }

  async #read(): Promise<void> {
    const { ifaces, port } = this.#options;
    const began = performance.now();
    const readAt = Date.now();
    const cpuBefore = process.cpuUsage();
    try {
      const slots = this.#slotsObstacle();
      const host = await readQuickly(this.#open(), { ifaces, port }, this.#known, slots === null);
      const view = viewOf(host);
      const findings = diagnose(view);
      const { user, system } = process.cpuUsage(cpuBefore);
      this.#last = {
        ...view,
        findings,
        slots: slots ?? this.#slotsState(host.groups),
        readAt,
        seconds: (performance.now() - began) / 1000,
      };
      this.#staleAt = performance.now() + Math.max(FRESH_MS, (SHARE * (user + system)) / 1000);
      this.#reads = { ...this.#reads, ok: this.#reads.ok + 1 };
      this.#isFailing = false;
    } catch (error) {
      if (!isFailure(error) && !isSystemError(error)) throw error;
      this.#staleAt = performance.now() + FRESH_MS;
      this.#reads = { ...this.#reads, failed: this.#reads.failed + 1 };
      this.#isFailing = true;
      this.#trouble(`the configuration could not be read: ${error.message}`);
    }
  }

  /** Why slots are never read; null: they are. */
  #slotsObstacle(): MissingReason<'slots'> | null {
    if (!this.#options.slots) return 'off';
    if (process.geteuid?.() !== 0) return 'not-root';
    return findProgram('bpftrace') === null ? 'bpftrace-missing' : null;
  }

  #slotsState(groups: Configuration['host']['groups']): MissingReason<'slots'> | null {
    if (groups.length === 0) return null;
    if (!this.#slotsDone || isOutdated(groups, this.#known)) return 'pending';
    return groups.some(({ selection }) => selection === null) ? 'failed' : null;
  }

  #readSlotsIfDue(): void {
    const { arch, port } = this.#options;
    const groups = this.#last?.host.groups ?? [];
    if (this.#slotsRun !== null || groups.length === 0 || this.#slotsObstacle() !== null) return;
    const wait = isOutdated(groups, this.#known) ? SLOTS_MS : SLOTS_ANYWAY_MS;
    if (performance.now() - this.#slotsAt < wait) return;
    this.#slotsAt = performance.now();
    this.#slotsRun = this.#readSlots(arch, port).finally(() => {
      this.#slotsRun = null;
    });
  }

  async #readSlots(arch: string | null, port: number | null): Promise<void> {
    try {
      this.#known = (await readSlotsOf(this.#open(), arch, port)).known;
      this.#slotReads = { ...this.#slotReads, ok: this.#slotReads.ok + 1 };
    } catch (error) {
      if (!isFailure(error) && !isSystemError(error)) throw error;
      this.#slotReads = { ...this.#slotReads, failed: this.#slotReads.failed + 1 };
      this.#trouble(`slots could not be read: ${error.message}`);
    }
    this.#slotsDone = true;
    this.#staleAt = Number.NEGATIVE_INFINITY;
  }

  /** As they are now; without the drivers' if these do not answer in time. */
  async counters({ nics, groups }: Pick<Host, 'nics' | 'groups'>): Promise<Counters> {
    const irqs = new Set(nics.flatMap((nic) => nic.irqs.map(({ irq }) => irq)));
    const system = this.#open();
    const text = irqs.size === 0 ? null : system.files.text('/proc/interrupts');
    this.#statistics ??= packetsOf(system, nics).finally(() => {
      this.#statistics = null;
    });
    const late = createTimer(PATIENCE_MS);
    try {
      const [packets, sockets] = await Promise.all([
        Promise.race([this.#statistics, late.over.then(() => null)]),
        groups.length === 0 ? new Map() : socketsOf(system),
      ]);
      return { packets, sockets, interrupts: text === null ? new Map() : sumInterrupts(text, irqs) };
    } finally {
      late.cancel();
    }
  }
}

/** null if the kernel refuses. */
async function socketsOf({ kernel }: System): Promise<Counters['sockets']> {
  try {
    const sockets = (await kernel?.sockets()) ?? [];
    return new Map(sockets.map((socket) => [socket.inode, socket]));
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

async function packetsOf(system: System, nics: readonly Nic[]): Promise<Counters['packets']> {
  const statistics = await readStatistics(system, nics);
  return {
    rx: new Map(statistics.map(([name, all]) => [name, queuePackets(all)])),
    tx: new Map(statistics.map(([name, all]) => [name, sentPackets(all)])),
  };
}
