/** `locality-tune xdp spread|sport|status|drops|detach`: options and help. The code is loaded when they run. */
import type { Command } from 'commander';
import { type Cpus, parseCpuList } from '../../host/cpus.ts';
import { usage } from '../errors.ts';
import { collect, integer, intervalSeconds } from '../options.ts';
import type { XdpDetachOptions } from './detach-run.ts';
import type { XdpDropsOptions } from './drops-run.ts';
import { mode } from './mode.ts';
import type { XdpSportOptions } from './sport-run.ts';
import type { XdpSpreadOptions } from './spread-run.ts';
import type { XdpStatusOptions } from './status-run.ts';

const SPREAD = `
If all packets of a port have one source address and port, RSS sends them to one queue, one CPU and
one socket. An XDP program then spreads them over CPUs before the kernel receives them.

  --by flow                 addresses and ports; packets of a flow stay in order
  --by inner                the flow inside a tunnel: GRE, IPIP, VXLAN, GTP-U; ESP by SPI,
                            WireGuard by receiver. Ports of tunnels may name them: 9000:vxlan
  --by quic[:LENGTH]        the first LENGTH bytes of the QUIC connection id (default: 8)
  --by payload:OFFSET:MASK  32 bits of the payload at OFFSET bytes: SCION flow id 0:0x000fffff
  --by round, random        every packet by itself: reorders each flow

Attaching in native mode resets some NICs for a second; generic mode works on every driver and is
slower. What the command changes besides, and what goes wrong on this interface, it says before it
asks. \`xdp detach\` and \`undo\` restore everything. With --persist a unit attaches it again at boot;
given for a spread that is attached already, it only writes the unit.

Examples:
  locality-tune xdp spread --iface eth0 --port 4000 --by payload:0:0x000fffff --dry-run
  locality-tune xdp spread --iface eth0 --port 4000 --by flow --cpus 0-7 --with-program
  locality-tune xdp spread --iface eth0 --by inner --cpus 0-7
  locality-tune xdp status
  locality-tune xdp detach --iface eth0`;

const SPORT = `
Gives each UDP datagram for these ports a random source port, so that whatever hashes addresses and
ports after it sees many flows: the reuseport group, and RPS. It spreads sockets, not CPUs, unless
the mode is native and RPS is on. The program \`rand\` spreads sockets without changing packets, and
\`xdp spread\` spreads CPUs.

Answers go to the random port, where nobody listens. With --restore a filter on the way out (tc,
clsact) puts the peer's own port back into them; they must leave by the same interface. A flow then
has 256 ports at most. With --one-way you confirm that the protocol has no answers.

Examples:
  locality-tune xdp sport --iface eth0 --port 4000 --one-way --dry-run
  locality-tune xdp sport --iface eth0 --port 4000 --restore`;

const STATUS = `
Shows the XDP program of every interface: of a spread also how many packets went to each CPU, how
many arrived there, and what has become wrong since.

The exit status suits a monitoring check: 0 nothing has become wrong, 1 something has, 3 no program
of this tool is attached, or it cannot tell.`;

const DROPS = `
Prints a line per interval and interface: how many packets XDP lost, and why, such as a full queue of
a CPU, or a redirect that failed. It needs bpftrace. What a program drops on purpose is not counted.

Example:
  locality-tune xdp drops --iface eth0 -c 10`;

const DETACH = `
Detaches a program of \`xdp spread\`, and restores the settings that were changed for it. A program of
others is left alone.`;

export function register(program: Command): void {
  const xdp = program
    .command('xdp')
    .description('Spread the packets of one flow over CPUs, before the kernel receives them');
  xdp
    .command('spread')
    .description('Attach a program that spreads packets over CPUs')
    .requiredOption('-I, --iface <name>', 'interface that receives the packets')
    .option('--port <ports>', 'destination ports, such as 443,4000; with inner also gre, ipip, esp')
    .requiredOption('--by <what>', 'what decides the CPU: see below')
    .option('--tcp', 'TCP instead of UDP; only with --by flow')
    .option(
      '--cpus <list>',
      'spread over these CPUs, such as 0-3,8 (default: those of the pinned workers)',
      cpus,
    )
    .option('--queue <n>', 'at most N packets wait for each CPU', integer('--queue', 1, 16_384), 2048)
    .option('--mode <native|generic>', 'by the driver, or by the stack on any driver', mode, 'native')
    .option(
      '--with-program',
      'also attach a program to the group, so that the worker on that CPU reads the packet',
    )
    .option('--force', 'attach natively to a veth whose other end cannot be seen')
    .option('--persist', 'also attach it again at boot, by a systemd unit; undo removes both')
    .option('--dry-run', 'only check, and show what would change')
    .option('--yes', 'do not ask; required without a terminal')
    .addHelpText('after', SPREAD)
    .action(async (_options: unknown, command: Command) => {
      const { runXdpSpread } = await import('./spread-run.ts');
      await runXdpSpread(command.optsWithGlobals<XdpSpreadOptions>());
    });
  xdp
    .command('sport')
    .description('Attach a program that gives datagrams a random source port')
    .requiredOption('-I, --iface <name>', 'interface that receives the packets')
    .requiredOption('--port <ports>', 'destination ports, such as 4000,4001')
    .option('--one-way', 'confirm that the protocol has no answers')
    .option('--restore', 'put the port back into answers that leave by this interface')
    .option('--range <list>', 'source ports FIRST-LAST', '1024-65535')
    .option('--mode <native|generic>', 'by the driver, or by the stack on any driver', mode, 'native')
    .option('--persist', 'also attach it again at boot, by a systemd unit; undo removes both')
    .option('--dry-run', 'only check, and show what would change')
    .option('--yes', 'do not ask; required without a terminal')
    .addHelpText('after', SPORT)
    .action(async (_options: unknown, command: Command) => {
      const { runXdpSport } = await import('./sport-run.ts');
      await runXdpSport(command.optsWithGlobals<XdpSportOptions>());
    });
  xdp
    .command('status')
    .description('Show the XDP programs of the interfaces, and what a spread has counted')
    .option('-I, --iface <name>', 'only this interface (repeatable)', collect)
    .addHelpText('after', STATUS)
    .action(async (_options: unknown, command: Command) => {
      const { runXdpStatus } = await import('./status-run.ts');
      await runXdpStatus(command.optsWithGlobals<XdpStatusOptions>());
    });
  xdp
    .command('drops')
    .description('Count what XDP loses, and why, with bpftrace')
    .option('-I, --iface <name>', 'only this interface (repeatable)', collect)
    .option('-i, --interval <seconds>', 'length of an interval', intervalSeconds, 1)
    .option(
      '-c, --count <n>',
      'stop after N intervals (default: run until Ctrl-C)',
      integer('--count', 1, 1e9),
    )
    .addHelpText('after', DROPS)
    .action(async (_options: unknown, command: Command) => {
      const { runXdpDrops } = await import('./drops-run.ts');
      await runXdpDrops(command.optsWithGlobals<XdpDropsOptions>());
    });
  xdp
    .command('detach')
    .description('Detach our program, and restore what was changed for it')
    .requiredOption('-I, --iface <name>', 'interface')
    .option('--dry-run', 'only show what would be detached')
    .option('--yes', 'do not ask; required without a terminal')
    .addHelpText('after', DETACH)
    .action(async (_options: unknown, command: Command) => {
      const { runXdpDetach } = await import('./detach-run.ts');
      await runXdpDetach(command.optsWithGlobals<XdpDetachOptions>());
    });
}

function cpus(text: string): Cpus {
  const list = parseCpuList(text);
  if (list === null || list.length === 0) throw usage(`--cpus '${text}' is not a list of CPUs such as 0-3,8`);
  return list;
}
