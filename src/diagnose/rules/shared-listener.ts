import { isLoopback } from '../../path/receiving-nics.ts';
import { names } from '../../words/phrase.ts';
import { ofWhom } from '../../words/whose.ts';
import type { Facts, Finding } from '../types.ts';

/** Workers of one listener compete for connections: the first to wake takes it, on any CPU, under one lock. */
export function sharedListener({ host }: Facts): readonly Finding[] {
  // One SO_REUSEPORT socket that all workers inherit is shared as well.
  const single = host.groups.flatMap(({ id, protocol, address, port, kernelGroups, sockets }) => {
    const [only, another] = sockets;
    if (only === undefined || another !== undefined || (kernelGroups ?? 1) > 1) return [];
    const { owners } = only;
    const processes = new Set(owners.map(({ pid }) => pid)).size;
    return [{ id, protocol, address, port, owners, processes }];
  });
  return [...host.lone, ...single].flatMap(
    ({ id, protocol, address, port, owners, processes }): Finding[] => {
      const servers = owners.filter(({ pid }) => pid !== SYSTEMD);
      const count = processes - (owners.length > servers.length ? 1 : 0);
      if (count < 2) return [];
      const whom = [...new Set(servers.map(({ comm, pid }) => `${comm} ${pid}`))];
      const nginx = servers.some(({ comm }) => comm === 'nginx')
        ? ` (nginx: \`listen ${port}${protocol === 'udp' ? ' udp' : ''} reuseport\`)`
        : '';
      const kind = protocol === 'tcp' ? 'accept' : 'receive';
      return [
        {
          rule: 'shared-listener',
          severity: isLoopback(address) ? 'info' : 'warning',
          subject: id,
          message:
            `${count} processes (${names(whom)}${ofWhom(servers)}) share one ${kind} queue: ` +
            'the first to wake takes packets that another CPU received. ' +
            `Give each its own SO_REUSEPORT socket${nginx}, so that the kernel chooses.`,
          fix: [],
        },
      ];
    },
  );
}

/** systemd keeps the listeners that it passed on (socket activation), and does not serve them. */
const SYSTEMD = 1;
