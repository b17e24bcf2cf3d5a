/** Before and after, side by side. */

import { rank } from '../diagnose/ranked.ts';
import type { Severity } from '../diagnose/types.ts';
import { type Cpus, formatCpuList } from '../host/cpus.ts';
import type { Channels, Group, Machine, Nic } from '../host/types.ts';
import { setSeries, shareTone } from '../report/format.ts';
import { chosenBy, type Inspection } from '../report/inspection.ts';
import { spreadText } from '../report/nics.ts';
import type { Tone } from '../report/text.ts';
import type { RecordedMeasurement, Total } from '../snapshot/measured.ts';
import { percent, UNKNOWN } from '../words/phrase.ts';
import { MARK } from './diagram.ts';
import { html, type Markup, raw } from './markup.ts';

const LONG = 60;

/** The same machine at two times: its settings, or its measurements. */
export type PageComparison =
  | { readonly kind: 'machines'; readonly before: Inspection; readonly after: Inspection }
  | {
      readonly kind: 'measurements';
      readonly before: RecordedMeasurement;
      readonly after: RecordedMeasurement;
    };

interface Value {
  readonly text: string;
  /** The whole value, if `text` is shortened. */
  readonly exact: string;
  readonly tone: Tone | null;
}

interface Row {
  readonly name: string;
  readonly before: Value;
  readonly after: Value;
}

export function comparisonTable(comparison: PageComparison): Markup {
  const rows = comparison.kind === 'machines' ? ofMachines(comparison) : ofMeasurements(comparison);
  return html`<table class="comparison"><thead><tr><th></th><th>before</th><th>after</th></tr></thead><tbody>
${rows.map(({ name, before, after }) => html`<tr><th scope="row">${name}</th>${cell(before)}${cell(after)}</tr>`)}
</tbody></table>`;
}

const cell = ({ text, tone }: Value): Markup =>
  html`<td${tone === null ? null : html` class="${tone}"`}>${tone === null ? null : html`<span class="mark">${raw(MARK[tone])}</span> `}${tone === 'unknown' ? 'not known' : text}</td>`;

function share(value: number | null): Value {
  return { text: percent(value), exact: percent(value), tone: shareTone(value) };
}

const plain = (text: string, exact = text): Value => ({ text, exact, tone: null });

function ofMeasurements({
  before,
  after,
}: {
  readonly before: RecordedMeasurement;
  readonly after: RecordedMeasurement;
}): readonly Row[] {
  const row = (name: string, of: (measured: RecordedMeasurement) => Total): readonly Row[] =>
    of(before).packets === null && of(after).packets === null
      ? []
      : [{ name, before: measuredShare(of(before)), after: measuredShare(of(after)) }];
  return [
    ...row('received, measured', ({ rx }) => rx),
    ...row('sent, measured', ({ tx }) => tx),
    ...row('accepted, measured', ({ accept }) => accept),
  ];
}

const measuredShare = ({ percent: of }: Total): Value => share(of === null ? null : of / 100);

/** What is expected of each group, then what else differs. */
function ofMachines({
  before,
  after,
}: {
  readonly before: Inspection;
  readonly after: Inspection;
}): readonly Row[] {
  const row = (name: string, was: Value | undefined, is: Value | undefined): Row => ({
    name,
    before: was ?? plain('not there'),
    after: is ?? plain('not there'),
  });
  const ranked = [before, after].map((each) => new Map(rank(each).map((one) => [one.group.id, one])));
  const [was = new Map(), is = new Map()] = ranked;
  const groups = [...new Set([...was.keys(), ...is.keys()])];
  const expected = groups.map((id) =>
    row(
      `${id}, expected local`,
      was.has(id) ? share(was.get(id)?.now ?? null) : undefined,
      is.has(id) ? share(is.get(id)?.now ?? null) : undefined,
    ),
  );
  const ofGroups = groups.flatMap((id) => {
    const [one, other] = [was.get(id), is.get(id)];
    return one && other
      ? OF_GROUP.map(([what, of]) => row(`${id}, ${what}`, of(one.group), of(other.group)))
      : [];
  });
  const ofMachine = OF_MACHINE.map(([what, of]) =>
    row(what, of(before.host.machine), of(after.host.machine)),
  );
  const severities: readonly Severity[] = ['error', 'warning', 'info'];
  const findings = severities.map((severity) => {
    const found = (of: Inspection) => of.findings.filter((finding) => finding.severity === severity).length;
    return row(`findings, ${severity}`, plain(String(found(before))), plain(String(found(after))));
  });
  const nics = [...new Set([...before.host.nics, ...after.host.nics].map(({ name }) => name))];
  const [nicsBefore, nicsAfter] = [before, after].map(
    ({ host }) => new Map(host.nics.map((nic) => [nic.name, nic])),
  );
  const settings = nics.flatMap((name) => {
    const [one, other] = [nicsBefore?.get(name), nicsAfter?.get(name)];
    return one && other
      ? SETTINGS.map(([setting, of]) => row(`${name}, ${setting}`, of(one), of(other)))
      : [row(name, one && plain('there'), other && plain('there'))];
  });
  const differs = ({ before: one, after: other }: Row) => one.exact !== other.exact;
  return [...expected, ...[...findings, ...ofGroups, ...settings, ...ofMachine].filter(differs)];
}

/** A few in full, many as a series. */
function sets(all: readonly (Cpus | null)[]): Value {
  const exact = all.map((cpus) => (cpus === null ? UNKNOWN : formatCpuList(cpus) || 'none')).join(' ');
  return plain(exact.length <= LONG ? exact || UNKNOWN : setSeries(all, 'none'), exact);
}

const known = (value: number | string | boolean | null): Value =>
  plain(value === null ? UNKNOWN : String(value));

/** A text that may be long: its beginning, and the whole of it to compare. */
const brief = (text: string): Value => plain(text.length > LONG ? `${text.slice(0, LONG - 1)}…` : text, text);

const channelsText = (channels: Channels | null): string =>
  Object.entries(channels ?? {})
    .flatMap(([kind, count]) => (count === null || count.max === 0 ? [] : [`${kind} ${count.current}`]))
    .join(', ') || UNKNOWN;

const fieldsText = (fields: NonNullable<Nic['rss']>['fields'] | undefined): string =>
  Object.entries(fields ?? {})
    .map(([flow, letters]) => `${flow} ${letters ?? UNKNOWN}`)
    .join(', ') || UNKNOWN;

/** What `apply` can change of an interface, and what else decides where its packets go. */
const SETTINGS: readonly (readonly [string, (nic: Nic) => Value])[] = [
  ['state', ({ state }) => known(state)],
  ['rx queues', ({ rxQueues }) => known(rxQueues.length)],
  ['tx queues', ({ txQueues }) => known(txQueues.length)],
  ['channels', ({ channels }) => plain(channelsText(channels))],
  [
    'RSS table',
    ({ rss, rxQueues }) =>
      rss === null ? plain(UNKNOWN) : plain(spreadText(rss, rxQueues.length), rss.indirection.join()),
  ],
  ['RSS key', ({ rss }) => brief(rss?.key ?? UNKNOWN)],
  ['hash fields', ({ rss }) => plain(fieldsText(rss?.fields))],
  ['ntuple rules', ({ rss }) => known(rss?.ntupleRules ?? null)],
  [
    'IRQ affinity',
    ({ irqs }) => sets(irqs.filter(({ role }) => role !== 'other').map((irq) => irq.affinity)),
  ],
  ['CPUs of the rx queues', ({ rxQueues }) => sets(rxQueues.map(({ cpus }) => cpus))],
  ['threaded NAPI', ({ threadedNapi }) => known(threadedNapi)],
  ['rps_cpus', ({ rxQueues }) => sets(rxQueues.map(({ rps }) => rps))],
  ['rps_flow_cnt', ({ rxQueues }) => brief(rxQueues.map(({ rfsFlows }) => rfsFlows ?? UNKNOWN).join(' '))],
  ['xps_cpus', ({ txQueues }) => sets(txQueues.map(({ xpsCpus }) => xpsCpus))],
  ['xps_rxqs', ({ txQueues }) => sets(txQueues.map(({ xpsRxqs }) => xpsRxqs))],
];

const OF_GROUP: readonly (readonly [string, (group: Group) => Value])[] = [
  ['sockets', ({ size }) => known(size)],
  ['chosen', (group) => plain(chosenBy(group))],
  ['program', ({ program }) => brief(program?.asm?.replaceAll('\n', '; ') ?? program?.name ?? 'none')],
  // Their pins, by slot where that is known.
  [
    'CPUs of the workers',
    ({ sockets }) => sets(sockets.map(({ cpus }) => (cpus.length === 0 ? null : cpus))),
  ],
];

const OF_MACHINE: readonly (readonly [string, (machine: Machine) => Value])[] = [
  ['CPUs online', ({ cpus }) => plain(formatCpuList(cpus.online))],
  ['isolated CPUs', ({ cpus }) => plain(formatCpuList(cpus.isolated) || 'none')],
  ['irqbalance runs', ({ irqbalance }) => known(irqbalance.running)],
  [
    'IRQs that irqbalance leaves alone',
    ({ irqbalance }) => brief(irqbalance.bannedIrqs?.join(' ') ?? UNKNOWN),
  ],
  ['rps_sock_flow_entries', ({ rpsSockFlowEntries }) => known(rpsSockFlowEntries)],
  ['kernel', ({ kernel }) => known(kernel)],
];
