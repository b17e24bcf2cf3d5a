/** `locality-tune fleet`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { addOutput, port } from '../options.ts';
import type { FleetCommandOptions } from './fleet-run.ts';

const HELP = `
Compares machines: the worst first, how common each finding is, and which machines differ from their
peers, and in what. Peers serve the same ports. FILE is a snapshot (\`locality-tune snapshot\`), or a
recording of the live view, which also has what was measured.
A file that cannot be read is named; the others are still compared, and the exit status is 1.

Examples:
  for host in web-01 web-02; do ssh root@$host locality-tune snapshot > $host.json; done
  locality-tune fleet *.json
  locality-tune fleet *.json --port 443 -j
  locality-tune fleet *.json --html -o fleet.html`;

export function register(program: Command): void {
  addOutput(program.command('fleet'))
    .description('Compare many machines by their snapshots')
    .argument('[file...]', 'snapshots or recordings')
    .option('--port <port>', 'only groups and sockets of this port', port)
    .option('--all', 'show every host and every difference')
    .option('--html', 'write an HTML page')
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], _options: unknown, command: Command) => {
      const { runFleet } = await import('./fleet-run.ts');
      await runFleet(files, command.optsWithGlobals<FleetCommandOptions>());
    });
}
