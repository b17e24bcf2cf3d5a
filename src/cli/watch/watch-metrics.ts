/** `watch --listen`, or with sockets that the service manager has passed: metrics of the machine and of this watcher. */
import { isLoopback, type ListenAddress } from '../../export/address.ts';
import { serveMetrics } from '../../export/serve.ts';
import type { Daemon } from '../../watch/daemon.ts';
import { during } from '../errors.ts';
import { EVERYONE, meteredOptions, openMetered, probesIn } from '../export/machine.ts';
import { say } from '../output.ts';
import type { WatchCommandOptions } from './watch-options.ts';

/** Resolves once it listens, to what settles when it has ended. Throws CliError if the address cannot be had. */
export async function serveMetricsOf(
  { watcher }: Daemon,
  addresses: readonly (ListenAddress | { readonly fd: number })[],
  { iface = [], port: ports = [], sample, netns }: WatchCommandOptions,
  signal: AbortSignal,
): Promise<{ readonly ended: Promise<void> }> {
  const [port, ...others] = ports;
  const options = {
    color: 'never' as const,
    iface,
    slots: true,
    ...(others.length === 0 && port !== undefined && { port }),
  };
  const serving = await during('--listen', 'CAP_NET_BIND_SERVICE for a port below 1024', () =>
    serveMetrics(
      openMetered(options),
      {
        ...meteredOptions(options),
        addresses,
        sampling: { schedule: sample ?? null, probes: probesIn(netns), matrix: false },
        watching: async () => ({
          watchers: [{ pid: process.pid, ...watcher.counters() }],
          silent: [],
          missing: null,
        }),
      },
      signal,
    ),
  );
  say(`serving ${serving.addresses.map((address) => `http://${address}/metrics`).join(', ')}\n`);
  if (addresses.some((each) => 'host' in each && !isLoopback(each.host))) say(EVERYONE);
  return serving;
}
