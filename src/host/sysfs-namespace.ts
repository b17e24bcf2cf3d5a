/**
 * /sys/class/net shows the network namespace in which it was mounted (net/core/net-sysfs.c). After `nsenter --net` or
 * `unshare --net` this process is in another one, and a value written there changes the queues of the first.
 */
import { type Failure, failure } from '../system/errors.ts';
import type { Files } from '../system/types.ts';
import { readInteger } from './values.ts';

/** Interfaces that only one of the two has, or that have another ifindex in it, sorted; [] if /sys shows none at all. */
export function foreignInterfaces(files: Files): readonly string[] {
  // A captured tree was not captured in one moment.
  if (files.root !== '/') return [];
  const found = compare(files);
  // An interface that came or went between the two looks.
  return found.length === 0 ? found : compare(files);
}

export const FOREIGN_SYSFS = '/sys shows another network namespace than the one of this process';

/** A sentence. */
export const ENTER_IT =
  'Instead of nsenter or unshare use `ip netns exec` or the option --netns: both mount the right /sys';

/** @param act what was not done: `--iface eth0`, `apply` */
export const foreignSysfs = (act: string): Failure =>
  failure('foreign-sysfs', `${act}: ${FOREIGN_SYSFS}`, ENTER_IT);

function compare(files: Files): readonly string[] {
  const shown = files.list('/sys/class/net').filter((name) => name !== 'bonding_masters');
  const here = names(files.text('/proc/self/net/dev'));
  if (shown.length === 0 || here.length === 0) return [];
  const indices = knownIndices(files);
  const isOther = (name: string): boolean => {
    const index = indices.get(name);
    return index !== undefined && index !== readInteger(files, `/sys/class/net/${name}/ifindex`);
  };
  return [
    ...shown.filter((name) => !here.includes(name) || isOther(name)),
    ...here.filter((name) => !shown.includes(name)),
  ].sort();
}

const names = (dev: string | null): readonly string[] =>
  [...(dev ?? '').matchAll(/^\s*([^:\s]+):/gm)].flatMap(([, name]) => name ?? []);

/** Of the interfaces with an IPv6 address, the only ones whose ifindex is in a file of /proc/net by name. */
function knownIndices(files: Files): ReadonlyMap<string, number> {
  const lines = (files.text('/proc/self/net/if_inet6') ?? '').matchAll(
    /^[0-9a-f]{32} ([0-9a-f]+) \S+ \S+ \S+ +(\S+)$/gm,
  );
  return new Map([...lines].map(([, index, name]) => [name ?? '', Number.parseInt(index ?? '', 16)]));
}
