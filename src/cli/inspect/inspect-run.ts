/** `locality-tune inspect`: read the machine, join it into paths, judge them, print. */

import { diagnose } from '../../diagnose/diagnose.ts';
import type { NamedNetns } from '../../host/netns-target.ts';
import type { Host } from '../../host/types.ts';
import { viewOf } from '../../path/view.ts';
import type { Inspection } from '../../report/inspection.ts';
import type { Comparison } from '../../what-if/load.ts';
import { count } from '../../words/phrase.ts';
import type { InspectDocument } from '../documents/look.ts';
import { EXIT } from '../errors.ts';
import { loadHost, originOf } from '../host-source.ts';
import type { SourceOptions } from '../options.ts';
import { printDocument, printLines, say, styleOf } from '../output.ts';
import { type FailOnOptions, failing, requireRules, type Sifted, sift } from './fail-on.ts';
import { asksWhatIf, refuseTwoLists, type WhatIfOptions } from './what-if-options.ts';

export interface InspectCommandOptions extends SourceOptions, WhatIfOptions, FailOnOptions {
  readonly iface?: readonly string[];
  readonly port?: number;
  readonly slots: boolean;
  readonly sample?: number;
  readonly all?: true;
}

export async function runInspect(options: InspectCommandOptions): Promise<void> {
  await requireRules(options);
  const asked = asksWhatIf(options) ? await askedWhatIf(options) : null;
  const host = await loadHost(options);
  const seen = { ...look(host, options.netns), remedy: remedy(options, host), port: options.port };
  const sifted = sift(seen.findings, options);
  const inspection = { ...seen, findings: sifted.findings };
  const whatIf = asked?.(inspection.host) ?? null;
  const json = options.json || options.pretty;
  if (json) {
    const ignored = options.ignore && { ignored: sifted.ignored };
    printDocument({ ...toDocument(inspection), ...ignored, ...(whatIf && { whatIf }) }, options);
  } else if (whatIf !== null) await printWhatIf(whatIf, options);
  else await printInspection(inspection, options);
  verdictOf(sifted, options, json !== true);
}

/** The exit status of --fail-on; on stderr what it is about, unless a program reads. */
function verdictOf({ findings, ignored }: Sifted, options: InspectCommandOptions, tell: boolean): void {
  const bad = failing(findings, options);
  if (bad.length > 0) process.exitCode = EXIT.failed;
  if (!tell) return;
  for (const [rule, n] of Object.entries(ignored)) say(`note: ${count(n, 'finding')} of ${rule} ignored\n`);
  if (bad.length === 0) return;
  const rules = [...new Set(bad.map(({ rule }) => rule))].join(', ');
  say(`locality-tune: ${count(bad.length, 'finding')} of severity ${options.failOn} or worse: ${rules}\n`);
}

async function printInspection(inspection: Inspection, options: InspectCommandOptions): Promise<void> {
  const { inspectLines } = await import('../../report/inspect-text.ts');
  const style = styleOf(options.color, process.stdout, process.env);
  printLines(inspectLines(inspection, { ...style, all: options.all === true }), style);
}

/** Refuses nonsense before it reads the machine. */
async function askedWhatIf(options: InspectCommandOptions): Promise<(host: Host) => Comparison> {
  const { changeOf, compare, listedFlows } = await import('./what-if.ts');
  refuseTwoLists(options);
  const [change, listed] = [await changeOf(options), await listedFlows(options)];
  const [iface = null] = options.iface?.length === 1 ? options.iface : [];
  return (host) => compare(host, options, change, listed, iface);
}

async function printWhatIf(whatIf: Comparison, options: InspectCommandOptions): Promise<void> {
  const { comparisonLines } = await import('../../report/explain-load.ts');
  const style = styleOf(options.color, process.stdout, process.env);
  printLines(comparisonLines(whatIf, { ...style, all: options.all === true }), style);
}

/** Joins what was read, and finds what is wrong. */
export function look(host: Host, netns: NamedNetns | null = null): Omit<Inspection, 'remedy'> {
  const view = viewOf(host);
  return { ...view, findings: diagnose(view, netns) };
}

/** How to learn what could not be read; null if nothing is left to try. */
export function remedy(
  options: Pick<InspectCommandOptions, 'root' | 'from' | 'slots'>,
  host: Pick<Host, 'groups' | 'lone' | 'notes'>,
): string | null {
  const origin = originOf(options);
  if (origin === 'snapshot')
    return isComplete(host)
      ? null
      : 'The snapshot does not contain everything. One that root takes, with bpftrace installed, also has workers, slots and programs.';
  if (origin === 'tree') {
    return 'A captured tree has no workers, slots or programs. Run inspect as root on the machine itself to see them.';
  }
  if (process.geteuid?.() !== 0)
    return 'Run inspect as root to see the workers of other users, slots and programs.';
  return options.slots ? null : 'Omit --no-slots to read slots and programs from the kernel.';
}

/** Were all sockets, processes and slots seen, as by root? A captured tree has no sockets. */
const isComplete = ({ groups, lone, notes }: Pick<Host, 'groups' | 'lone' | 'notes'>): boolean =>
  groups.length + lone.length > 0 &&
  groups.every(({ selection }) => selection !== null) &&
  !notes.some((note) => note.includes('(run as root'));

function toDocument({ host, paths, expected, findings }: Inspection): InspectDocument {
  const { machine, nics, groups, lone, notes } = host;
  return {
    schema: 'locality-tune.inspect/1',
    host: machine,
    nics,
    groups,
    lone,
    paths,
    expected,
    findings,
    notes,
  };
}
