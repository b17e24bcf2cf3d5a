/** `locality-tune plan`: read the machine, plan, print. */
import { formatCpuList } from '../../host/cpus.ts';
import { toScript } from '../../tune/script.ts';
import type { SourceOptions } from '../options.ts';
import { print, printDocument } from '../output.ts';
import { loadPlan } from './load-plan.ts';
import { planOptionsOf, type TuningOptions } from './plan-options.ts';

export interface PlanCommandOptions extends TuningOptions, SourceOptions {}

export async function runPlan(options: PlanCommandOptions): Promise<void> {
  const { plan, expected } = await loadPlan(options);
  const { changes, refused, notes } = plan;
  if (options.json || options.pretty)
    printDocument({ schema: 'locality-tune.plan/1', changes, refused, notes, expected }, options);
  else print(toScript(plan, expected, `Made by: ${commandLine(options)}`));
}

/** What a reader needs to make it again, and to see of which machine it is. */
function commandLine({ root, netns, from, ...options }: PlanCommandOptions): string {
  const { ifaces, ports, protocol, only, cpus, smt, program } = planOptionsOf(options);
  const words = [
    ...ifaces.map((name) => `--iface ${name}`),
    ...ports.map((port) => `--port ${port}`),
    ...(protocol === 'udp' ? ['--udp'] : []),
    ...(only.length > 0 ? [`--only ${only.join(',')}`] : []),
    ...(cpus !== null ? [`--cpus ${formatCpuList(cpus)}`] : []),
    ...(smt === 'both' ? ['--smt both'] : []),
    ...(program !== null ? [`--program ${program}`] : []),
    ...Object.entries({ root, netns, from }).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name} ${value}`],
    ),
  ];
  return `locality-tune plan ${words.join(' ')}`;
}
