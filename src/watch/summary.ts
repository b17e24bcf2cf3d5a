/** How the settings of a baseline are now, in numbers and in one sentence. Pure. */
import { count } from '../words/phrase.ts';
import type { Observation, Observed } from './types.ts';

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

/** How many settings are how. */
export function countsOf(
  seen: Observation | null,
): Pick<Summary, 'settings' | 'drifted' | 'pending' | 'unknown' | 'gone'> {
  const settings = [...(seen?.settings.values() ?? [])];
  const inState = (state: Observed['state']) => settings.filter((each) => each.state === state);
  return {
    settings: settings.length,
    drifted: inState('drifted'),
    pending: inState('pending').length,
    unknown: inState('unknown').length,
    gone: inState('gone').length,
  };
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
