/** Plans for what the options name, on this machine or a captured one. */
import { viewOf } from '../../path/view.ts';
import { openMachine } from '../../use-cases/machine.ts';
import { type Planned, planFor, scopeOf } from '../../use-cases/plan.ts';
import { loadHost, originOf } from '../host-source.ts';
import type { SourceOptions } from '../options.ts';
import { planOptionsOf, type TuningOptions } from './plan-options.ts';

/** Throws CliError. */
export async function loadPlan(options: TuningOptions & SourceOptions): Promise<Planned> {
  const wanted = planOptionsOf(options);
  const { ifaces, port, slots } = scopeOf(wanted);
  const { port: _ports, ...source } = options;
  const host = await loadHost({ ...source, ...(port === null ? {} : { port }), iface: ifaces, slots });
  return planFor(viewOf(host), wanted, originOf(options) === 'live' ? openMachine() : null);
}
