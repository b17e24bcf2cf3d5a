/** Reads the series of a scrape. */
import { type MetricName, PREFIX } from '../../src/export/catalog.ts';
import type { Scrape } from '../../src/export/scrape.ts';

/** `{device="eth0"} 4` of each series of a metric. */
export const seriesOf = (scrape: Scrape, name: MetricName): string[] =>
  (scrape.lines.get(name) ?? []).map((line) => line.slice(PREFIX.length + name.length));

/** `what=reason` of what is missing. */
export const missingFrom = (scrape: Scrape): string[] =>
  seriesOf(scrape, 'missing').flatMap((line) => {
    const [, what, reason] = /^\{what="(.*)",reason="(.*)"\} 1$/.exec(line) ?? [];
    return what === undefined ? [] : [`${what}=${reason}`];
  });
