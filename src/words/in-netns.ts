/** Commands for a network namespace that work outside it, where the user is. */
import type { NamedNetns } from '../host/netns-target.ts';
import { word } from './shell.ts';

/** Settings that belong to a network namespace; IRQs, threads and daemons belong to the machine. */
const OF_NETNS = /\/sys\/class\/net\/|^\s*(?:ethtool|ip|tc)\s/m;

/** @param netns null: the user's own, and the command as it is */
export function inNetns(command: string, netns: NamedNetns | null): string {
  if (netns === null) return command;
  if (/^locality-tune\s/.test(command)) return `${command} --netns ${word(netns.asked)}`;
  return OF_NETNS.test(command) ? enterFor(command, netns) : command;
}

/**
 * A shell that runs the command in there. A sysfs shows the namespace of the process that mounted it: `ip netns exec`
 * mounts another one, nsenter does not.
 */
export function enterFor(command: string, { asked, pid }: NamedNetns): string {
  return pid === null
    ? `ip netns exec ${word(asked)} sh -c ${word(command)}`
    : `nsenter -t ${pid} -n unshare -m sh -c ${word(`mount -t sysfs sysfs /sys && ${command}`)}`;
}
