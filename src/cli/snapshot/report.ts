/** `locality-tune report`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { usage } from '../errors.ts';
import type { FleetCommandOptions } from '../fleet/fleet-run.ts';
import { addFrom, addOutput, collect, port } from '../options.ts';
import type { ReportCommandOptions } from './report-run.ts';

const HELP = `
Writes one HTML file for a ticket: the verdict, the paths, the measurements, and the findings with
their commands. The page loads nothing, so it opens anywhere and can be printed.
A measurement is a recording of the live view, or what \`measure skb -j\` printed. Without --from, the
machine is the one in the recording, or this one. --before and --after take two snapshots or two
measurements; the page is about the later one.

Examples:
  locality-tune report -o web-07.html
  locality-tune report --from web-07.json -o web-07.html
  locality-tune measure skb -j -c 10 > skb.jsonl
  locality-tune report --measured skb.jsonl -o web-07.html
  locality-tune report --experiment prove.json -o web-07.html
  locality-tune report --before monday.json --after tuesday.json -o change.html
  locality-tune report --fleet *.json -o fleet.html`;

export function register(program: Command): void {
  addFrom(addOutput(program.command('report')))
    .description('Write an HTML page that shows how local packets are')
    .option('--measured <file>', 'show this measurement: a recording, or the output of measure skb -j')
    .option('--before <file>', 'compare with this earlier snapshot or measurement')
    .option('--after <file>', 'the later snapshot or measurement, of the same kind as --before')
    .option('--experiment <file>', 'show this experiment: what prove -j printed')
    .option('--fleet <file...>', 'compare these machines, as `locality-tune fleet --html` does')
    .option('-I, --iface <name>', 'only this interface (repeatable)', collect)
    .option('--port <port>', 'only groups and sockets of this port', port)
    .option('--no-slots', 'do not read slots and programs with bpftrace, which takes 1 to 3 s')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ReportCommandOptions>();
      if (options.fleet !== undefined) {
        const { runFleet } = await import('../fleet/fleet-run.ts');
        return runFleet(options.fleet, fleetOptions(options));
      }
      const { runReport } = await import('./report-run.ts');
      await runReport(options);
    });
}

/** Throws CliError: options that are about one machine. */
function fleetOptions(options: ReportCommandOptions): FleetCommandOptions {
  const { from, root, measured, before, after, experiment, iface } = options;
  const one = Object.entries({ from, root, measured, before, after, experiment, iface }).find(
    ([, value]) => value !== undefined,
  );
  if (one !== undefined) throw usage(`--${one[0]}: cannot be combined with --fleet`, 'omit one of them');
  return { ...options, html: true };
}
