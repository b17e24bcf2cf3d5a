/** Which ports are label values: a machine may open and close thousands of others in a day. */
import type { Host, Protocol } from '../host/types.ts';
import type { Files } from '../system/types.ts';

/** More than any server has; the rest is `other`. */
const MOST = 100;

/** ip_local_port_range: the kernel picks ports from it, inclusive (Documentation/networking/ip-sysctl.rst). */
const DEFAULT_RANGE = [32_768, 60_999] as const;

export type PortLabels = Readonly<Record<Protocol, ReadonlySet<number>>>;

export function localRange(files: Files): readonly [first: number, last: number] {
  const [, first, last] =
    /^(\d+)\s+(\d+)/.exec(files.text('/proc/sys/net/ipv4/ip_local_port_range') ?? '') ?? [];
  return first === undefined || last === undefined ? DEFAULT_RANGE : [Number(first), Number(last)];
}

/** Ports of groups of several sockets, and other ports that the kernel would not have picked by itself. */
export function portLabels(
  { groups, lone }: Pick<Host, 'groups' | 'lone'>,
  [first, last]: readonly [first: number, last: number],
): PortLabels {
  const isChosen = (port: number): boolean => port < first || port > last;
  const of = (protocol: Protocol): ReadonlySet<number> => {
    const grouped = groups.filter(
      (group) => group.protocol === protocol && (group.size > 1 || isChosen(group.port)),
    );
    const alone = lone.filter((socket) => socket.protocol === protocol && isChosen(socket.port));
    const ports = new Set([
      ...grouped.map(({ port }) => port),
      ...alone.map(({ port }) => port).sort((a, b) => a - b),
    ]);
    return new Set([...ports].slice(0, MOST));
  };
  return { tcp: of('tcp'), udp: of('udp') };
}
