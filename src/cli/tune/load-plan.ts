/** Plans for what the options name, on this machine or a captured one. */

import { type Cpus, formatCpuList } from '../../host/cpus.ts';
import { viewOf } from '../../path/view.ts';
import type { PlanOptions } from '../../tune/types.ts';
import { openMachine } from '../../use-cases/machine.ts';
import { type Planned, planFor, scopeOf } from '../../use-cases/plan.ts';
import { usage } from '../errors.ts';
import { loadHost, originOf } from '../host-source.ts';
import type { SourceOptions } from '../options.ts';
import { planOptionsOf, type TuningOptions } from './plan-options.ts';

/** Throws CliError. */
export async function loadPlan(options: TuningOptions & SourceOptions): Promise<Planned> {
  const wanted = planOptionsOf(options);
  const { ifaces, port, slots } = scopeOf(wanted);
  const { port: _ports, ...source } = options;
  const host = await loadHost({ ...source, ...(port === null ? {} : { port }), iface: ifaces, slots });
  requireCpus(host.machine.cpus.online, wanted);
  return planFor(viewOf(host), wanted, originOf(options) === 'live' ? openMachine() : null);
}

/** Throws CliError usage. CPUs that are to be left alone need not be there. */
function requireCpus(online: Cpus, { cpus, irqCpus }: PlanOptions): void {
  for (const [option, named] of [
    ['--cpus', cpus],
    ['--irq-cpus', irqCpus],
  ] as const) {
    const missing = named?.filter((cpu) => !online.includes(cpu)) ?? [];
    if (missing.length > 0)
      throw usage(
        `${option} ${formatCpuList(named ?? [])}: ${formatCpuList(missing)} is not online`,
        `online are ${formatCpuList(online)}`,
      );
  }
}
