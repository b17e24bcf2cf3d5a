/** `locality-tune metrics`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { addMetricsOptions, type MetricsCommandOptions } from './export-options.ts';

const HELP = `
Prints what \`export\` would serve now, without what only a running process can count: samples of
the probes, and its own costs. --textfile replaces FILE at once, so that node_exporter's textfile
collector never reads half a file. --openmetrics prints OpenMetrics, which that collector does not
read.

Examples:
  sudo locality-tune metrics | promtool check metrics
  sudo locality-tune metrics --textfile /var/lib/prometheus/node-exporter/locality-tune.prom`;

export function register(program: Command): void {
  addMetricsOptions(program.command('metrics'))
    .description('Print metrics of this machine once, as Prometheus text')
    .option('--textfile <file>', "write to this file, for node_exporter's textfile collector")
    .option('--openmetrics', 'print OpenMetrics')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runMetrics } = await import('./metrics-run.ts');
      await runMetrics(command.optsWithGlobals<MetricsCommandOptions>());
    });
}
