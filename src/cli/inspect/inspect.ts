/** `locality-tune inspect`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { addFrom, collect, port, seconds } from '../options.ts';
import { addFailOn } from './fail-on.ts';
import type { InspectCommandOptions } from './inspect-run.ts';
import { addWhatIf, WHAT_IF_HELP } from './what-if-options.ts';

const EXAMPLES = `
Prints the verdict, the path of each RX queue to a worker, the findings with the commands that fix
them, and the details. It changes nothing. Only root sees other users' workers and the kernel's
slots and programs. A dash means not known; the reason is under Notes.

--with, --flows and --pcap show how local the packets would be, and the load of each queue, CPU and
worker, before and after.${WHAT_IF_HELP}

--fail-on makes findings an exit status: 0 without such a finding, 1 with one, 2 wrong usage, 77
missing privilege. \`locality-tune findings\` lists the rules that --ignore takes.

Examples:
  locality-tune inspect --iface eth0 --port 8080
  locality-tune inspect --port 4433 --sample 5          how many datagrams each UDP socket gets
  locality-tune inspect -j | jq -r '.findings[].fix[]'  only the commands
  locality-tune inspect --iface eth0 --port 8080 --with "rss=equal 4" --with program=map
  locality-tune inspect --fail-on warning --ignore worker-not-pinned       in CI, a cron job
  locality-tune inspect --netns web                     in a network namespace or container`;

export function register(program: Command): void {
  addFailOn(addWhatIf(addFrom(program.command('inspect'))))
    .description('Show how local packets are, from RX queue to worker, and how to fix it')
    .option('-I, --iface <name>', 'only this interface (repeatable)', collect)
    .option('--port <port>', 'only groups and sockets of this port', port)
    .option('--no-slots', 'do not read slots and programs with bpftrace, which takes 1 to 3 s')
    .option(
      '--sample <seconds>',
      'count the datagrams of UDP groups for SECONDS (default: 1; 0: do not count)',
      seconds('--sample', 3600),
    )
    .option('--all', 'text output: show every row and every group')
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) => {
      const { runInspect } = await import('./inspect-run.ts');
      await runInspect(command.optsWithGlobals<InspectCommandOptions>());
    });
}
