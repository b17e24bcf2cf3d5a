/**
 * `node scripts/dashboard.ts`: writes docs/monitoring/grafana-dashboard.json; a test fails if it is out of date. It is built
 * with Grafana's own library, so what Grafana does not know does not compile.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  StackingConfigBuilder,
  StackingMode,
  TableSortByFieldStateBuilder,
  VisibilityMode,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  FieldColorBuilder,
  FieldColorModeId,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

export const DASHBOARD = join(import.meta.dirname, '../docs/monitoring/grafana-dashboard.json');

/** Of the recording rules. */
const LOCAL = 'instance_direction:locality_tune_skb_local:ratio_increase15m';
const EXPECTED = 'instance:locality_tune_expected_locality:min';
const SHARE = 'instance_group_slot:locality_tune_slot_packets:share15m';

const SOURCE = { type: 'prometheus', uid: '$datasource' };
/** All that are chosen above, and the one that the lower rows are about. */
const FLEET = 'job=~"$job"';
const HOST = 'job=~"$job", instance="$instance"';

const promql = (expr: string, legend: string) =>
  new DataqueryBuilder().datasource(SOURCE).expr(expr).legendFormat(legend).range();

const column = (refId: string, expr: string) =>
  new DataqueryBuilder().datasource(SOURCE).refId(refId).expr(expr).instant().format(PromQueryFormat.Table);

const bad = (...steps: readonly (readonly [value: number | null, color: string])[]) =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));

const RATIO = bad([null, 'red'], [0.5, 'orange'], [0.995, 'green']);
const COUNT = bad([null, 'green'], [1, 'red']);
const byThreshold = new FieldColorBuilder().mode(FieldColorModeId.Thresholds);

const legend = new VizLegendOptionsBuilder()
  .displayMode(LegendDisplayMode.List)
  .placement(LegendPlacement.Bottom)
  .showLegend(true);

const lines = (title: string, unit: string) =>
  new TimeSeries().title(title).datasource(SOURCE).unit(unit).min(0).span(12).height(8).legend(legend);
const ratioLines = (title: string) => lines(title, 'percentunit').max(1);
const bars = (title: string) =>
  lines(title, 'short')
    .drawStyle(GraphDrawStyle.Bars)
    .fillOpacity(80)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal));

const stat = (title: string, expr: string) =>
  new Stat()
    .title(title)
    .datasource(SOURCE)
    .span(6)
    .height(4)
    .thresholds(COUNT)
    .colorScheme(byThreshold)
    .withTarget(promql(expr, ''));

/** The label of each column, by the query that it comes from. */
const COLUMNS = {
  A: ['expected', `min by (job, instance) (${EXPECTED}{${FLEET}})`],
  B: ['measured', `min by (job, instance) (${LOCAL}{${FLEET}, direction="rx"})`],
  C: ['errors', `sum by (job, instance) (locality_tune_findings{${FLEET}, severity="error"})`],
  D: ['warnings', `sum by (job, instance) (locality_tune_findings{${FLEET}, severity="warning"})`],
  E: ['drift', `sum by (job, instance) (locality_tune_drift{${FLEET}})`],
  F: ['queues', `sum by (job, instance) (locality_tune_device_queues{${FLEET}, direction="rx"})`],
  G: ['version', `max by (job, instance, version) (locality_tune_build_info{${FLEET}})`],
} as const;

/** All hosts in one table; a click on one opens the rows below for it. */
function worstHosts() {
  const names = Object.entries(COLUMNS).map(([refId, [name]]) => [`Value #${refId}`, name] as const);
  const panel = new Table()
    .title('Hosts, the worst first')
    .datasource(SOURCE)
    .span(24)
    .height(10)
    .sortBy([
      new TableSortByFieldStateBuilder().displayName('errors').desc(true),
      new TableSortByFieldStateBuilder().displayName('expected').desc(false),
    ])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true, 'Value #G': true },
        renameByName: Object.fromEntries(names),
      },
    });
  for (const name of ['expected', 'measured'])
    panel.overrideByName(name, [
      { id: 'unit', value: 'percentunit' },
      { id: 'thresholds', value: RATIO.build() },
      { id: 'custom.cellOptions', value: { type: 'color-text' } },
    ]);
  for (const name of ['errors', 'drift'])
    panel.overrideByName(name, [
      { id: 'thresholds', value: COUNT.build() },
      { id: 'custom.cellOptions', value: { type: 'color-text' } },
    ]);
  panel.overrideByName('instance', [
    {
      id: 'links',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own variable
      value: [{ title: 'Show this host', url: '/d/locality-tune?var-instance=${__value.text}' }],
    },
  ]);
  for (const [refId, [, expr]] of Object.entries(COLUMNS)) panel.withTarget(column(refId, expr));
  return panel;
}

const queuesToCpus = () =>
  new StateTimeline()
    .title('CPU that takes the interrupts of each RX queue')
    .description('A change of colour is a moved interrupt.')
    .datasource(SOURCE)
    .span(24)
    .height(10)
    .showValue(VisibilityMode.Always)
    .mergeValues(true)
    .legend(new VizLegendOptionsBuilder().showLegend(false))
    .withTarget(promql(`locality_tune_queue_irq_cpu{${HOST}, direction="rx"}`, '{{device}} rx-{{queue}}'));

const slotsToCpus = () =>
  new StateTimeline()
    .title('CPU of the worker of each slot')
    .description('Empty: its worker is not pinned to one CPU.')
    .datasource(SOURCE)
    .span(24)
    .height(8)
    .showValue(VisibilityMode.Always)
    .mergeValues(true)
    .legend(new VizLegendOptionsBuilder().showLegend(false))
    .withTarget(promql(`locality_tune_slot_worker_cpu{${HOST}}`, '{{group}} slot {{slot}}'));

export const dashboard = () =>
  new DashboardBuilder('Packet locality')
    .uid('locality-tune')
    .description('Metrics of `locality-tune export`, with the recording rules of docs/monitoring.')
    .tags(['locality-tune'])
    .refresh('1m')
    .time({ from: 'now-3h', to: 'now' })
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('job')
        .label('Job')
        .datasource(SOURCE)
        .query('label_values(locality_tune_build_info, job)')
        .refresh(VariableRefresh.OnDashboardLoad)
        .includeAll(true)
        .allValue('.*')
        .multi(true),
    )
    .withVariable(
      new QueryVariableBuilder('instance')
        .label('Host')
        .datasource(SOURCE)
        .query('label_values(locality_tune_build_info{job=~"$job"}, instance)')
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.NumericalAsc),
    )
    .withRow(new RowBuilder('Fleet'))
    .withPanel(stat('Hosts', `count(locality_tune_build_info{${FLEET}})`).thresholds(bad([null, 'text'])))
    .withPanel(
      stat(
        'Hosts with errors',
        `count(sum by (job, instance) (locality_tune_findings{${FLEET}, severity="error"}) > 0) or vector(0)`,
      ),
    )
    .withPanel(stat('Drifted settings', `sum(locality_tune_drift{${FLEET}}) or vector(0)`))
    .withPanel(stat('Settings given up', `sum(locality_tune_watch_given_up{${FLEET}}) or vector(0)`))
    .withPanel(worstHosts())
    .withPanel(
      ratioLines('Received packets that are local, the ten lowest').withTarget(
        promql(`bottomk(10, ${LOCAL}{${FLEET}, direction="rx"})`, '{{instance}}'),
      ),
    )
    .withPanel(
      bars('Findings by rule').withTarget(
        promql(`sum by (rule) (locality_tune_findings{${FLEET}, severity=~"error|warning"}) > 0`, '{{rule}}'),
      ),
    )
    .withRow(new RowBuilder('Locality of $instance'))
    .withPanel(
      ratioLines('Measured and expected')
        .withTarget(promql(`${LOCAL}{${HOST}}`, 'measured {{direction}}'))
        .withTarget(
          promql(`locality_tune_expected_locality_ratio{${HOST}}`, 'expected {{group}} {{device}}'),
        ),
    )
    .withPanel(
      ratioLines('Connections accepted on their receiving CPU').withTarget(
        promql(`instance_port:locality_tune_accepts_local:ratio_increase15m{${HOST}}`, 'port {{port}}'),
      ),
    )
    .withPanel(queuesToCpus())
    .withPanel(slotsToCpus())
    .withPanel(
      lines('Packets of each RX queue', 'pps').withTarget(
        promql(
          `rate(locality_tune_queue_packets_total{${HOST}, direction="rx"}[$__rate_interval])`,
          '{{device}} rx-{{queue}}',
        ),
      ),
    )
    .withPanel(
      ratioLines('Share of each slot').withTarget(promql(`${SHARE}{${HOST}}`, '{{group}} slot {{slot}}')),
    )
    .withRow(new RowBuilder('Drift of $instance'))
    .withPanel(
      bars('Drift, by who changed it').withTarget(
        promql(
          `sum by (kind, cause) (increase(locality_tune_drift_events_total{${HOST}}[$__interval])) > 0`,
          '{{kind}} by {{cause}}',
        ),
      ),
    )
    .withPanel(
      bars('Repairs').withTarget(
        promql(
          `sum by (kind, result) (increase(locality_tune_repairs_total{${HOST}}[$__interval])) > 0`,
          '{{kind}} {{result}}',
        ),
      ),
    )
    .withPanel(
      lines('Packets dropped by slots', 'pps').withTarget(
        promql(
          `rate(locality_tune_slot_drops_total{${HOST}}[$__rate_interval]) > 0`,
          '{{group}} slot {{slot}}',
        ),
      ),
    )
    .withPanel(
      lines('CPU time of the exporter and its probes', 'percentunit').withTarget(
        promql(`rate(locality_tune_cpu_seconds_total{${HOST}}[$__rate_interval])`, '{{process}}'),
      ),
    )
    .build();

export const asText = (): string => `${JSON.stringify(dashboard(), null, 2)}\n`;

if (process.argv[1] === import.meta.filename) writeFileSync(DASHBOARD, asText());
