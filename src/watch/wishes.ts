/** What should be set again, and what is said of it. Pure. */
import type { Change, Kind } from '../tune/types.ts';
import { isReadApart } from '../tune/value-in.ts';
import type { Baseline, Observation } from './types.ts';
import { type Writer, writerName } from './writer.ts';

export interface Wish {
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

export function wishesOf({ settings }: Observation, baseline: Baseline): Wish[] {
  const commands = new Map(baseline.settings.map(({ subject, command }) => [subject, command]));
  return [...settings.values()].flatMap(({ kind, subject, state, wanted, is, owner, target }) => {
    if (state !== 'drifted') return [];
    const command = commands.get(subject) ?? '';
    const change: Change | null =
      target === null ? null : { kind, subject, target, from: is, to: wanted, why: '', command };
    return [{ kind, subject, wanted, from: is, change, owner }];
  });
}

/** `all` does not repair what `xdp` and `balance` attach, so the line says how a person does. */
export const byHand = ({ change }: Wish): string =>
  change !== null && isReadApart(change.target) && change.command !== ''
    ? `to set it again: ${change.command.split('\n').join('; ')}`
    : '';

export function causeOf(by: Writer | null, heard: boolean, event: string | null): string {
  if (by !== null) return `${writerName(by)} wrote it`;
  if (heard) return 'a process that has ended wrote it';
  if (event !== null) return event;
  return 'not known: the kernel reports no such change';
}

/** What was repaired is not news at the next check. */
export function asWanted(observation: Observation | null, subject: string): Observation | null {
  const old = observation?.settings.get(subject);
  if (observation === null || old === undefined) return observation;
  const settings = new Map(observation.settings).set(subject, { ...old, state: 'as-set', is: old.wanted });
  return { ...observation, settings };
}
