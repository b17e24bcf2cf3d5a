import { pin, steer } from '../commands.ts';
import { ownerName, ownProgram, servedGroups } from '../groups.ts';
import { misses, repair } from '../matching.ts';
import { names } from '../phrase.ts';
import type { Finding, View } from '../types.ts';

/**
 * `ld cpu; mod #N` is local only if the worker of slot c mod N runs on CPU c, and a map only as long as slots
 * stay: one worker's restart moves the last socket into its hole.
 */
export function programMissesWorker(view: View): readonly Finding[] {
  const command = steer(view.host);
  return servedGroups(view).flatMap((served): Finding[] => {
    const { group, cpus } = served;
    const program = ownProgram(group);
    if (program === null || cpus === null) return [];
    const missed = misses(served, program);
    if (missed.length === 0) return [];
    const where = missed.map(
      ({ cpu, slot, member, workerCpu }) =>
        `CPU ${cpu} to slot ${slot}, ${ownerName(member)} on CPU ${workerCpu}`,
    );
    const { pins, map } = repair(served, program);
    const none = pins.length === 0 ? ' There is no worker to spare for those CPUs.' : '';
    const advice = map ? ' `map` sends each CPU to the worker that is on it.' : none;
    return [
      {
        rule: 'program-misses-worker',
        severity: 'warning',
        subject: group.id,
        message:
          `Of ${cpus.size} CPUs that receive, ${missed.length} choose a worker that is pinned elsewhere ` +
          `(${names(where)}).${advice}`,
        fix: [
          ...pins.flatMap(([{ owners }, cpu]) => owners.map((owner) => pin(owner, cpu))),
          ...(map ? command('attach', group, 'map') : []),
        ],
      },
    ];
  });
}
