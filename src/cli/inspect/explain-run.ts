/** `locality-tune explain`: one flow, client ports for a flow, or a list of flows. */

import type { Host } from '../../host/types.ts';
import { agreed, type Explanation, explain } from '../../path/explain.ts';
import { explainKey } from '../../path/explain-key.ts';
import { portsByQueue } from '../../path/explain-ports.ts';
import { type Arrival, type WalkOptions, walker } from '../../path/explain-walk.ts';
import { type Flow, formatEndpoint, parseFlow } from '../../path/flow.ts';
import type { Given, Method } from '../../path/rss-hash.ts';
import type { Fields } from '../../path/rss-input.ts';
import type { Line, Style } from '../../report/text.ts';
import { openFiles } from '../../system/files.ts';
import { isIP } from '../../system/ip.ts';
import { cliFailure, usage } from '../errors.ts';
import { loadHost } from '../host-source.ts';
import type { SourceOptions } from '../options.ts';
import { printDocument, printLines, styleOf } from '../output.ts';
import { arriving, changeOf, compare, listedFlows } from './what-if.ts';
import { changesIn, refuseTwoLists, type WhatIfOptions } from './what-if-options.ts';

export interface ExplainCommandOptions extends SourceOptions, WhatIfOptions {
  readonly iface?: string;
  readonly rssKey?: string;
  readonly indirection?: readonly number[];
  readonly hash?: Method;
  readonly fields?: Fields;
  readonly fragments?: true;
  readonly cpu?: number;
  readonly ports?: number;
  readonly slots: boolean;
  readonly all?: true;
}

const SCHEMA = 'locality-tune.explain/1';

export async function runExplain(words: readonly string[], options: ExplainCommandOptions): Promise<void> {
  refuseContradictions(words, options);
  if (options.flows !== undefined || options.pcap !== undefined) return explainList(options);
  const flow = flowOf(words, options.ports !== undefined);
  if (options.rssKey !== undefined)
    return show(
      options,
      explainKey(flow, options.rssKey, options.indirection ?? [], givenBy(options)),
      [],
      null,
    );
  const change = await changeOf(options);
  const host = await loadHost(sourceOf(options, flow.destination.port));
  const [[, arrivals = []] = []] = arriving(host, [flow], options.iface ?? null);
  if (options.ports !== undefined) return showPorts(flow, arrivals, options.ports, options);
  const redirect = await redirecting(options);
  const each = (of: Host) => {
    const [[, there = []] = []] = arriving(of, [flow], options.iface ?? null);
    return explain(walker(of, { ...walkingBy(options), redirect }), flow, there);
  };
  const now = each(host);
  const then = change === null ? null : each(change(ofFlow(narrowed(host, arrivals), flow)));
  const shown = agreed(then ?? now);
  if (shown === null)
    throw cliFailure('no-such-interface', 'explain: there is no interface on which the flow could arrive');
  await show(options, shown, then ?? now, then === null ? null : agreed(now));
}

function refuseContradictions(words: readonly string[], options: ExplainCommandOptions): void {
  refuseTwoLists(options);
  const list = options.flows ?? options.pcap;
  if (list !== undefined && words.length > 0)
    throw usage('--flows, --pcap: cannot be combined with a flow on the command line', 'omit one of them');
  if (list !== undefined && options.ports !== undefined)
    throw usage('--ports: needs exactly one flow', 'omit --flows and --pcap');
  if (list === undefined && words.length < 3)
    throw usage(missing(words), 'for example tcp 198.51.100.7:40001 192.0.2.10:443');
  if (options.indirection !== undefined && options.rssKey === undefined)
    throw usage('--indirection: needs --rss-key');
  if (options.rssKey === undefined) return;
  const { iface, from, root, cpu, ports, with: changes, withPlan } = options;
  const needless = { iface, from, root, cpu, ports, with: changes, 'with-plan': withPlan, flows: list };
  const other = Object.entries(needless).find(([, value]) => value !== undefined);
  if (other !== undefined)
    throw usage(`--rss-key: computes the hash without a machine`, `omit --${other[0]}`);
}

/** Names what is missing, also where it is the first: `explain 198.51.100.7:40001 192.0.2.10:443`. */
function missing(words: readonly string[]): string {
  const [first] = words;
  const names = ['PROTOCOL', 'SOURCE', 'DESTINATION'];
  const left =
    first !== undefined && !/^(tcp|udp)$/i.test(first) ? names.slice(0, 1) : names.slice(words.length);
  return `explain: ${left.join(' and ').replace(/ and (?=.* and )/, ', ')} ${left.length === 1 ? 'is' : 'are'} missing`;
}

/** @param anyPort the source may omit its port */
function flowOf([protocol = '', source = '', destination = '']: readonly string[], anyPort: boolean): Flow {
  const portless = anyPort && isIP(source) !== 0;
  const from = portless ? (isIP(source) === 6 ? `[${source}]:0` : `${source}:0`) : source;
  const flow = parseFlow(protocol, from, destination);
  if (typeof flow === 'string') throw usage(`explain: ${flow}`);
  return flow;
}

/** All interfaces, because what is above a lower device counts as well. */
const sourceOf = ({ iface: _, ...options }: ExplainCommandOptions, port: number | null) =>
  port === null || port === 0 ? options : { ...options, port };

const givenBy = ({ hash, fields, fragments }: ExplainCommandOptions): Given => ({
  method: hash ?? null,
  fields: fields ?? null,
  fragments: fragments === true,
});

const walkingBy = (options: ExplainCommandOptions): WalkOptions => ({
  given: givenBy(options),
  cpu: options.cpu ?? null,
});

/** Of this machine; a snapshot does not say what XDP does. */
async function redirecting({
  from,
  root,
}: ExplainCommandOptions): Promise<NonNullable<WalkOptions['redirect']>> {
  if (from !== undefined || root !== undefined) return () => null;
  const { readRedirects } = await import('../../xdp/redirect.ts');
  const redirects = await readRedirects(openFiles('/'));
  return (nic, flow) => redirects.get(nic)?.(flow) ?? null;
}

/** A change affects only the interfaces on which the flows arrive. */
function narrowed(host: Host, arrivals: readonly Arrival[]): Host {
  const names = new Set(arrivals.flatMap(({ devices }) => [...devices]));
  return { ...host, nics: host.nics.filter(({ name }) => names.has(name)) };
}

/** A group of the other protocol on that port may lack what a change needs. */
const ofFlow = (host: Host, { protocol }: Flow): Host => ({
  ...host,
  groups: host.groups.filter((group) => group.protocol === protocol),
});

async function show(
  options: ExplainCommandOptions,
  shown: Explanation,
  byPort: readonly Explanation[],
  before: Explanation | null,
): Promise<void> {
  if (options.json || options.pretty) {
    const several = byPort.length > 1 ? { ports: byPort } : {};
    const whatIf = before === null ? {} : { with: changesIn(options), before };
    return printDocument({ schema: SCHEMA, ...shown, ...several, ...whatIf }, options);
  }
  const { explanationLines } = await import('../../report/explain.ts');
  write(options, (style) => explanationLines(shown, before, style));
}

async function showPorts(
  flow: Flow,
  arrivals: readonly Arrival[],
  count: number,
  options: ExplainCommandOptions,
): Promise<void> {
  const [arrival] = arrivals;
  if (arrival === undefined || arrivals.length > 1)
    throw usage(
      '--ports: it is not known which lower device of the bond the switch uses',
      'name it with --iface',
    );
  const queues = portsByQueue(flow, arrival, givenBy(options), count);
  const { source, destination } = flow;
  const ways = `${flow.protocol} ${source.address} -> ${formatEndpoint(destination)}`;
  if (typeof queues === 'string')
    throw cliFailure(
      'queue-unknown',
      `${ways}: ${queues}`,
      'run explain without --ports to see what is known',
    );
  const short = queues.some(({ ports }) => ports.length < count);
  const notes = short
    ? ['fewer ports than requested: no other port from 32768 to 60999 reaches these queues']
    : [];
  if (options.json || options.pretty)
    return printDocument({ schema: SCHEMA, flow: ways, nic: arrival.nic.name, queues, notes }, options);
  const { portLines } = await import('../../report/explain.ts');
  write(options, (style) => portLines(ways, queues, notes, style));
}

async function explainList(options: ExplainCommandOptions): Promise<void> {
  const [change, listed] = [await changeOf(options), await listedFlows(options)];
  const host = await loadHost(sourceOf(options, null));
  const arrivals = arriving(host, listed?.flows ?? [], options.iface ?? null).flatMap(([, each]) => each);
  const iface = options.iface ?? null;
  const whatIf = compare(narrowed(host, arrivals), options, change, listed, iface, walkingBy(options));
  if (options.json || options.pretty) return printDocument({ schema: SCHEMA, flow: null, whatIf }, options);
  const { comparisonLines } = await import('../../report/explain-load.ts');
  write(options, (style) => comparisonLines(whatIf, { ...style, all: options.all === true }));
}

function write({ color }: ExplainCommandOptions, lines: (style: Style) => readonly Line[]): void {
  const style = styleOf(color, process.stdout, process.env);
  printLines(lines(style), style);
}
