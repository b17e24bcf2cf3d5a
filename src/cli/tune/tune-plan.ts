/** The plan for what the options name, and the machine that it is for. */
import type { View } from '../../diagnose/types.ts';
import { expectedLocality } from '../../path/expected.ts';
import { joinPaths } from '../../path/join.ts';
import type { Expected } from '../../path/types.ts';
import { openFiles } from '../../system/files.ts';
import { applied } from '../../tune/applied.ts';
import { withStartTimes } from '../../tune/plan/start-times.ts';
import { expectedFor, planTuning } from '../../tune/plan.ts';
import { type InForce, journalsInForce } from '../../tune/survey.ts';
import type { Change, Plan } from '../../tune/types.ts';
import { loadHost, originOf } from '../host-source.ts';
import type { SourceOptions } from '../options.ts';
import { planOptionsOf, type TuningOptions } from './plan-options.ts';

export interface Planned {
  readonly view: View;
  readonly plan: Plan;
  readonly expected: { readonly before: readonly Expected[]; readonly after: readonly Expected[] };
}

const NOTHING_APPLIED: InForce = { journals: [], notes: [] };

/** Of this machine as it is now, or of a captured one. Throws CliError. */
export async function planFor(options: TuningOptions & SourceOptions): Promise<Planned> {
  const wanted = planOptionsOf(options);
  const [port, ...others] = wanted.ports;
  const { port: _ports, ...source } = options;
  const only = port === undefined || others.length > 0 ? {} : { port };
  const host = await loadHost({ ...source, ...only, iface: wanted.ifaces, slots: port !== undefined });
  const view = { host, paths: joinPaths(host), expected: expectedLocality(host) };
  const live = originOf(options) === 'live';
  const { journals, notes } = live ? journalsInForce() : NOTHING_APPLIED;
  const planned = planTuning(view, wanted, journals);
  const plan = live ? withStartTimes(planned, openFiles('/')) : planned;
  const expected = { before: expectedFor(host, wanted), after: expectedFor(applied(host, plan), wanted) };
  return {
    view,
    plan: { ...plan, notes: [...notes, ...plan.notes, ...plan.changes.flatMap(irreversible(plan))] },
    expected,
  };
}

/** What can't be restored is said before it is changed. Queues that channels are to bring go with them again. */
function irreversible({ changes }: Plan): (change: Change) => readonly string[] {
  const coming = new Set(changes.flatMap(({ target }) => (target.kind === 'channels' ? [target.nic] : [])));
  return ({ subject, from, target }) => {
    if (target.kind === 'rss' && from !== null && from !== 'default')
      return [
        `${subject}: undo puts these bytes back, and they count as set by a user then: if they were the driver's own, ` +
          `\`ethtool -X ${target.nic} default\` hands the table back to it`,
      ];
    if (from !== null || ('nic' in target && coming.has(target.nic))) return [];
    return [`${subject}: what it is now is not known: undo restores it only if apply can read it`];
  };
}
