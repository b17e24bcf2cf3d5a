/** A finding in one line. A word shows its severity, because colours mean locality. */

import type { Finding, Severity } from '../../src/diagnose/types.ts';
import { clean } from '../../src/report/text.ts';
import type { Theme } from '../theme.ts';
import { type Line, type Span, span, type Tone } from './line.ts';

const TONE: Readonly<Record<Severity, Tone | null>> = { error: 'strong', warning: null, info: 'dim' };

/** Columns of {@link severitySpan}. */
export const SEVERITY = 'warning'.length;

export function severitySpan(severity: Severity): Span {
  return span(severity.padEnd(SEVERITY), TONE[severity]);
}

export function findingLine({ severity, subject, message }: Finding, { unicode }: Theme): Line {
  return [
    severitySpan(severity),
    span('  '),
    span(clean(subject, unicode), 'strong'),
    span(`  ${clean(message, unicode)}`),
  ];
}
