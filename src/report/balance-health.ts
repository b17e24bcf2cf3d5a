/** What `balance health` prints: a line for each event, so that a service manager's log can be read. */
import type { HealthEvent } from '../balance/health.ts';
import { type Line, paragraph, type Style, type Tone } from './text.ts';

const TONES: Readonly<Partial<Record<HealthEvent['event'], Tone>>> = {
  down: 'remote',
  kept: 'partly',
  up: 'local',
};

export const healthLines = (event: HealthEvent, style: Style): readonly Line[] =>
  paragraph(`${event.iface}: `, wordsFor(event), style, TONES[event.event] ?? null);

function wordsFor({ event, vip, backend, why, moved, digest }: HealthEvent): string {
  const rows = `${moved.toLocaleString('en-US')} rows moved, digest ${digest}`;
  switch (event) {
    case 'watching':
      return `${vip} is checked ${why}`;
    case 'unchecked':
      return `${vip} is not checked: ${why}`;
    case 'down':
      return `${vip}: ${backend} gets no packets any longer: ${why} (${rows})`;
    case 'up':
      return `${vip}: ${backend} gets packets again: ${why} (${rows})`;
    case 'kept':
      return `${vip}: ${backend} fails and gets packets all the same, because too little would be left: ${why}`;
  }
}
