/** How the settings of a baseline are now, in numbers and in one sentence. Pure. */
import { count, names } from '../words/phrase.ts';
import type { Baseline, Observation, Observed } from './types.ts';

export interface Summary {
  readonly settings: number;
  readonly drifted: readonly Observed[];
  readonly pending: number;
  readonly unknown: number;
  /** Their object is not there. */
  readonly gone: number;
  /** Those of servers that are not running. */
  readonly ended: number;
  /** The groups of these servers. */
  readonly stopped: readonly string[];
  /** Those of servers that run. */
  readonly groups: number;
  readonly repairs: number;
  readonly lastRepairAt: number | null;
  readonly givenUp: readonly string[];
  readonly paused: boolean;
  readonly checks: number;
}

/** How many settings are how. */
export function countsOf(
  seen: Observation | null,
): Pick<Summary, 'settings' | 'drifted' | 'pending' | 'unknown' | 'gone' | 'ended' | 'stopped'> {
  const settings = [...(seen?.settings.values() ?? [])];
  const inState = (state: Observed['state']) => settings.filter((each) => each.state === state);
  return {
    settings: settings.length,
    drifted: inState('drifted'),
    pending: inState('pending').length,
    unknown: inState('unknown').length,
    gone: inState('gone').length,
    ended: inState('ended').length,
    stopped: [...new Set(inState('ended').flatMap(({ owner }) => owner ?? []))],
  };
}

/** The steered groups that are there; before the first look all of them. */
export const groupsOf = ({ sizes }: Baseline, seen: Observation | null): number =>
  [...sizes.keys()].filter((id) => seen?.generations.has(id) ?? true).length;

/** One sentence for `systemctl status`. */
export function sentence(summary: Summary, timeOf: (at: number) => string): string {
  const { drifted, gone, unknown, stopped, groups, repairs, lastRepairAt, givenUp, paused } = summary;
  const settings = summary.settings - summary.ended;
  const what = `${count(settings, 'setting')}${groups > 0 ? ` and ${count(groups, 'group')}` : ''}`;
  const isIdle = settings === 0 && stopped.length > 0;
  const [first = isIdle ? 'nothing to compare now' : `${what} as planned`, ...others] = [
    drifted.length > 0 ? `${drifted.length} of ${what} drifted` : null,
    gone > 0 ? `${gone} of ${what} not there` : null,
    unknown > 0 ? `${unknown} of ${what} not known` : null,
  ].filter((text) => text !== null);
  const parts = [
    first,
    ...others,
    stopped.length > 0 ? noServer(stopped) : '',
    repairs > 0 && lastRepairAt !== null ? `${repairs} repaired, last at ${timeOf(lastRepairAt)}` : '',
    givenUp.length > 0 ? `${count(givenUp.length, 'setting')} given up` : '',
    paused ? 'repairs are paused' : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

/** Groups that have ended with their servers. */
export const noServer = (groups: readonly string[]): string => `no server runs on ${names(groups)}`;
