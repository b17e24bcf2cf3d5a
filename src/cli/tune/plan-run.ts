/** `locality-tune plan`: reads the machine, plans, and prints. */

import { formatCpuList } from '../../host/cpus.ts';
import type { NamedNetns } from '../../host/netns-target.ts';
import { openFiles } from '../../system/files.ts';
import { netnsInode } from '../../system/netns.ts';
import { saveFile } from '../../system/save.ts';
import { machineIdOf, madeFor } from '../../tune/made-for.ts';
import { toSaved } from '../../tune/saved.ts';
import { type Inside, toScript } from '../../tune/script.ts';
import { type Planned, requireSubject } from '../../use-cases/plan.ts';
import { enterFor, inNetns } from '../../words/in-netns.ts';
import { count } from '../../words/phrase.ts';
import { option, word } from '../../words/shell.ts';
import { cliFailure, during } from '../errors.ts';
import { originOf } from '../host-source.ts';
import type { SourceOptions } from '../options.ts';
import { print, printDocument, say } from '../output.ts';
import { loadPlan } from './load-plan.ts';
import { planOptionsOf, type TuningOptions } from './plan-options.ts';

export interface PlanCommandOptions extends TuningOptions, SourceOptions {
  /** A file for `apply --saved`. */
  readonly save?: string;
  readonly force?: true;
}

export async function runPlan(options: PlanCommandOptions): Promise<void> {
  const planned = await loadPlan(options);
  // A captured tree has no sockets.
  if (originOf(options) === 'live') requireSubject(planned, planOptionsOf(options));
  const { plan, expected } = planned;
  const { refused, notes } = plan;
  const netns = options.netns ?? null;
  if (options.save !== undefined) await savePlan(options.save, planned, options);
  if (options.json || options.pretty)
    printDocument(
      {
        schema: 'locality-tune.plan/1',
        changes: plan.changes.map((change) => ({ ...change, command: inNetns(change.command, netns) })),
        refused,
        notes,
        expected,
        ...(options.save !== undefined && { saved: options.save }),
      },
      options,
    );
  else if (options.save === undefined)
    print(
      toScript(plan, expected, `Made by: ${commandLine(options)}`, {
        inside: inside(netns),
        host: originOf(options) === 'live' ? null : planned.view.host.machine.hostname,
      }),
    );
}

/** Throws CliError `nothing-to-save`, and if the file cannot be written. */
async function savePlan(path: string, planned: Planned, options: PlanCommandOptions): Promise<void> {
  requireSubject(planned, planOptionsOf(options));
  const { plan, view } = planned;
  if (plan.changes.length === 0)
    throw cliFailure(
      'nothing-to-save',
      `--save ${path}: there is nothing to change on this machine, so the file would be empty`,
      'save the plan before the machine is tuned; `apply` without --saved makes a new plan each time',
    );
  const { saved: changes, left } = toSaved(plan, view.host);
  const id = originOf(options) === 'live' ? machineIdOf(openFiles('/')) : null;
  const saved = { ...changes, machine: madeFor(view.host, plan.changes, id) };
  await during(`--save ${path}`, 'write access to its folder', () =>
    saveFile(path, `${JSON.stringify(saved, null, 2)}\n`, options.force === true, 0o644),
  );
  for (const { subject, why } of left) say(`note: ${subject}: not saved: ${why}\n`);
  const apply = inNetns(`locality-tune apply ${option('saved', path)} --yes`, options.netns ?? null);
  const { hostname } = view.host.machine;
  const there = originOf(options) === 'live' || hostname === null ? '' : ` on ${hostname}`;
  if (!options.json && !options.pretty)
    print(`${count(saved.changes.length, 'change')} saved to ${path}: \`${apply}\` makes them${there}\n`);
}

/** In another network namespace the script would change interfaces of the same name there. */
const inside = (netns: NamedNetns | null): Inside | null =>
  netns === null
    ? null
    : {
        inode: netnsInode(),
        how:
          netns.pid === null
            ? `ip netns exec ${word(netns.asked)} sh plan.sh`
            : enterFor('sh plan.sh', netns),
      };

/** What a reader needs to make the plan again, and to see for which machine it is. */
function commandLine({ root, netns, from, ...options }: PlanCommandOptions): string {
  const { ifaces, ports, protocol, only, cpus, irqCpus, avoidCpus, smt, program } = planOptionsOf(options);
  const words = [
    ...ifaces.map((name) => option('iface', name)),
    ...ports.map((port) => `--port ${port}`),
    ...(protocol === 'udp' ? ['--udp'] : []),
    ...(only.length > 0 ? [`--only ${only.join(',')}`] : []),
    ...(cpus !== null ? [`--cpus ${formatCpuList(cpus)}`] : []),
    ...(irqCpus !== null ? [`--irq-cpus ${formatCpuList(irqCpus)}`] : []),
    ...(avoidCpus.length > 0 ? [`--avoid-cpus ${formatCpuList(avoidCpus)}`] : []),
    ...(smt === 'both' ? ['--smt both'] : []),
    ...(program !== null ? [option('program', program)] : []),
    ...Object.entries({ root, netns: netns?.asked, from }).flatMap(([name, value]) =>
      value === undefined ? [] : [option(name, value)],
    ),
  ];
  return `locality-tune plan ${words.join(' ')}`;
}
