/** `locality-tune demo`: its options and help. What it does is loaded when it runs. */
import type { Command } from 'commander';
import { integer } from '../options.ts';
import type { DemoCommandOptions } from './demo-run.ts';

const HELP = `
Starts a small server, one worker pinned to each CPU, on a loopback port that the kernel chooses, and
loads it: first by the kernel's hash, then with a program that is attached from outside. Needs no NIC
and no root, takes some seconds, and leaves nothing behind. As root, with bpftrace, what the kernel
itself counts stands beside the server's own words: accepts, and packets (rx locality).`;

export function register(program: Command): void {
  program
    .command('demo')
    .description('Show the effect on this machine: a server and its load, before and after')
    .option('--workers <n>', 'at most so many CPUs take part', integer('--workers', 1, 8_192), 16)
    .option(
      '--connections <n>',
      'TCP connections before, and again after',
      integer('--connections', 1, 1e6),
      4_000,
    )
    .option(
      '--datagrams <n>',
      'UDP datagrams before, and again after',
      integer('--datagrams', 1, 1e7),
      20_000,
    )
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runDemo } = await import('./demo-run.ts');
      await runDemo(command.optsWithGlobals<DemoCommandOptions>());
    });
}
