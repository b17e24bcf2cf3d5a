/** `locality-tune fleet`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { usage } from '../errors.ts';
import { addOutput, collect, port } from '../options.ts';
import type { FleetCommandOptions } from './fleet-run.ts';

/** As PromQL writes it. Throws CliError. */
function promDuration(text: string): string {
  if (/^(\d+(ms|[smhdwy]))+$/.test(text)) return text;
  throw usage(`--window '${text}': must be a duration such as 15m or 1h`);
}

const HELP = `
Compares machines: the worst first, how common each finding is, and which machines differ from their
peers, and in what. Peers serve the same ports. FILE is a snapshot (\`locality-tune snapshot\`), or a
recording of the live view, which also has what was measured.
A file that cannot be read is named; the others are still compared, and the exit status is 1.
--prometheus asks Prometheus, VictoriaMetrics, Mimir or Thanos, which scrape \`locality-tune export\`,
instead of reading files.

Examples:
  for host in web-01 web-02; do ssh root@$host locality-tune snapshot > $host.json; done
  locality-tune fleet *.json
  locality-tune fleet *.json --port 443 -j
  locality-tune fleet *.json --html -o fleet.html
  locality-tune fleet --prometheus http://localhost:9090 --match 'job="edge"'`;

export function register(program: Command): void {
  addOutput(program.command('fleet'))
    .description('Compare many machines, by their snapshots or by a Prometheus server')
    .argument('[file...]', 'snapshots or recordings')
    .option('--prometheus <url>', 'ask this Prometheus-compatible server')
    .option('--match <labels>', 'only targets with these labels, such as \'job="edge"\'')
    .option(
      '--window <duration>',
      'with --prometheus, measured during this time (default: 15m)',
      promDuration,
    )
    .option('--header <header>', "send 'Name: value', or 'Name: @FILE' (repeatable)", collect)
    .option('--port <port>', 'only groups and sockets of this port', port)
    .option('--all', 'show every host and every difference')
    .option('--html', 'write an HTML page')
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], _options: unknown, command: Command) => {
      const { runFleet } = await import('./fleet-run.ts');
      await runFleet(files, command.optsWithGlobals<FleetCommandOptions>());
    });
}
