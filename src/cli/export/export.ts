/** `locality-tune export`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import {
  addMetricsOptions,
  type ExportCommandOptions,
  listenAddress,
  probes,
  schedule,
} from './export-options.ts';

const HELP = `
Serves /metrics for Prometheus and everything that scrapes like it, as Prometheus text or
OpenMetrics, and /-/healthy and /-/ready. It changes nothing, and reads the machine only when it is
scraped. Without --listen it uses the sockets that systemd passes, or 127.0.0.1:9884. There is no
password and no TLS: to serve other machines, put a reverse proxy in front of it, or listen on an
address that only they can reach.

--sample 5/60 runs the probes for 5 s of every minute, which needs root and bpftrace. Without it,
nothing is measured, and the metrics are those of counters and settings. What is missing is in the
metric locality_tune_missing, with the reason. docs/metrics.md lists all metrics.

Examples:
  sudo locality-tune export --listen 127.0.0.1:9884
  sudo locality-tune export --sample 5/60 --port 443
  curl -s localhost:9884/metrics`;

export function register(program: Command): void {
  addMetricsOptions(program.command('export'))
    .description('Serve metrics of this machine over HTTP, for Prometheus')
    .option('--listen <address:port>', 'listen here (default: 127.0.0.1:9884)', listenAddress)
    .option(
      '--sample <seconds/period>',
      'measure for SECONDS of each PERIOD in seconds, such as 5/60',
      schedule,
    )
    .option('--probes <names>', 'measure only with these: skb,accept,udp', probes)
    .option('--matrix', 'add packets by pair of CPUs, up to two series for each pair')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runExport } = await import('./export-run.ts');
      await runExport(command.optsWithGlobals<ExportCommandOptions>());
    });
}
