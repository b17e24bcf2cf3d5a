/** As many queues as serving CPUs, if the NIC can have them. */
import { betterChannels } from '../../diagnose/better-channels.ts';
import { maxRxQueues } from '../../diagnose/nics.ts';
import { vectorsOf } from '../../diagnose/vectors.ts';
import type { ChannelCount, Nic } from '../../host/types.ts';
import { count } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import type { Change, Refused } from '../types.ts';
import type { KindPlanner } from './planner.ts';

/**
 * Fewer only if RSS cannot feed all: other traffic of this NIC uses the queues too, and the RSS table can leave out those
 * that the workers do not need. Not if a vector serves several queues, because it is not known how many vectors more
 * channels would add.
 */
export const channels: KindPlanner = ({ host, nics, assignment }) => {
  const changes: Change[] = [];
  const refused: Refused[] = [];
  const notes: string[] = [];
  const change = (nic: Nic, queues: number, why: string) => {
    const resized = resize(nic, queues, why);
    changes.push(...resized);
    if (resized.length === 0) return;
    notes.push(`${nic.name}: many drivers take the link down for a moment when channels change.`);
    if (queues < nic.rxQueues.length)
      notes.push(
        `${nic.name}: its driver may reset the affinity of its interrupts and its XPS with the channels. apply puts them back; ` +
          'after running this script, plan again.',
      );
  };
  for (const nic of nics) {
    const serving = assignment.serving.get(nic.name);
    const now = nic.rxQueues.length;
    const better = betterChannels(host, nic);
    if (better !== null && (better.queues < now || serving?.asFound === true)) {
      change(nic, better.queues, better.why);
      continue;
    }
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
    if (wanted > now) change(nic, wanted, `${count(wanted, 'CPU')} with workers can each have a queue.`);
  }
  return { changes, refused, notes };
};

function resize(nic: Nic, wanted: number, why: string): readonly Change[] {
  const { combined, rx, tx } = nic.channels ?? {};
  const kinds: readonly (readonly ['combined' | 'rx' | 'tx', ChannelCount | null | undefined, number])[] =
    (combined?.max ?? 0) > 0
      ? [['combined', combined, wanted - (rx?.current ?? 0)]]
      : [
          ['rx', rx, wanted],
          ['tx', tx, wanted],
        ];
  const grows = wanted > nic.rxQueues.length;
  return kinds.flatMap(([which, setting, sought]) => {
    if (setting === null || setting === undefined) return [];
    const to = Math.min(sought, setting.max);
    if (to < 1 || (grows ? to <= setting.current : to >= setting.current)) return [];
    return [
      {
        kind: 'channels' as const,
        subject: `${nic.name} ${which} channels`,
        target: { kind: 'channels' as const, nic: nic.name, which },
        from: String(setting.current),
        to: String(to),
        why,
        command: `ethtool -L ${word(nic.name)} ${which} ${to}`,
      },
    ];
  });
}
