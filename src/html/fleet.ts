/** A fleet as one page. */
import type { Fleet, Member } from '../fleet/types.ts';
import { differenceCells, fleetVerdict } from '../report/fleet.ts';
import { shareTone } from '../report/format.ts';
import { count, percent, UNKNOWN } from '../words/phrase.ts';
import { MARK } from './diagram.ts';
import { frame, section } from './frame.ts';
import { html, type Markup, raw, withCode } from './markup.ts';

/** @param version of locality-tune that makes the page @param source what was read */
export function fleetPage(fleet: Fleet, source: string, version: string): string {
  const { hosts } = fleet;
  return frame({
    title: `Packet locality of ${count(hosts.length, 'host')}`,
    subtitle: html`${source}`,
    marked: true,
    version,
    content: html`<section class="verdict">${fleetVerdict(fleet).map((sentence) => html`<p>${withCode(sentence)}</p>`)}</section>
${section('Hosts, the worst first', hostTable(hosts))}
${fleet.findings.length > 0 ? section('Findings', findingTable(fleet)) : null}
${hosts.some(({ differs }) => differs.length > 0) ? section('Unlike their peers, which serve the same ports', oddTable(hosts)) : null}
${fleet.unread.length > 0 ? section('Not read', unreadTable(fleet)) : null}`,
  });
}

const NUMBER = 'number';

function rows(
  head: readonly string[],
  body: readonly (readonly (string | Markup)[])[],
  numbers: ReadonlySet<string>,
): Markup {
  const kind = (at: number) => (numbers.has(head[at] ?? '') ? NUMBER : 'text');
  return html`<div class="wide"><table class="list"><thead><tr>${head.map((title, at) => html`<th scope="col" class="${kind(at)}">${title}</th>`)}</tr></thead><tbody>${body.map((cells) => html`<tr>${cells.map((cell, at) => html`<td class="${kind(at)}">${cell}</td>`)}</tr>`)}</tbody></table></div>`;
}

const hostTable = (hosts: readonly Member[]): Markup =>
  rows(
    ['host', 'expected', 'measured', 'drift', 'errors', 'warnings', 'differs', 'serves'],
    hosts.map((each) => [
      each.host,
      share(each.expected),
      share(each.measured),
      String(each.drift ?? UNKNOWN),
      String(each.severities.error),
      String(each.severities.warning),
      String(each.differs.length),
      each.role.join(', ') || UNKNOWN,
    ]),
    new Set(['expected', 'measured', 'drift', 'errors', 'warnings', 'differs']),
  );

function share(value: number | null): Markup {
  const tone = shareTone(value) ?? 'unknown';
  return html`<span class="${tone}"><span class="mark">${raw(MARK[tone])}</span> ${value === null ? null : percent(value)}</span>`;
}

const findingTable = ({ hosts, findings }: Fleet): Markup =>
  rows(
    ['finding', 'severity', 'hosts', 'share'],
    findings.map((each) => [
      html`<code>${each.rule}</code>`,
      each.severity,
      String(each.hosts),
      percent(each.hosts / hosts.length),
    ]),
    new Set(['hosts', 'share']),
  );

const oddTable = (hosts: readonly Member[]): Markup =>
  rows(
    ['host', 'what', 'here', 'peers', 'agree'],
    hosts.flatMap(({ host, differs }) => differs.map((each) => [host, ...differenceCells(each)])),
    new Set(['agree']),
  );

const unreadTable = ({ unread }: Fleet): Markup =>
  rows(
    ['file', 'why'],
    unread.map(({ source, error }) => [source, error]),
    new Set(),
  );
