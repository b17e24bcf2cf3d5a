/** `locality-tune live`: its options and help. The code is loaded when it runs. */
import { type Command, Option } from 'commander';
import { addFrom, collect, port, seconds } from '../options.ts';
import type { LiveCommandOptions } from './live-run.ts';

const HELP = `
Shows how local packets are now and over the last minutes, where locality is lost, and how to fix
it. ? shows all keys. Nothing changes until a second key confirms it. Without root there are only
counters and configuration; as root, bpftrace measures. Without a terminal it prints what inspect
prints, and with --json one object per interval. On a terminal, live is the default command.

Examples:
  locality-tune live --iface eth0 --port 8080
  locality-tune live --demo                   try it with a small server and its load
  locality-tune live --record peak.jsonl      and later, on any machine: live --replay peak.jsonl`;

export function register(program: Command): void {
  addFrom(program.command('live'))
    .description('Watch locality in a full-screen view, and change it')
    .option('-I, --iface <name>', 'only this interface (repeatable)', collect)
    .option(
      '--port <port>',
      'only groups, accepts and packets of this port; packets/s are those of the interfaces',
      port,
    )
    .option(
      '-i, --interval <seconds>',
      'length of an interval, at least 1',
      seconds('--interval', 3600, 1),
      1,
    )
    .option('--no-probes', 'do not run bpftrace: show only counters and configuration')
    .option('--demo', 'start a small server with load, and watch it')
    .option('--record <file>', 'also write the samples to this file')
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
      new Option('--background <which>', 'terminal background, if it cannot be detected').choices([
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
