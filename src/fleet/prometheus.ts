/** Machines from a Prometheus-compatible server that scrapes `locality-tune export`: what to ask, what the answers mean. */
import type { Severity } from '../diagnose/types.ts';
import { failure } from '../system/errors.ts';
import { isRecord } from '../system/shape.ts';
import { count } from '../words/phrase.ts';
import { NONE } from './machine.ts';
import type { Machine } from './types.ts';

/** The state of every machine in one query; the metrics are those of docs/metrics.md. */
const STATE = [
  'build_info',
  'device_info',
  'device_queues',
  'group_info',
  'group_sockets',
  'program_info',
  'expected_locality_ratio',
  'findings',
  'watchers',
  'drift',
];

/** Names of what is asked for. */
export type Question = 'state' | 'measured' | 'interrupts';

/**
 * @param match label matchers of PromQL without braces, `job="edge"`; empty: all machines
 * @param window over which measurements are summed, `15m`
 */
export function queries(match: string, window: string): Readonly<Record<Question, string>> {
  const also = match === '' ? '' : `,${match}`;
  const target = 'instance, job';
  return {
    state: `{__name__=~"locality_tune_(${STATE.join('|')})"${also}}`,
    measured: `sum by (${target}, local) (increase(locality_tune_skb_packets_total{direction="rx"${also}}[${window}]))`,
    // How many CPUs take the interrupts of a device: the number of different values.
    interrupts: `count by (${target}, device) (count_values by (${target}, device) ("cpu", locality_tune_queue_irq_cpu{direction="rx"${also}}))`,
  };
}

/** One element of an instant vector. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The answer of `/api/v1/query`. Throws Failure query-failed, not-prometheus. */
export function parseAnswer(body: string): readonly Sample[] {
  const document = parseJson(body);
  if (document['status'] === 'error')
    throw failure(
      'query-failed',
      String(document['error']).slice(0, 200),
      'check --match, and what the server supports',
    );
  const data = isRecord(document['data']) ? document['data'] : {};
  const { result } = data;
  if (data['resultType'] !== 'vector' || !Array.isArray(result)) throw foreign();
  // A NaN or an infinity of another exporter's making is no value of ours.
  return result.map(sample).filter(({ value }) => Number.isFinite(value));
}

function parseJson(body: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(body);
    if (isRecord(document)) return document;
  } catch {
    // Below.
  }
  throw foreign();
}

const foreign = () =>
  failure(
    'not-prometheus',
    'the answer is not that of a Prometheus API',
    'give the address under which /api/v1/query is, such as http://localhost:9090',
  );

function sample(each: unknown): Sample {
  const { metric, value } = isRecord(each) ? each : {};
  if (!isRecord(metric) || !Array.isArray(value) || typeof value[1] !== 'string') throw foreign();
  const labels = Object.entries(metric).map(([name, text]) => [name, String(text)] as const);
  return { labels: Object.fromEntries(labels), value: value[1] === '' ? Number.NaN : Number(value[1]) };
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];
const PREFIX = 'locality_tune_';

/** One machine for each target that has answered lately. */
export function machinesOf(answers: Readonly<Record<Question, readonly Sample[]>>): readonly Machine[] {
  const of = Object.fromEntries(
    Object.entries(answers).map(([question, samples]) => [question, Map.groupBy(samples, targetOf)]),
  );
  return [...(of['state'] ?? new Map<string, readonly Sample[]>())].map(([target, state]) =>
    machine(target, state, of['measured']?.get(target) ?? [], of['interrupts']?.get(target) ?? []),
  );
}

const targetOf = ({ labels: { job, instance } }: Sample): string => `${job ?? ''}/${instance ?? ''}`;

function machine(
  target: string,
  state: readonly Sample[],
  measured: readonly Sample[],
  interrupts: readonly Sample[],
): Machine {
  const by = Map.groupBy(state, ({ labels }) => (labels['__name__'] ?? '').slice(PREFIX.length));
  const all = (name: string) => by.get(name) ?? [];
  const shared = new Set(
    all('group_sockets').flatMap(({ labels, value }) => (value > 1 ? [labels['group']] : [])),
  );
  const groups = all('group_info').filter(({ labels }) => shared.has(labels['group']));
  const expected = all('expected_locality_ratio').filter(({ labels }) => shared.has(labels['group']));
  const [worst] = expected.toSorted((a, b) => a.value - b.value);
  const findings = all('findings').filter(({ value }) => value > 0);
  return {
    host: state[0]?.labels['instance'] ?? target,
    source: target,
    time: null,
    role: [...new Set(groups.map(portOf))].sort(),
    expected: worst?.value ?? null,
    group: worst?.labels['group'] ?? null,
    measured: localShare(measured),
    drift: sum(all('watchers')) > 0 ? sum(all('drift')) : null,
    findings: totals(findings, 'rule'),
    severities: { ...NONE, ...totals(findings, 'severity') },
    severityOf: severityOf(findings),
    traits: traits(all, groups, interrupts),
  };
}

const portOf = ({ labels: { protocol, port } }: Sample): string => `${protocol} ${port}`;

const sum = (samples: readonly Sample[]): number => samples.reduce((total, { value }) => total + value, 0);

/** 0 to 1; null without packets. */
function localShare(measured: readonly Sample[]): number | null {
  const all = sum(measured);
  return all > 0 ? sum(measured.filter(({ labels }) => labels['local'] === 'true')) / all : null;
}

function totals(samples: readonly Sample[], label: string): Record<string, number> {
  const groups = Map.groupBy(samples, ({ labels }) => labels[label] ?? '');
  return Object.fromEntries(Array.from(groups, ([name, own]) => [name, sum(own)]));
}

function severityOf(findings: readonly Sample[]): Record<string, Severity> {
  const rules = Map.groupBy(findings, ({ labels }) => labels['rule'] ?? '');
  return Object.fromEntries(
    Array.from(rules, ([rule, own]) => [
      rule,
      SEVERITIES.find((severity) => own.some(({ labels }) => labels['severity'] === severity)) ?? 'info',
    ]),
  );
}

/** Named as those of a snapshot, as far as there are metrics of them. */
function traits(
  all: (name: string) => readonly Sample[],
  groups: readonly Sample[],
  interrupts: readonly Sample[],
): Readonly<Record<string, string>> {
  const ports = new Map(groups.map((each) => [each.labels['group'], portOf(each)]));
  const ofGroup = (name: string, trait: string, value: (each: Sample) => string) =>
    all(name).flatMap((each) => {
      const port = ports.get(each.labels['group']);
      return port === undefined ? [] : [[`${port} ${trait}`, value(each)] as const];
    });
  return Object.fromEntries([
    ...all('build_info').map(({ labels }) => ['locality-tune', labels['version'] ?? '']),
    ...all('device_info').map(({ labels }) => [`${labels['device']} driver`, labels['driver'] ?? '']),
    ...all('device_queues').map(({ labels, value }) => [
      `${labels['device']} ${labels['direction']?.toUpperCase()} queues`,
      String(value),
    ]),
    ...interrupts.map(({ labels, value }) => [`${labels['device']} interrupts`, `on ${count(value, 'CPU')}`]),
    ...ofGroup('group_sockets', 'sockets', ({ value }) => String(value)),
    ...ofGroup('program_info', 'program', ({ labels }) => labels['program'] ?? ''),
  ]);
}
