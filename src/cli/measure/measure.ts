/** `locality-tune measure skb|accept|udp`: options and help. What they do is loaded when they run. */
import { type Command, Option } from 'commander';
import { usage } from '../errors.ts';
import { integer, port } from '../options.ts';
import type { MeasureAcceptCommandOptions } from './accept-run.ts';
import type { MeasureOptions } from './measure-options.ts';
import type { MeasureSkbCommandOptions } from './skb-run.ts';

const SKB = `
A line each interval: the share of packets that are used on the CPU that made them, and packets a second.
rx: received, and copied to a TCP or UDP reader. tx: sent, and done with. What the way of counting can't
see on this kernel is said first. Packets a second are the interfaces' own.

Examples:
  locality-tune measure skb                            rx= 99%  132kpps tx= 99%  129kpps
  locality-tune measure skb --port 8080 -c 10 -j       ten intervals of one server, with the CPU x CPU matrix
  locality-tune measure skb --by free                  as the SystemTap script of 2017 counted`;

const ACCEPT = `
The share of connections that are accepted on the CPU that receives their packets. Without bpftrace, and
with --port, established connections are sampled instead.

Examples:
  locality-tune measure accept --port 8080
  locality-tune measure accept --events                cpu=#12 pid=29333 accept(3) -> fd=30 rxcpu=#12`;

const UDP = `
For each UDP socket, datagrams read and the share that was delivered on the reader's CPU.

Example:
  locality-tune measure udp --port 4433`;

export function register(program: Command): void {
  const measure = program
    .command('measure')
    .description('Measure how local packets, accepts and datagrams are, with bpftrace');
  subcommand(measure, 'skb', 'Packets: are they used on the CPU that made them?', SKB)
    .option('--by <what>', 'use, or free: what the script of 2017 counted', by, 'use')
    .option('--to-driver', 'also count where packets are handed to the driver, which is no tx locality')
    .action(async (_options: unknown, command: Command) => {
      const { runMeasureSkb } = await import('./skb-run.ts');
      await runMeasureSkb(command.optsWithGlobals<MeasureSkbCommandOptions>());
    });
  subcommand(measure, 'accept', 'Connections: are they accepted where they are received?', ACCEPT)
    .option('--events', 'a line for each accept')
    .action(async (_options: unknown, command: Command) => {
      const { runMeasureAccept } = await import('./accept-run.ts');
      await runMeasureAccept(command.optsWithGlobals<MeasureAcceptCommandOptions>());
    });
  subcommand(measure, 'udp', 'Datagrams of each socket: are they read where they are delivered?', UDP).action(
    async (_options: unknown, command: Command) => {
      const { runMeasureUdp } = await import('./udp-run.ts');
      await runMeasureUdp(command.optsWithGlobals<MeasureOptions>());
    },
  );
}

function subcommand(measure: Command, name: string, description: string, help: string): Command {
  return measure
    .command(name)
    .description(description)
    .option('-i, --interval <seconds>', 'how long each interval is', intervalSeconds, 1)
    .option('-c, --count <n>', 'end after so many intervals (default: at Ctrl-C)', integer('--count', 1, 1e9))
    .option('--pid <pid>', 'only what this process does', integer('--pid', 1, 2 ** 22))
    .option('--comm <name>', 'only what threads of this name do', threadName)
    .option('--port <port>', 'only this local port', port)
    .addOption(new Option('--variant <name>').hideHelp())
    .addHelpText('after', help);
}

function intervalSeconds(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0.1 && value <= 86_400) return value;
  throw usage(`--interval '${text}': not a number of seconds from 0.1 to 86400`);
}

/** TASK_COMM_LEN is 16 with the closing zero (include/linux/sched.h). */
function threadName(text: string): string {
  if (text !== '' && Buffer.byteLength(text) <= 15) return text;
  throw usage(`--comm '${text}': the kernel's names have 1 to 15 bytes`, 'see /proc/PID/task/TID/comm');
}

function by(text: string): 'use' | 'free' {
  if (text === 'use' || text === 'free') return text;
  throw usage(`--by '${text}': not use or free`);
}
