/** The PromQL of all files in docs/monitoring, with Grafana's variables filled in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { dashboard } from '../../scripts/dashboard.ts';

const folder = join(import.meta.dirname, '../../docs/monitoring');

const VARIABLES: Readonly<Record<string, string>> = {
  __rate_interval: '1m',
  __interval: '1m',
  job: '.*',
};

/** @param instance the host that the lower rows of the dashboard are about */
export const dashboardExpressions = (instance: string): readonly string[] =>
  (dashboard().panels ?? [])
    .flatMap((panel) => ('targets' in panel ? (panel.targets ?? []) : []))
    .flatMap((target) => ('expr' in target && typeof target.expr === 'string' ? [target.expr] : []))
    .map((expr) =>
      expr.replace(/\$(\w+)/g, (_, name: string) =>
        name === 'instance' ? instance : (VARIABLES[name] ?? ''),
      ),
    );

const ruleExpressions = (file: string): readonly string[] =>
  parse(readFileSync(join(folder, file), 'utf8')).groups[0].rules.map(({ expr }: { expr: string }) => expr);

export const expressions = (instance = 'web-01:9884'): readonly string[] => [
  ...ruleExpressions('recording-rules.yml'),
  ...ruleExpressions('alerting-rules.yml'),
  ...dashboardExpressions(instance),
];
