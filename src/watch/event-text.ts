/** What happened, in words. */
import { brief } from '../tune/refusal.ts';
import type { WatchEvent } from './types.ts';
import { writerName } from './writer.ts';

/** `eth0 rx-2 interrupt: 2 -> 0`. */
export function changeText({ kind, subject, from, to }: WatchEvent): string {
  const change =
    kind === 'finding' ? (to ?? `no longer: ${from ?? ''}`) : `${valueText(from)} -> ${valueText(to)}`;
  return `${subject}: ${change}`;
}

export const valueText = (value: string | null): string =>
  value === null ? 'not there' : brief(value.replaceAll('\n', '; '));

/** `set_irq.sh (irq.service), pid 4711, wrote it; repaired; it is 2 again`; empty if there is nothing to say. */
export const detailsOf = (event: WatchEvent): string =>
  [causeText(event), actionText(event), event.why].filter((text) => text !== '').join('; ');

/** With the pid, which tells two runs of one script apart. */
const causeText = ({ cause, by }: WatchEvent): string =>
  by === null ? cause : `${writerName(by)}, pid ${by.pid}, wrote it`;

const actionText = ({ action }: WatchEvent): string =>
  action === 'none' ? '' : action === 'given-up' ? 'given up' : action;
