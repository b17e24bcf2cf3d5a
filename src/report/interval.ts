/** The common parts of the headlines of measured intervals. */
import { UNKNOWN } from '../words/phrase.ts';
import { shareTone } from './format.ts';
import { type Span, span } from './text.ts';

/** Wall-clock time, as in a log. */
export const clock = (time: Date): string => time.toTimeString().slice(0, 8);

/** `percent` 0 to 100, as in the documents. */
export function percentSpan(percent: number | null): Span {
  const share = percent === null ? null : percent / 100;
  return span(percent === null ? UNKNOWN : `${percent.toFixed(1)} %`, shareTone(share));
}
