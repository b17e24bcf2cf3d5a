/** RFS: off if queues already bring packets to their workers. */
import { membersBySlot } from '../../diagnose/groups.ts';
import { ownProgram } from '../../diagnose/programs.ts';
import { vectorsOf } from '../../diagnose/vectors.ts';
import type { Group } from '../../host/types.ts';
import { queueFile, write } from '../../words/shell.ts';
import type { Change, Refused } from '../types.ts';
import type { Assignment } from './assignment.ts';
import type { KindPlanner } from './planner.ts';

/** It moves packets to the CPU that last read the flow, which helps with one queue, or unpinned workers. */
export const rfs: KindPlanner = ({ host, nics, assignment, groups }) => {
  const entries = host.machine.rpsSockFlowEntries;
  const changes: Change[] = [];
  const refused: Refused[] = [];
  const served = host.groups.filter(({ id }) => groups.has(id));
  const steered = served.every((group) => isSteered(assignment, group));
  if (entries === 0) return {};
  for (const nic of nics) {
    const serving = assignment.serving.get(nic.name);
    if (nic.rxQueues.length < 2 || !steered || serving?.workers !== true) continue;
    if (vectorsOf(nic, null).length < serving.cpus.length) continue;
    for (const { index, rfsFlows } of nic.rxQueues) {
      if (rfsFlows === 0) continue;
      if (rfsFlows === null) {
        refused.push({ subject: `${nic.name} rx-${index}`, why: 'Its rps_flow_cnt could not be read.' });
        continue;
      }
      changes.push({
        kind: 'rfs',
        subject: `${nic.name} rx-${index} rps_flow_cnt`,
        target: { kind: 'rfs', nic: nic.name, queue: index },
        from: String(rfsFlows),
        to: '0',
        why: 'Its packets are received on the CPU of the worker already; RFS can only move them away.',
        command: write('0', queueFile(nic.name, `rx-${index}`, 'rps_flow_cnt')),
      });
    }
  }
  return { changes, refused };
};

/** Will a program find the worker of each CPU? */
function isSteered({ workerCpus }: Assignment, group: Group): boolean {
  const known = membersBySlot(group).size === group.size;
  const ours = group.program === null || ownProgram(group) !== null;
  return known && ours && !workerCpus.refused.some(({ subject }) => subject === group.id);
}
