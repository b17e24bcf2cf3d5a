/** `locality-tune demo`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { integer } from '../options.ts';
import type { DemoCommandOptions } from './demo-run.ts';

const HELP = `
Starts a small server, one worker pinned to each CPU, on a loopback port that the kernel chooses,
and sends it load: first by the kernel's hash, then with a program attached from outside. It needs
no NIC and no root, takes a few seconds, and leaves nothing behind. As root, with bpftrace, it also
shows what the kernel itself counts: accepts, and packets (rx locality).`;

export function register(program: Command): void {
  program
    .command('demo')
    .description('Show the effect on this machine: a small server under load, before and after')
    .option('--workers <n>', 'use at most N CPUs', integer('--workers', 1, 8_192), 16)
    .option(
      '--connections <n>',
      'number of TCP connections before the change, and after it',
      integer('--connections', 1, 1e6),
      4_000,
    )
    .option(
      '--datagrams <n>',
      'number of UDP datagrams before the change, and after it',
      integer('--datagrams', 1, 1e7),
      20_000,
    )
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runDemo } = await import('./demo-run.ts');
      await runDemo(command.optsWithGlobals<DemoCommandOptions>());
    });
}
