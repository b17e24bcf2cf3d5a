/** What `watch` prints: a line for each event, and the one line of a check. */
import { newestEvents, type Watchers } from '../watch/ask.ts';
import { changeText, detailsOf, valueText } from '../watch/event-text.ts';
import { countsOf, groupsOf, noServer } from '../watch/summary.ts';
import type { Baseline, Observation, Observed, WatchEvent } from '../watch/types.ts';
import { count, names } from '../words/phrase.ts';
import { type Line, paragraph, type Style, span, type Tone } from './text.ts';

/**
 * `14:02:11  irq  eth0 rx-2 interrupt: 2 -> 0  (set_irq.sh (irq.service), pid 7, wrote it; repaired)`.
 * @param time null: the journal adds it
 * @param prefix such as a priority for journald
 */
export function eventLine(event: WatchEvent, time: string | null, prefix = ''): Line {
  const details = detailsOf(event);
  return [
    span(`${prefix}${time === null ? '' : `${time}  `}`, 'unknown'),
    span(`${event.kind}  `, 'unknown'),
    span(changeText(event), TONES[event.action]),
    span(details === '' ? '' : `  (${details})`, null),
  ];
}

const TONES: Readonly<Record<WatchEvent['action'], Tone | null>> = {
  none: null,
  repaired: 'local',
  failed: 'remote',
  'given-up': 'remote',
};

export type CheckVerdict = 'as planned' | 'drift' | 'unknown';

/** A setting of an interface that is not there is not as planned. */
const isNotKnown = ({ state }: Observed): boolean => state === 'unknown' || state === 'gone';
const isInForce = ({ state }: Observed): boolean => state !== 'ended';

/** A server that was stopped is no drift, and leaves the rest known. If nothing is left, there is nothing to tell. */
export function verdictOf({ settings }: Observation): CheckVerdict {
  const all = [...settings.values()].filter(isInForce);
  if (all.some(({ state }) => state === 'drifted')) return 'drift';
  return all.length === 0 || all.some(isNotKnown) ? 'unknown' : 'as planned';
}

const WORDS = { 'as planned': 'OK', drift: 'WARNING', unknown: 'UNKNOWN' } as const;

/** As Monitoring Plugins print it: one line, and what is counted behind a bar. */
export function checkLine(observation: Observation, baseline: Baseline): string {
  const all = [...observation.settings.values()].filter(isInForce);
  const { ended, stopped } = countsOf(observation);
  const groups = groupsOf(baseline, observation);
  const drifted = all.filter(({ state }) => state === 'drifted');
  const unknown = all.filter(isNotKnown);
  const verdict = verdictOf(observation);
  const what = `${count(all.length, 'setting')}${groups > 0 ? ` and ${count(groups, 'group')}` : ''}`;
  const text = {
    'as planned': `${what} as planned`,
    drift: `${drifted.length} of ${what} drifted: ${names(
      drifted.map(({ subject, wanted, is }) => `${subject} is ${valueText(is)}, not ${valueText(wanted)}`),
    )}`,
    unknown:
      unknown.length === 0
        ? 'nothing to compare now'
        : `cannot tell: ${names(
            unknown.map(
              ({ subject, state }) => `${subject} is ${state === 'gone' ? 'not there' : 'not known'}`,
            ),
          )}`,
  }[verdict];
  const also = stopped.length === 0 ? '' : `; ${noServer(stopped)}`;
  const figures = `settings=${all.length} drift=${drifted.length} unknown=${unknown.length} ended=${ended}`;
  return `locality-tune ${WORDS[verdict]}: ${`${text}${also}`.replaceAll('|', '/')} | ${figures}`;
}

/** Events of the watchers that `status` shows. */
const NEWEST = 5;

export function watcherLines(watched: Watchers, style: Style): Line[] {
  return [
    ...watched.watchers.flatMap(({ pid, sentence, repairs }) => {
      const what = repairs.length === 0 ? 'it repairs nothing' : `it repairs ${repairs.join(', ')}`;
      return paragraph('watcher: ', `pid ${pid}: ${sentence}; ${what}`, style);
    }),
    ...newestEvents(watched, NEWEST).map((event) => eventLine(event, event.time)),
    ...watched.notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
}
