/** An experiment of `prove`: its verdict, every metric with its interval, every round. */
import type { ProvedDocument } from '../prove/document.ts';
import { ABOUT } from '../prove/metrics.ts';
import type { Metric, MetricName, Round } from '../prove/types.ts';
import { change, levelText, signed } from '../prove/verdict.ts';
import { designText, figure, limitOf, shownMetrics } from '../report/prove.ts';
import { frame, section } from './frame.ts';
import { html, type Markup, withCode } from './markup.ts';

export type Shown = ProvedDocument;

/** The whole file. @param version of locality-tune that makes the page */
export function experimentPage(shown: Shown, version: string): string {
  return frame({
    title: shown.text,
    subtitle: html`${withCode(designText(shown))}<br>${shown.started}`,
    content: experimentContent(shown),
    marked: false,
    version,
  });
}

/** As a part of a larger page. */
export const experimentSection = (shown: Shown): Markup =>
  section(
    'Experiment',
    html`<p class="strong">${withCode(shown.text)}</p><p class="dim">${withCode(designText(shown))} ${shown.started}</p>${experimentContent(shown)}`,
  );

function experimentContent({ metrics, primary, rounds, notes }: Shown): Markup {
  const decisive = metrics[primary];
  return html`${decisive === undefined ? null : metricTable(metrics, primary, decisive)}
${rounds.length === 0 ? null : roundChart(rounds, primary)}
${notes.length === 0 ? null : html`<ul class="why">${notes.map((note) => html`<li>${withCode(note)}</li>`)}</ul>`}`;
}

function metricTable(metrics: Shown['metrics'], primary: MetricName, decisive: Metric): Markup {
  const limit = limitOf(decisive);
  const hasScale = decisive.scale === 'ratio' && limit > 0;
  const scale = hasScale ? `${signed(-limit)} to ${signed(limit)}` : '';
  const rows = shownMetrics(metrics, primary).map((name) => {
    const metric = metrics[name] ?? decisive;
    const whisker = hasScale && metric.scale === 'ratio' ? whiskerOf(metric, limit) : null;
    return html`<tr><th scope="row">${ABOUT[name].label}${name === primary ? html` <b>(decides)</b>` : null}</th><td>${figure(metric.off)}</td><td>${figure(metric.on)}</td><td>${metric.unit}</td><td>${change(metric, metric.effect)}</td><td>${change(metric, metric.low)} to ${change(metric, metric.high)}</td><td>${whisker}</td></tr>`;
  });
  return html`<table class="list"><thead><tr><th></th><th>off</th><th>on</th><th>unit</th><th>change</th><th>${levelText(decisive)} interval</th><th>${scale}</th></tr></thead><tbody>${rows}</tbody></table>`;
}

const WHISKER = { width: 200, height: 18 };

/** The interval as a line, the effect as a dot, no change as a line across; an arrow where it goes on. */
function whiskerOf({ low, effect, high }: Metric, limit: number): Markup {
  const { width, height } = WHISKER;
  const middle = height / 2;
  const at = (value: number) => Math.round(((value / limit + 1) / 2) * (width - 12)) + 6;
  const inside = (value: number) => Math.min(width - 6, Math.max(6, at(value)));
  const arrow = (value: number, to: number, back: number) =>
    Math.abs(value) <= limit
      ? html`<path d="M${inside(value)} ${middle - 4}v8" stroke="currentColor"/>`
      : html`<path d="M${to} ${middle}l${back} -4v8z" fill="currentColor"/>`;
  const dot =
    Math.abs(effect) <= limit
      ? html`<circle cx="${at(effect)}" cy="${middle}" r="4" fill="currentColor"/>`
      : null;
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="interval"><path d="M${at(0)} 0v${height}" stroke="currentColor" opacity=".35"/><path d="M${inside(low)} ${middle}H${inside(high)}" stroke="currentColor" stroke-width="2"/>${arrow(low, 0, low < 0 ? 7 : -7)}${arrow(high, width, high > 0 ? -7 : 7)}${dot}</svg>`;
}

const CHART = { width: 900, height: 220, left: 60, top: 12, bottom: 26 };

/** A dot for each round over its time; rounds with the change are shaded. */
function roundChart(rounds: readonly Round[], primary: MetricName): Markup | null {
  const known = rounds.flatMap((round) => {
    const value = round.values[primary];
    return value === null ? [] : [{ ...round, value }];
  });
  const last = rounds.at(-1);
  if (known.length === 0 || last === undefined) return null;
  const { width, height, left, top, bottom } = CHART;
  const most = Math.max(...known.map(({ value }) => value)) || 1;
  const end = last.at + last.seconds || 1;
  const x = (seconds: number) => Math.round(10 * (left + (seconds / end) * (width - left - 8))) / 10;
  const y = (value: number) =>
    Math.round(10 * (height - bottom - (value / most) * (height - top - bottom))) / 10;
  const shades = rounds
    .filter(({ arm }) => arm === 'on')
    .map(
      ({ at, seconds }) =>
        html`<rect x="${x(at)}" y="${top}" width="${Math.max(1, x(at + seconds) - x(at))}" height="${height - top - bottom}" fill="currentColor" opacity=".12"/>`,
    );
  const dots = known.map(
    ({ at, seconds, arm, value }) =>
      html`<circle class="${arm === 'on' ? 'local' : 'unknown'}" cx="${x(at + seconds / 2)}" cy="${y(value)}" r="4" fill="currentColor"><title>${arm}: ${figure(value)}</title></circle>`,
  );
  const line = html`<path class="axis" d="M${left} ${height - bottom}H${width - 8}" stroke="currentColor" opacity=".4"/>`;
  return html`<figure class="wide"><figcaption>${ABOUT[primary].label} in each round; rounds with the change are shaded</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="rounds">${shades}${line}${dots}<g class="ticks"><text x="${left - 6}" y="${y(most) + 4}" text-anchor="end">${figure(most)}</text><text x="${left - 6}" y="${height - bottom + 4}" text-anchor="end">0</text><text x="${left}" y="${height - 6}">0 s</text><text x="${width - 8}" y="${height - 6}" text-anchor="end">${Math.round(end)} s</text></g></svg></figure>`;
}
