/** `locality-tune plan`: reads the machine, plans, and prints. */

import { formatCpuList } from '../../host/cpus.ts';
import type { NamedNetns } from '../../host/netns-target.ts';
import { netnsInode } from '../../system/netns.ts';
import { type Inside, toScript } from '../../tune/script.ts';
import { enterFor, inNetns } from '../../words/in-netns.ts';
import { option, word } from '../../words/shell.ts';
import type { SourceOptions } from '../options.ts';
import { print, printDocument } from '../output.ts';
import { loadPlan } from './load-plan.ts';
import { planOptionsOf, type TuningOptions } from './plan-options.ts';

export interface PlanCommandOptions extends TuningOptions, SourceOptions {}

export async function runPlan(options: PlanCommandOptions): Promise<void> {
  const { plan, expected } = await loadPlan(options);
  const { refused, notes } = plan;
  const netns = options.netns ?? null;
  if (options.json || options.pretty)
    printDocument(
      {
        schema: 'locality-tune.plan/1',
        changes: plan.changes.map((change) => ({ ...change, command: inNetns(change.command, netns) })),
        refused,
        notes,
        expected,
      },
      options,
    );
  else print(toScript(plan, expected, `Made by: ${commandLine(options)}`, inside(netns)));
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
