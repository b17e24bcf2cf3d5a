/** `locality-tune report`: its options and help. What it does is loaded when it runs. */
import type { Command } from 'commander';
import { addFrom, addOutput, collect, port } from '../options.ts';
import type { ReportCommandOptions } from './report-run.ts';

const HELP = `
One HTML file for a ticket: the verdict, the path of packets, what was measured, the findings with
their commands. It loads nothing, so it opens anywhere, and it prints.
A measurement is a recording of the live view, or what \`measure skb -j\` printed. Without --from, the
machine is the one in the recording, or this one. --before and --after take two snapshots or two
measurements; the page is about the later one.

Examples:
  locality-tune report -o web-07.html
  locality-tune report --from web-07.json -o web-07.html
  locality-tune measure skb -j -c 10 > skb.jsonl
  locality-tune report --measured skb.jsonl -o web-07.html
  locality-tune report --before monday.json --after tuesday.json -o change.html`;

export function register(program: Command): void {
  addFrom(addOutput(program.command('report')))
    .description('Write a page that shows how local packets are, for a browser or a printer')
    .option('--measured <file>', 'with what was measured: a recording, or the lines of measure skb -j')
    .option('--before <file>', 'with what was before: a snapshot, or a measurement')
    .option('--after <file>', 'and what is after, of the same kind')
    .option('-i, --iface <name>', 'only this interface (may be given several times)', collect)
    .option('--port <port>', 'only groups and sockets of this port', port)
    .option('--no-slots', 'do not read slots and programs from the kernel, which takes 1 to 3 s')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runReport } = await import('./report-run.ts');
      await runReport(command.optsWithGlobals<ReportCommandOptions>());
    });
}
