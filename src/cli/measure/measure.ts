/** `locality-tune measure skb|accept|udp`: options and help. The code is loaded when they run. */
import { type Command, Option } from 'commander';
import { usage } from '../errors.ts';
import { integer, intervalSeconds, port } from '../options.ts';
import type { MeasureAcceptCommandOptions } from './accept-run.ts';
import type { MeasureOptions } from './measure-options.ts';
import type { MeasureSkbCommandOptions } from './skb-run.ts';

const SKB = `
Prints a line per interval: the share of packets that are local, and packets per second. rx:
received packets, local if read on the CPU that received them. tx: sent packets, local if freed on
the CPU that sent them. n: how many of both were counted. Notes say what cannot be counted on this
kernel. The rates come from interface counters; with a filter, and in a network namespace, they are
those of the packets that were counted.

Examples:
  locality-tune measure skb                            rx= 99%  132kpps tx= 99%  129kpps n=9120/8877
  locality-tune measure skb --port 8080 -c 10 -j       ten intervals of one server, with matrices
  locality-tune measure skb --by free                  where memory is freed, as scripts of 2017 did`;

const ACCEPT = `
Prints the share of connections that are accepted on the CPU that receives their packets. Without
bpftrace, --port samples the established connections instead.

Examples:
  locality-tune measure accept --port 8080
  locality-tune measure accept --events               cpu=#12 pid=29333 accept(3) -> fd=30 rxcpu=#12`;

const UDP = `
Prints how many datagrams were read from each UDP socket, and how many of them arrived on the
reader's CPU.

Example:
  locality-tune measure udp --port 4433`;

export function register(program: Command): void {
  const measure = program
    .command('measure')
    .description('Measure the locality of packets, accepts and datagrams with bpftrace');
  subcommand(measure, 'skb', 'Packets: are they read on the CPU that received them?', SKB)
    .option(
      '--by <what>',
      'count where packets are read (use), or where their memory is freed (free)',
      by,
      'use',
    )
    .option('--to-driver', 'also count where packets are handed to the driver (this is not tx locality)')
    .action(async (_options: unknown, command: Command) => {
      const { runMeasureSkb } = await import('./skb-run.ts');
      await runMeasureSkb(command.optsWithGlobals<MeasureSkbCommandOptions>());
    });
  subcommand(measure, 'accept', 'Connections: are they accepted on the CPU that received them?', ACCEPT)
    .option('--events', 'print a line for each accept')
    .action(async (_options: unknown, command: Command) => {
      const { runMeasureAccept } = await import('./accept-run.ts');
      await runMeasureAccept(command.optsWithGlobals<MeasureAcceptCommandOptions>());
    });
  subcommand(
    measure,
    'udp',
    'Datagrams of each socket: are they read on the CPU that received them?',
    UDP,
  ).action(async (_options: unknown, command: Command) => {
    const { runMeasureUdp } = await import('./udp-run.ts');
    await runMeasureUdp(command.optsWithGlobals<MeasureOptions>());
  });
}

function subcommand(measure: Command, name: string, description: string, help: string): Command {
  return measure
    .command(name)
    .description(description)
    .option('-i, --interval <seconds>', 'length of an interval', intervalSeconds, 1)
    .option(
      '-c, --count <n>',
      'stop after N intervals (default: run until Ctrl-C)',
      integer('--count', 1, 1e9),
    )
    .option('--pid <pid>', 'only this process', integer('--pid', 1, 2 ** 22))
    .option('--comm <name>', 'only threads of this name', threadName)
    .option('--port <port>', 'only this local port', port)
    .addOption(new Option('--variant <name>').hideHelp())
    .addHelpText('after', help);
}

/** TASK_COMM_LEN is 16 with the closing zero (include/linux/sched.h). */
function threadName(text: string): string {
  if (text !== '' && Buffer.byteLength(text) <= 15) return text;
  throw usage(
    `--comm '${text}': must have 1 to 15 bytes, as the kernel's thread names do`,
    'see /proc/PID/task/TID/comm',
  );
}

function by(text: string): 'use' | 'free' {
  if (text === 'use' || text === 'free') return text;
  throw usage(`--by '${text}': must be use or free`);
}
