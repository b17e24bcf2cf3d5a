import type { Host } from '../../host/types.ts';
import { names } from '../../words/phrase.ts';
import { pinnedMembers } from '../groups.ts';
import { memberOn, misses } from '../matching.ts';
import { ownProgram, starved } from '../programs.ts';
import type { AdvisedGroup, Facts, Found } from '../types.ts';
import { ownerName } from '../workers.ts';

/**
 * `ld cpu; mod #N` is local only if the worker of slot c mod N runs on CPU c, and a map only as long as slots stay the
 * same: when one worker restarts, the last socket moves into its slot. CPUs for which there is no worker belong to
 * fewer-workers-than-queues, and a program that must be detached to program-starves-slots.
 */
export function programMissesWorker({ host, served }: Facts): readonly Found[] {
  return served.flatMap((fed): Found[] => {
    const { group, nics, cpus, advice } = fed;
    const program = ownProgram(group);
    if (program === null || cpus === null || isLeaving(fed, host)) return [];
    const staffed = memberOn(pinnedMembers(group));
    const enough = nics.length > 0 && group.size >= cpus.size;
    const missed = misses(fed, program).filter(
      ({ cpu, workerCpu }) => enough || staffed.has(cpu) || !cpus.has(workerCpu),
    );
    if (missed.length === 0) return [];
    const where = missed.map(
      ({ cpu, slot, member, workerCpu }) =>
        `on CPU ${cpu} slot ${slot} (${ownerName(member)} on CPU ${workerCpu})`,
    );
    const on = nics.length > 0 ? 'receiving CPUs' : 'CPUs that can send to it';
    return [
      {
        rule: 'program-misses-worker',
        severity: nics.length > 0 ? 'warning' : 'info',
        subject: group.id,
        message:
          `On ${missed.length} of ${cpus.size} ${on}, \`${program.name}\` picks a worker that is pinned ` +
          `to another CPU: ${names(where)}.`,
        remedy: advice.why,
        fix: advice.fix,
      },
    ];
  });
}

/** Does program-starves-slots detach the program? */
function isLeaving(fed: AdvisedGroup, { machine }: Host): boolean {
  const program = ownProgram(fed.group);
  return (
    fed.advice.program === 'none' && program !== null && starved(fed, program, machine.cpus.online).length > 0
  );
}
