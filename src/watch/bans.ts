/** The interrupts that irqbalance leaves alone: those of its command line, and those that it was told of later. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host/types.ts';
import { isFailure, isSystemError } from '../system/errors.ts';
import type { Irqbalance } from '../tune/irqbalance.ts';

/** It does not answer while it scans the machine, for 10 s after each ban. A look at the machine does not wait for that. */
const PATIENCE_MS = 1_000;

/** Adds them to a machine that was read; null for as long as irqbalance has not answered since it was started. */
export function knownBans({ banned }: Pick<Irqbalance, 'banned'>): (host: Host) => Promise<Host> {
  let known: readonly number[] | null = null;
  let asked: Promise<void> | null = null;

  const ask = async (): Promise<void> => {
    try {
      // Without a socket there are only those of its command line.
      known = (await banned()) ?? [];
    } catch (error) {
      if (!isFailure(error) && !isSystemError(error)) throw error;
      known = null;
    } finally {
      asked = null;
    }
  };
  return async (host) => {
    const { irqbalance } = host.machine;
    if (irqbalance.running !== true) {
      known = null;
      return host;
    }
    asked ??= ask();
    const patience = new AbortController();
    await Promise.race([asked, sleep(PATIENCE_MS, null, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
    const bannedIrqs = known === null ? null : [...new Set([...known, ...(irqbalance.bannedIrqs ?? [])])];
    return { ...host, machine: { ...host.machine, irqbalance: { ...irqbalance, bannedIrqs } } };
  };
}
