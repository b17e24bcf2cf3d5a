/** The files of docs/monitoring are what the programs that read them accept, and name only metrics that exist. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DaemonSet } from 'kubernetes-models/apps/v1';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { asText, DASHBOARD } from '../../scripts/dashboard.ts';
import { METRICS, PREFIX } from '../../src/export/catalog.ts';
import { expressions } from './expressions.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'docs/monitoring');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const temporary = mkdtempSync(join(tmpdir(), 'lt-monitoring-'));
afterAll(() => rmSync(temporary, { recursive: true }));

/** Throws with what it printed if it fails. */
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

describe('Prometheus and Alertmanager', () => {
  it.each([
    ['promtool', 'check', 'rules', '--lint-fatal', 'recording-rules.yml', 'alerting-rules.yml'],
    ['promtool', 'check', 'config', '--lint-fatal', 'prometheus.yml'],
    ['amtool', 'check-config', 'alertmanager.yml'],
  ])('%s %s %s', (program, ...args) => {
    expect(run(program, ...args)).toContain('SUCCESS');
  });

  it('fires each alert where it should, and nowhere else', () => {
    expect(run('promtool', 'test', 'rules', join(import.meta.dirname, 'alerting-rules.test.yml'))).toContain(
      'SUCCESS',
    );
  });

  it('has a test for each alert', () => {
    const tested = readFileSync(join(import.meta.dirname, 'alerting-rules.test.yml'), 'utf8');
    for (const { alert } of alerts()) expect(tested).toContain(`alertname: ${alert}\n`);
  });
});

interface Alert {
  readonly alert: string;
  readonly annotations: { readonly runbook_url: string };
}

const alerts = (): readonly Alert[] => parse(read('alerting-rules.yml')).groups[0].rules;

describe('runbooks', () => {
  it('are pages of this documentation, and their sections exist', () => {
    for (const { alert, annotations } of alerts()) {
      const [page = '', section] = annotations.runbook_url.split('#');
      expect(existsSync(join(root, page)), `${alert}: ${page}`).toBe(true);
      if (section !== undefined && !section.startsWith('{{'))
        expect(readFileSync(join(root, page), 'utf8')).toContain(`\n## ${section}\n`);
    }
  });
});

describe('the collectors', () => {
  it('of OpenTelemetry scrapes by a configuration that Prometheus accepts, in a pipeline of what is defined', () => {
    const { receivers, processors, exporters, service } = parse(read('otel-collector.yml'));
    const file = join(temporary, 'scrape.yml');
    writeFileSync(file, stringify(receivers.prometheus.config));
    expect(run('promtool', 'check', 'config', file)).toContain('SUCCESS');
    const { metrics } = service.pipelines;
    expect(Object.keys(receivers)).toEqual(metrics.receivers);
    expect(Object.keys(processors)).toEqual(metrics.processors);
    expect(Object.keys(exporters)).toEqual(metrics.exporters);
  });

  it('of VictoriaMetrics scrapes by one that Prometheus accepts too', () => {
    expect(run('promtool', 'check', 'config', 'vmagent.yml')).toContain('SUCCESS');
  });
});

describe('the dashboard', () => {
  it('is what scripts/dashboard.ts writes; if not: node scripts/dashboard.ts', () => {
    expect(readFileSync(DASHBOARD, 'utf8')).toBe(asText());
  });
});

describe('every expression', () => {
  it('names only metrics that exist, and recording rules of this folder', () => {
    const recorded = new Set<string>(
      parse(read('recording-rules.yml')).groups[0].rules.map(({ record }: { record: string }) => record),
    );
    const all = expressions();
    expect(all.length).toBeGreaterThan(25);
    for (const expr of all)
      for (const [name] of expr.matchAll(/[a-z_:]*locality_tune_[a-z_0-9:]+/g))
        expect(
          name in METRICS || recorded.has(name) || name.slice(PREFIX.length) in METRICS,
          `${name} in ${expr}`,
        ).toBe(true);
  });
});

describe('the DaemonSet', () => {
  it('is one by the schema of Kubernetes, and a misspelt field is not', () => {
    const manifest = parse(read('daemonset.yml'));
    new DaemonSet(manifest).validate();
    const { template, ...spec } = manifest.spec;
    expect(() => new DaemonSet({ ...manifest, spec: { ...spec, templates: template } }).validate()).toThrow(
      /templates|template/,
    );
  });
});
