/** The text of a scrape: Prometheus' exposition format 0.0.4, or OpenMetrics 1.0. Pure. */
import { METRICS, type MetricName, PREFIX } from './catalog.ts';
import type { Lines } from './scrape.ts';

export type Format = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

const NAMES = Object.keys(METRICS) as readonly MetricName[];

/** Metrics without a series are left out. */
export function textOf(lines: Lines, format: Format): string {
  const parts: string[] = [];
  for (const name of NAMES) {
    const of = lines.get(name);
    if (of === undefined || of.length === 0) continue;
    parts.push(header(name, format), ...of);
  }
  if (format === 'openmetrics') parts.push('# EOF');
  return `${parts.join('\n')}\n`;
}

/** OpenMetrics names a family without the suffix of its type. */
function header(name: MetricName, format: Format): string {
  const { type, unit, help } = METRICS[name];
  if (format === 'prometheus')
    return `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type === 'info' ? 'gauge' : type}`;
  const family = `${PREFIX}${name.replace(type === 'info' ? /_info$/ : type === 'counter' ? /_total$/ : /$/, '')}`;
  const of = unit !== null && family.endsWith(`_${unit}`) ? `\n# UNIT ${family} ${unit}` : '';
  return `# HELP ${family} ${help}\n# TYPE ${family} ${type}${of}`;
}
