/** `locality-tune live`: its options and help. What it does is loaded when it runs. */
import { type Command, Option } from 'commander';
import { addFrom, collect, port, seconds } from '../options.ts';
import type { LiveCommandOptions } from './live-run.ts';

const HELP = `
How local packets are now and over the last minutes, where that is lost, and the key that mends it;
? shows all keys. Nothing is changed before a second key has confirmed it. Without root there are
counters and configuration; with root, bpftrace measures. Without a terminal it prints what inspect
prints, and with --json one object for each interval. No command at all, on a terminal, is live.

Examples:
  locality-tune live --iface eth0 --port 8080
  locality-tune live --demo                   a server and its load on this machine, to try it
  locality-tune live --record peak.jsonl      and later, on any machine: live --replay peak.jsonl`;

export function register(program: Command): void {
  addFrom(program.command('live'))
    .description('Watch locality as it happens, full screen, and act on it')
    .option('--iface <name>', 'only this interface (may be given several times)', collect)
    .option(
      '--port <port>',
      'only groups, accepts and datagrams of this port; packets are those of the machine',
      port,
    )
    .option(
      '-i, --interval <seconds>',
      'length of an interval, at least 1',
      seconds('--interval', 3600, 1),
      1,
    )
    .option('--no-probes', 'without bpftrace: counters and configuration only')
    .option('--demo', 'start a small server and its load, and watch those')
    .option('--record <file>', 'write the samples to a file as well')
    .option('--force', 'with --record: overwrite an existing file')
    .addOption(
      new Option('--replay <file>', 'show a recording instead of this machine').conflicts([
        'demo',
        'record',
        'iface',
        'port',
        'from',
      ]),
    )
    .addOption(
      new Option('--background <which>', 'of the terminal, where it does not tell itself').choices([
        'dark',
        'light',
      ]),
    )
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runLive } = await import('./live-run.ts');
      await runLive(command.optsWithGlobals<LiveCommandOptions>());
    });
}
