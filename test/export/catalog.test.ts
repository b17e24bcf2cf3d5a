import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PAGE, withTables } from '../../scripts/metrics-page.ts';
import { METRICS, type Metric } from '../../src/export/catalog.ts';

const metrics = Object.entries<Metric>(METRICS);

describe('the catalog', () => {
  it('is what docs/metrics.md says; if not: node scripts/metrics-page.ts', () => {
    const page = readFileSync(PAGE, 'utf8');
    expect(withTables(page)).toBe(page);
    for (const [name] of metrics) expect(page).toContain(`\`${name}\``);
  });

  it('names counters, infos and units as Prometheus wants it', () => {
    for (const [name, { type, unit }] of metrics) {
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name.endsWith('_info'), name).toBe(type === 'info');
      if (unit === 'seconds' || unit === 'ratio' || unit === 'bytes')
        expect(name.replace(/_total$/, ''), name).toMatch(new RegExp(`_${unit}$`));
    }
  });

  it('never has a process as a label, and no quotes in a help text, which the formats write differently', () => {
    for (const [name, { labels, help }] of metrics) {
      expect(labels, name).not.toContain('pid');
      expect(help, name).toMatch(/^[^"\\\n]+\.$/);
    }
  });
});
