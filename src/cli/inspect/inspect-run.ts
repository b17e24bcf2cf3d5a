/** `locality-tune inspect`: read the machine, join it into paths, judge them, print. */

import { diagnose } from '../../diagnose/diagnose.ts';
import type { NamedNetns } from '../../host/netns-target.ts';
import type { Host } from '../../host/types.ts';
import { viewOf } from '../../path/view.ts';
import type { Inspection } from '../../report/inspection.ts';
import type { Comparison } from '../../what-if/load.ts';
import { loadHost, originOf } from '../host-source.ts';
import type { SourceOptions } from '../options.ts';
import { printDocument, printLines, styleOf } from '../output.ts';
import { asksWhatIf, refuseTwoLists, type WhatIfOptions } from './what-if-options.ts';

export interface InspectCommandOptions extends SourceOptions, WhatIfOptions {
  readonly iface?: readonly string[];
  readonly port?: number;
  readonly slots: boolean;
  readonly sample?: number;
  readonly all?: true;
}

export async function runInspect(options: InspectCommandOptions): Promise<void> {
  const asked = asksWhatIf(options) ? await askedWhatIf(options) : null;
  const host = await loadHost(options);
  const inspection = { ...look(host, options.netns), remedy: remedy(options, host), port: options.port };
  const whatIf = asked?.(inspection.host) ?? null;
  if (options.json || options.pretty)
    return printDocument({ ...toDocument(inspection), ...(whatIf && { whatIf }) }, options);
  if (whatIf !== null) return printWhatIf(whatIf, options);
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

function toDocument({ host, paths, expected, findings }: Inspection) {
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
