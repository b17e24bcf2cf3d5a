/** Commands for a network namespace that work outside it, where the user is. */
import { word } from './shell.ts';

/** Settings that belong to a network namespace; IRQs, threads and daemons belong to the machine. */
const OF_NETNS = /\/sys\/class\/net\/|^\s*(?:ethtool|ip|tc)\s/m;

/**
 * @param netns a name of `ip netns`, or a pid, as `--netns` takes it; null: the user's own, and the command as it is
 */
export function inNetns(command: string, netns: string | null): string {
  if (netns === null) return command;
  if (/^locality-tune\s/.test(command)) return `${command} --netns ${word(netns)}`;
  if (!OF_NETNS.test(command)) return command;
  // A sysfs shows the namespace of the process that mounted it: `ip netns exec` mounts another one, nsenter does not.
  return /^\d+$/.test(netns)
    ? `nsenter -t ${netns} -n unshare -m sh -c ${word(`mount -t sysfs sysfs /sys && ${command}`)}`
    : `ip netns exec ${word(netns)} sh -c ${word(command)}`;
}
