/** `node scripts/metrics-page.ts`: writes the tables of docs/metrics.md from the catalog; a test fails if they are out of date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS, type Metric, MISSING, PREFIX } from '../src/export/catalog.ts';

export const PAGE = join(import.meta.dirname, '../docs/metrics.md');

const MARKED = /(<!-- (?!end)(\w+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The page with fresh tables. Throws if it has a mark that nothing is known of. */
export function withTables(page: string): string {
  return page.replace(MARKED, (_, begin: string, name: string, end: string) => {
    const make = TABLES[name];
    if (make === undefined) throw new Error(`docs/metrics.md: no table is called ${name}`);
    return `${begin}${make()}\n${end}`;
  });
}

const TABLES: Readonly<Record<string, () => string>> = {
  both: () => metricTable('both'),
  running: () => metricTable('running'),
  missing: missingTable,
};

function metricTable(where: Metric['where']): string {
  const rows = Object.entries<Metric>(METRICS)
    .filter(([, metric]) => metric.where === where)
    .map(([name, { type, unit, labels, help, source }]) => {
      const cells = [
        `\`${name}\``,
        type,
        labels.map((label) => `\`${label}\``).join(', '),
        unit ?? '',
        help,
        source,
      ];
      return `| ${cells.join(' | ')} |`;
    });
  return [
    `| ${PREFIX}… | type | labels | unit | meaning | source |`,
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function missingTable(): string {
  const rows = Object.entries(MISSING).map(
    ([what, reasons]) => `| \`${what}\` | ${reasons.map((reason) => `\`${reason}\``).join(', ')} |`,
  );
  return ['| `what` | `reason` |', '|---|---|', ...rows].join('\n');
}

if (process.argv[1] === import.meta.filename) writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8')));
