import type { Group, GroupSocket } from '../../host/types.ts';
import { count, names } from '../../words/phrase.ts';
import type { Facts, Found } from '../types.ts';
import { ownerName, workerNames } from '../workers.ts';

/**
 * connect() takes a UDP socket out of its group (6.13, udp_lib_hash4()), and the next bind() to the port may create another
 * group. A new flow is looked up by address and port and finds one of these groups only.
 */
export function groupSplit({ host }: Facts): readonly Found[] {
  const split = host.groups.filter(({ kernelGroups }) => (kernelGroups ?? 1) > 1);
  const ports = Map.groupBy(split, ({ protocol, address, port, device }) =>
    [protocol, address, port, device].join(' '),
  );
  return [...ports.values()].flatMap((groups): Found[] => {
    const [first] = groups;
    const open = groups.filter(({ sockets }) => sockets.some(waitsForNew));
    if (first === undefined || open.length < 2) return [];
    const takes = groups.find(({ newFlows }) => newFlows === true);
    const rest = open
      .filter((group) => group !== takes)
      .flatMap(({ sockets }) => sockets.filter(waitsForNew));
    return [
      {
        rule: 'group-split',
        severity: takes === undefined ? 'warning' : 'error',
        subject: first.id,
        message:
          `connect() has split the sockets of this port into ${groups.length} groups, and the kernel gives all new flows to ` +
          `one of them: ${takes === undefined ? 'which one is not known' : given(takes, rest)}. Open the unconnected ` +
          `sockets of all workers before the first connect(), or do not connect() sockets that are bound to this port.`,
        fix: [],
      },
    ];
  });
}

/** It has no peer, so it is there for new flows. */
function waitsForNew({ connected }: GroupSocket): boolean {
  return connected !== true;
}

function given(takes: Group, rest: readonly GroupSocket[]): string {
  const [only, another] = takes.sockets.filter(waitsForNew);
  const to =
    only !== undefined && another === undefined
      ? `to the socket of ${ownerName(only)}`
      : `to ${count(takes.size, 'socket')} of ${names(workerNames(takes.sockets.flatMap(({ owners }) => owners)))}`;
  const others = names(workerNames(rest.flatMap(({ owners }) => owners)));
  return `${to}, and none to ${count(rest.length, 'other socket')}${others === '' ? '' : ` (${others})`}`;
}
