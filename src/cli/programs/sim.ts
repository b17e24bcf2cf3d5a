/** `locality-tune sim`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { usage } from '../errors.ts';
import { integer, port } from '../options.ts';
import { addLayoutOptions, addProgramOptions, type ProgramHelp, SIZE_MAX } from './program-options.ts';
import type { SimCommandOptions } from './sim-run.ts';

const EXAMPLES = `
Runs the program as the kernel would: in 32 bits; a load outside the packet or a division by X = 0
ends it with 0 (slot 0). PROGRAM is a file in any form that disasm reads, or a name that
\`locality-tune programs\` lists.

At the reuseport hook a packet begins after its UDP or TCP header, so a SYN is empty; the headers
are at [-1048576] (network) and [-2097152] (link). --packet gives only the packet as the program
sees it; --frame and --pcap give whole frames with their headers. Only packets for which the kernel
chooses a socket count: TCP SYNs and unicast UDP datagrams.

Examples:
  locality-tune sim cpu --group-size 8 --cpu 13
  locality-tune sim steer.bpf --packet 'c0 ff ee' --trace
  locality-tune sim source-rendezvous --group-size 8 --pcap port53.pcap --port 53
  tcpdump -w - -c 10000 udp | locality-tune sim weighted --weights 3,1,1 --pcap -`;

export function register(program: Command, help: ProgramHelp | null): void {
  const command = program
    .command('sim')
    .description('Run a steering program on packets, without the kernel')
    .argument('<program>', 'a file, a name, or - for stdin')
    .option(
      '--packet <hex>',
      'the bytes that the program sees (default: none, as for a SYN)',
      bytes('--packet'),
    )
    .option('--frame <hex>', 'one Ethernet frame', bytes('--frame'))
    .option('--pcap <file>', 'a capture (pcap, pcapng); - is stdin')
    .option('--port <port>', 'with --pcap: only packets to this port', port)
    .option('--tcp', 'with --pcap: only TCP')
    .option('--udp', 'with --pcap: only UDP')
    .option(
      '--group-size <n>',
      'number of sockets in the group; shows slots',
      integer('--group-size', 1, SIZE_MAX),
    )
    .option('--cpu <n>', 'the CPU that runs the program', unsigned('--cpu', 8191))
    .option(
      '--rand <n>',
      'value of `ld rand` (default: a new number each time)',
      unsigned('--rand', 0xffffffff),
    )
    .option('--seed <n>', 'seed of these random numbers', unsigned('--seed', 0xffffffff), 1)
    .option('--rxhash <n>', 'skb->hash', unsigned('--rxhash', 0xffffffff))
    .option(
      '--queue <n>',
      'value of `ld queue`: the RX queue + 1, or 0 for none',
      unsigned('--queue', 0xffff),
    )
    .option('--mark <n>', 'skb->mark', unsigned('--mark', 0xffffffff))
    .option('--ifindex <n>', 'index of the interface', unsigned('--ifindex', 0x7fffffff))
    .option('--protocol <n>', 'Ethertype', unsigned('--protocol', 0xffff))
    .option('--hatype <n>', 'ARPHRD_* of the interface', unsigned('--hatype', 0xffff))
    .option('--type <n>', 'PACKET_*: 0 is to this host', unsigned('--type', 7))
    .option('--trace', 'show each step: A, X, what was read and written')
    .option('--semicolons', 'let ; separate instructions, as in asm');
  addLayoutOptions(addProgramOptions(command, help), help)
    .addHelpText('after', EXAMPLES)
    .action(async (program: string, _options: unknown, command: Command) => {
      const { runSim } = await import('./sim-run.ts');
      await runSim(program, command.optsWithGlobals<SimCommandOptions>());
    });
}

/** Decimal, or hex with 0x, as hashes and marks are usually written. */
function unsigned(name: string, high: number): (text: string) => number {
  return (text) => {
    const value = /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
    if (value <= high) return value;
    throw usage(`${name} '${text}': must be a whole number from 0 to ${high}`);
  };
}

/** `c0ffee`, `c0 ff ee`, `c0:ff:ee`, as Wireshark and tcpdump print it. */
function bytes(name: string): (text: string) => Uint8Array {
  return (text) => {
    const digits = text.replace(/^0x/i, '').replace(/[\s:]/g, '');
    if (/^([0-9a-f]{2})*$/i.test(digits)) return Uint8Array.from(Buffer.from(digits, 'hex'));
    throw usage(
      `${name} '${text.length > 40 ? `${text.slice(0, 40)}…` : text}': must be bytes in hex`,
      'for example c0ffee',
    );
  };
}
