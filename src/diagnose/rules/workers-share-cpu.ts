import { planCommand } from '../../words/commands.ts';
import { cpuNames, names } from '../../words/phrase.ts';
import { ofWhom } from '../../words/whose.ts';
import { pinnedTo, soleOwner, whyUnpinnable } from '../pinnable.ts';
import type { Facts, Found } from '../types.ts';
import { usableCpus } from '../usable-cpus.ts';
import { threadOf, workerNames } from '../workers.ts';

/**
 * Pinned workers stay where their user put them. So no command moves them, but a plan, which is asked for their port, does.
 * A group with a program by CPU has its own advice.
 */
export function workersShareCpu({ host, served }: Facts): readonly Found[] {
  const usable = usableCpus(host);
  return served.flatMap(({ group, nics, advice }): Found[] => {
    const owners = group.sockets.flatMap((socket) => soleOwner(socket) ?? []);
    const workers = [...new Map(owners.map((owner) => [threadOf(owner), owner])).values()];
    const ofCpu = Map.groupBy(workers, pinnedTo);
    const crowded = [...ofCpu].filter(([cpu, of]) => cpu !== null && of.length > 1);
    const left = usable.filter((cpu) => !ofCpu.has(cpu));
    if (whyUnpinnable(group) !== null || crowded.length === 0 || left.length === 0) return [];
    const apart = crowded.reduce((sum, [, of]) => sum + of.length - 1, 0);
    if (apart > left.length || advice.fix.some((command) => command.startsWith('taskset'))) return [];
    const who = crowded.map(
      ([cpu, of]) => `${names(workerNames(of))}${ofWhom(of)} are all pinned to CPU ${cpu}`,
    );
    return [
      {
        rule: 'workers-share-cpu',
        severity: 'info',
        subject: group.id,
        message:
          `${names(who)}, while no worker of the group is pinned to ${cpuNames(left)}. ` +
          `\`${planCommand(nics, group)}\` moves them apart.`,
        fix: [],
      },
    ];
  });
}
