/** The files through which settings are changed, to know who wrote them. */

import type { SavedChange } from '../tune/saved.ts';
import type { Target } from '../tune/types.ts';
import { queueFile } from '../words/shell.ts';
import type { Observation } from './types.ts';

/** None for what is set by a system call. smp_affinity and smp_affinity_list are two inodes with one value. */
export function pathsOf(target: Target): string[] {
  switch (target.kind) {
    case 'irq':
      return ['smp_affinity', 'smp_affinity_list'].map((file) => `/proc/irq/${target.irq}/${file}`);
    case 'xps':
      return [queueFile(target.nic, `tx-${target.queue}`, `xps_${target.by}`)];
    case 'rps':
      return [queueFile(target.nic, `rx-${target.queue}`, 'rps_cpus')];
    case 'rfs':
      return [queueFile(target.nic, `rx-${target.queue}`, 'rps_flow_cnt')];
    default:
      return [];
  }
}

/** The table of RFS, which all interfaces share. It is only watched. */
export const FLOW_ENTRIES = 'rps_sock_flow_entries';

/** File -> subject of the setting behind it. */
export const filesOf = ({ settings }: Observation): ReadonlyMap<string, string> =>
  new Map(
    [...settings.values()].flatMap(({ subject, target }) => {
      const paths = target === null ? [] : pathsOf(target);
      if (subject === FLOW_ENTRIES) paths.push(`/proc/sys/net/core/${FLOW_ENTRIES}`);
      return paths.map((path) => [path, subject] as const);
    }),
  );

/** The interface or group that a setting belongs to; null: the whole machine, or a thread of no known group. */
export function ownerOf(target: SavedChange['target']): string | null {
  return 'nic' in target ? target.nic : 'group' in target ? target.group : null;
}
