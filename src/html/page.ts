/** A report about one machine as one page: the verdict, the evidence, the fixes. */
import { rank } from '../diagnose/ranked.ts';
import type { ProvedDocument } from '../prove/document.ts';
import { shareTone, short } from '../report/format.ts';
import { inspectLines } from '../report/inspect-text.ts';
import { chosenBy, type Inspection, type Layout } from '../report/inspection.ts';
import type { Line } from '../report/text.ts';
import { verdict } from '../report/verdict.ts';
import type { RecordedMeasurement, Total } from '../snapshot/measured.ts';
import type { SnapshotCounters } from '../snapshot/types.ts';
import { count, names, percent } from '../words/phrase.ts';
import { comparisonTable, type PageComparison } from './comparison.ts';
import { diagram, MARK } from './diagram.ts';
import { experimentSection } from './experiment.ts';
import { findingList } from './findings.ts';
import { frame, section } from './frame.ts';
import { type Direction, heatmap } from './heatmap.ts';
import { loadOf } from './load.ts';
import { html, type Markup, raw, withCode } from './markup.ts';

export interface Page {
  readonly inspection: Inspection;
  /** Where the machine was read from, and when: `this machine, 2026-11-21T04:06:29Z`. */
  readonly source: string;
  readonly counters: SnapshotCounters | null;
  readonly measured: RecordedMeasurement | null;
  readonly comparison: PageComparison | null;
  readonly experiment: ProvedDocument | null;
  /** Version of locality-tune that made the page. */
  readonly version: string;
}

/** Most diagrams that are open at first, and most in total. */
const OPEN = 3;
const MOST = 24;

/** Lines of any length: the browser breaks them. */
const PLAIN: Layout = { color: false, rules: false, unicode: true, columns: 10_000, all: false };

export function page(of: Page): string {
  const { hostname, distro, kernel } = of.inspection.host.machine;
  const title = `Packet locality of ${hostname ?? 'a machine'}`;
  return frame({
    title,
    subtitle: html`${[distro, kernel && `kernel ${kernel}`, machineLine(of.inspection)].filter((part) => part !== null).join(' · ')}<br>${of.source}`,
    content: html`${verdictSection(of.inspection)}
${of.experiment && experimentSection(of.experiment)}
${of.comparison && section('Before and after', comparisonTable(of.comparison))}
${of.measured && section('Measured', measuredSection(of.measured, of.inspection))}
${pathSection(of.inspection)}
${of.inspection.findings.length > 0 ? section('Findings', findingList(of.inspection.findings)) : null}
${of.counters && loadSection(of.inspection, of.counters)}
${section('Everything else', html`<details><summary>All that inspect prints</summary><pre>${inspectLines(of.inspection, { ...PLAIN, columns: 120 }).map((line) => [textOf(line), raw('\n')])}</pre></details>`)}`,
    marked: true,
    version: of.version,
  });
}

const textOf = (line: Line): string => line.map(({ text }) => text).join('');

function machineLine({ host: { machine, nics } }: Inspection): string {
  const nodes = machine.cpus.numa.length > 1 ? `, ${count(machine.cpus.numa.length, 'NUMA node')}` : '';
  const drivers = nics.flatMap(({ name, driver }) => (driver === null ? [] : [`${name} (${driver})`]));
  return `${count(machine.cpus.online.length, 'CPU')}${nodes}${drivers.length > 0 ? ` · ${names(drivers)}` : ''}`;
}

/** The lines of inspect's verdict: a share with its sentence, or only a sentence. */
function verdictSection(inspection: Inspection): Markup {
  return html`<section class="verdict">${verdict(inspection, PLAIN)
    .filter((line) => textOf(line).trim() !== '')
    .map((line) => {
      const [lead, ...rest] = line;
      const tone = lead?.tone ?? null;
      if (lead === undefined || tone === null || tone === 'strong')
        return html`<p>${withCode(textOf(line).trim().replace(/^- +/, ''))}</p>`;
      return html`<div><span class="number ${tone}"><span class="mark">${raw(MARK[tone])}</span>${tone === 'unknown' ? null : ` ${lead.text.trim()}`}</span><p>${withCode(textOf(rest))}</p></div>`;
    })}</section>`;
}

function measuredSection(measured: RecordedMeasurement, { host }: Inspection): Markup {
  const { first, last, seconds, intervals, coverage, cpus, rxMatrix, txMatrix, notes } = measured;
  const numa = host.machine.cpus.numa;
  const map = (direction: Direction, caption: string, matrix: RecordedMeasurement['rxMatrix']) =>
    matrix === null
      ? null
      : html`<figure><figcaption>${caption}; deeper is more</figcaption>${heatmap({ direction, cpus, matrix, numa })}</figure>`;
  return html`<p class="dim">${count(intervals, 'interval')}, ${seconds.toFixed(1)} s in all, ended ${first === last ? last : `${first} to ${last}`}${coverage.length > 0 ? `; probe: ${coverage.join(', ')}` : ''}</p>
<dl class="figures">${figure('Received packets that are read on their receiving CPU', measured.rx, 'packets')}${figure('Sent packets that are freed on their sending CPU', measured.tx, 'packets')}${measured.accept.packets === null ? null : figure('Connections that are accepted on their receiving CPU', measured.accept, 'connections')}</dl>
<div class="maps">${map('rx', 'Received packets by receiving CPU and reading CPU', rxMatrix)}${map('tx', 'Sent packets by sending CPU and freeing CPU', txMatrix)}</div>
${notes.length > 0 ? html`<details><summary>What these figures count</summary><ul>${notes.map((note) => html`<li>${note}</li>`)}</ul></details>` : null}`;
}

function figure(name: string, { packets, percent: share, pps }: Total, unit: string): Markup {
  const tone = shareTone(share === null ? null : share / 100) ?? 'unknown';
  const rate = pps === null ? '' : `, ${short(pps)} packets/s through the interfaces`;
  return html`<div><dt>${name}</dt><dd><span class="number ${tone}"><span class="mark">${raw(MARK[tone])}</span>${share === null ? null : ` ${percent(share / 100)}`}</span><br><span class="dim">${packets === null ? 'not counted' : `of ${short(packets)} ${unit}`}${rate}</span></dd></div>`;
}

function pathSection(inspection: Inspection): Markup | null {
  const { paths } = inspection;
  const byGroup = Map.groupBy(paths, ({ group }) => group);
  const ranked = rank(inspection).filter(({ group }) => byGroup.has(group.id));
  const shown = ranked.slice(0, MOST).map(({ group }) => ({
    title: `${group.id}, ${chosenBy(group)}`,
    drawing: diagram(byGroup.get(group.id) ?? [], group),
  }));
  const groupless = byGroup.get(null) ?? [];
  const all =
    groupless.length === 0
      ? shown
      : [...shown, { title: 'no reuseport group', drawing: diagram(groupless, null) }];
  if (all.length === 0) return null;
  const left = ranked.length - MOST;
  return section(
    'Paths',
    html`${all.map(({ title, drawing }, at) =>
      at < OPEN
        ? html`<h3>${title}</h3>${drawing}`
        : html`<details><summary>${title}</summary>${drawing}</details>`,
    )}${left > 0 ? html`<p class="dim">${count(left, 'more group')} without a diagram.</p>` : null}`,
  );
}

function loadSection({ host }: Inspection, counters: SnapshotCounters): Markup | null {
  const figures = loadOf(host.nics, counters);
  const title = `Load, in ${counters.seconds.toFixed(1)} s`;
  return figures.length === 0 ? null : section(title, html`<div class="maps loads">${figures}</div>`);
}
