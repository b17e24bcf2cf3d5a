/** The latest reading of the configuration, repeated in the background: no sample waits for it. */
import { machine } from 'node:os';
import { isOutdated, type KnownSlots, readQuickly, readSlotsOf } from '../host/known-slots.ts';
import type { Host } from '../host/types.ts';
import { isFailure, isSystemError } from '../system/errors.ts';
import type { System } from '../system/types.ts';
import { changesBetween } from './changes.ts';
import { type ConfigurationOptions, isSameConfiguration, toConfiguration } from './configuration.ts';
import type { Events } from './events.ts';
import type { Configuration } from './types.ts';

/** Seconds between readings, but at least this many times the duration of a reading. */
const SECONDS = 5;
const SHARE = 50;
/** Seconds between readings of slots and programs, which start bpftrace: if sockets have changed, and otherwise. */
const SLOTS_SECONDS = 10;
const SLOTS_ANYWAY_SECONDS = 60;

export interface ConfigurationWatch {
  now(): Configuration;
  /** Starts a reading if one is due or requested, and returns at once. */
  lookAgain(wished: boolean): void;
}

/** @param slots also read them, which needs root. Throws what readHost throws. */
export async function watchConfiguration(
  system: System,
  options: ConfigurationOptions,
  slots: boolean,
  report: Events['report'],
): Promise<ConfigurationWatch> {
  let known: KnownSlots = new Map();
  let host: Host = await readQuickly(system, options, known, slots);
  let configuration = toConfiguration(host, options.netns);
  let [readAt, took, slotsAt] = [performance.now(), 0, Number.NEGATIVE_INFINITY];

  const show = (next: Host): void => {
    for (const change of changesBetween(host, next)) report('change', change);
    host = next;
    const fresh = toConfiguration(next, options.netns);
    if (!isSameConfiguration(configuration, fresh)) configuration = fresh;
  };
  const quick = createReader('reading the configuration', report, async () => {
    const began = performance.now();
    show(await readQuickly(system, options, known, slots));
    readAt = performance.now();
    took = readAt - began;
  });
  const slow = createReader('reading slots', report, async () => {
    slotsAt = performance.now();
    ({ known } = await readSlotsOf(system, machine(), options.port));
    quick.read(true);
  });
  const lookAgain = (wished: boolean): void => {
    const now = performance.now();
    if (wished || now - readAt > Math.max(1000 * SECONDS, SHARE * took)) quick.read(wished);
    if (!slots || host.groups.length === 0) return;
    const wait = 1000 * (isOutdated(host.groups, known) ? SLOTS_SECONDS : SLOTS_ANYWAY_SECONDS);
    if (wished || now - slotsAt > wait) slow.read(wished);
  };
  lookAgain(false);
  return { now: () => configuration, lookAgain };
}

interface Reader {
  /**
   * Reads at once. If a reading is running and `repeat` is set, reads again after it, because the machine may have
   * changed since it began.
   */
  read(repeat: boolean): void;
}

/** One reading at a time. */
function createReader(what: string, report: Events['report'], act: () => Promise<void>): Reader {
  let [running, again] = [false, false];
  const run = async (): Promise<void> => {
    try {
      await act();
    } catch (error) {
      // What cannot be read now may be readable the next time; a bug is rethrown.
      if (!isFailure(error) && !isSystemError(error)) throw error;
      report('trouble', `${what}: ${error.message}`);
    } finally {
      running = false;
      if (again) read(false);
    }
  };
  const read = (repeat: boolean): void => {
    again = running && (again || repeat);
    if (running) return;
    running = true;
    void run();
  };
  return { read };
}
