/** As many queues as serving CPUs, if the NIC can have them. */
import { maxRxQueues } from '../../diagnose/nics.ts';
import { vectorsOf } from '../../diagnose/vectors.ts';
import type { ChannelCount, Nic } from '../../host/types.ts';
import { count } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import type { Change, Refused } from '../types.ts';
import type { KindPlanner } from './planner.ts';

/**
 * Never fewer: other traffic of this NIC uses the queues too, and the RSS table can leave out those that the workers do
 * not need. Not if a vector serves several queues, because it is not known how many vectors more channels would add.
 */
export const channels: KindPlanner = ({ nics, assignment }) => {
  const changes: Change[] = [];
  const refused: Refused[] = [];
  const notes: string[] = [];
  for (const nic of nics) {
    const serving = assignment.serving.get(nic.name);
    const now = nic.rxQueues.length;
    if (serving?.workers !== true || serving.cpus.length <= now) continue;
    const max = maxRxQueues(nic);
    if (vectorsOf(nic, null).length < now) continue;
    if (max === null) {
      refused.push({
        subject: nic.name,
        why: `The maximum number of queues is not known (it has ${now}).`,
      });
      continue;
    }
    const wanted = Math.min(serving.cpus.length, max, nic.rss?.indirection.length || max);
    const grown = grow(nic, wanted);
    changes.push(...grown);
    if (grown.length > 0)
      notes.push(`${nic.name}: many drivers take the link down for a moment when channels change.`);
  }
  return { changes, refused, notes };
};

function grow(nic: Nic, wanted: number): readonly Change[] {
  const { combined, rx, tx } = nic.channels ?? {};
  const kinds: readonly (readonly ['combined' | 'rx' | 'tx', ChannelCount | null | undefined, number])[] =
    (combined?.max ?? 0) > 0
      ? [['combined', combined, wanted - (rx?.current ?? 0)]]
      : [
          ['rx', rx, wanted],
          ['tx', tx, wanted],
        ];
  return kinds.flatMap(([which, setting, sought]) => {
    if (setting === null || setting === undefined) return [];
    const to = Math.min(sought, setting.max);
    if (to <= setting.current) return [];
    return [
      {
        kind: 'channels' as const,
        subject: `${nic.name} ${which} channels`,
        target: { kind: 'channels' as const, nic: nic.name, which },
        from: String(setting.current),
        to: String(to),
        why: `${count(wanted, 'CPU')} with workers can each have a queue.`,
        command: `ethtool -L ${word(nic.name)} ${which} ${to}`,
      },
    ];
  });
}
