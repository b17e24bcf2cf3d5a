/** `locality-tune balance`: its commands and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import type { Globals } from '../options.ts';
import { integer, seconds } from '../options.ts';
import { mode } from '../xdp/mode.ts';
import type { BalanceApplyOptions } from './apply-run.ts';
import type { BalanceDetachOptions } from './detach-run.ts';
import type { BalanceHealthOptions } from './health-run.ts';
import type { BalancePlanOptions } from './plan-run.ts';
import type { BalanceRemoveOptions } from './remove-run.ts';
import type { BalanceLiveOptions, BalanceStatusOptions } from './status-run.ts';

const HELP = `
FILE is JSON. Balancers with the same file behind one router decide alike.
  { "seed": "at least 16 characters, known to nobody else",
    "vips": [ { "address": "198.51.100.1", "port": 443, "protocol": "tcp",
                "backends": [ { "address": "10.0.0.1", "weight": 1, "mac": "02:00:00:00:00:01" },
                              { "address": "10.0.1.1", "weight": 2, "via": "ipip" } ] } ] }

Examples:
  locality-tune balance check web.json
  locality-tune balance plan new.json --against web.json     which connections would break
  locality-tune balance apply web.json --iface eth0
  locality-tune balance status --file web.json               what differs from the file
  locality-tune balance remove 10.0.0.1 --yes
  locality-tune balance health web.json                      take away what does not answer`;

const APPLY = `
Attaches the balancer to the interface where packets for these addresses arrive: they leave by it,
too. If one is attached already, the new one takes its place in one step. It goes on with the
counters and the flow cache, and no packet is lost. MAC addresses that the file does not have come
from the neighbour table. \`undo\` restores what was attached before.

Example:
  locality-tune balance apply web.json --iface eth0 --dry-run`;

const STATUS = `
The exit status suits a monitoring check: 0 nothing has become wrong, 1 something has, or differs
from the file, 3 no balancer is attached.`;

const REMOVE = `
Only connections of this backend break: no row of another one moves. The file is not changed, so
remove the backend there, too.`;

const HEALTH = `
Runs until it is stopped. It asks each backend by a TCP connection to the VIP's port, or as "health"
of the VIP in FILE says. Any answer to the request of UDP counts:
  "health": { "protocol": "tcp", "port": 8081 }
  "health": { "protocol": "udp", "port": 5353, "request": "00ff" }
  "health": { "protocol": "none" }
A backend that fails loses its rows to the others, and gets them back when it answers again. Nothing
is loaded for that, and what \`apply\` attached stays attached. When this command ends, the backends
stay as they are.

Example:
  locality-tune balance health web.json --interval 1 --fall 2 --keep 60`;

export function register(program: Command): void {
  const balance = program
    .command('balance')
    .description('Balance one address over machines by XDP, without state')
    .addHelpText('after', HELP);
  registerPaper(balance);
  registerChanges(balance);
  registerHealth(balance);
  registerViews(balance);
}

function registerPaper(balance: Command): void {
  balance
    .command('check')
    .description('Check the file, and show the share of each backend')
    .argument('<file>', 'file of the balancer')
    .action(async (file: string, _options: unknown, command: Command) => {
      const { runBalanceCheck } = await import('./plan-run.ts');
      await runBalanceCheck(file, command.optsWithGlobals<Globals>());
    });
  balance
    .command('plan')
    .description('Show which rows move, and which connections break')
    .argument('<file>', 'the new file')
    .option('--against <file>', 'the file that is in force (default: what is attached here)')
    .option('-I, --iface <name>', 'interface, if several have a balancer')
    .action(async (file: string, _options: unknown, command: Command) => {
      const { runBalancePlan } = await import('./plan-run.ts');
      await runBalancePlan(file, command.optsWithGlobals<BalancePlanOptions>());
    });
}

function registerChanges(balance: Command): void {
  balance
    .command('apply')
    .description('Attach what the file describes, or change what is attached')
    .argument('<file>', 'file of the balancer')
    .requiredOption('-I, --iface <name>', 'interface that receives the packets')
    .option('--mode <native|generic>', 'by the driver, or by the stack on any driver', mode, 'native')
    .option('--force', 'attach natively to a veth whose other end cannot be seen')
    .option('--persist', 'also attach it again at boot, by a systemd unit; undo removes both')
    .option('--dry-run', 'only check, and show what would change')
    .option('--yes', 'do not ask; required without a terminal')
    .addHelpText('after', APPLY)
    .action(async (file: string, _options: unknown, command: Command) => {
      const { runBalanceApply } = await import('./apply-run.ts');
      await runBalanceApply(file, command.optsWithGlobals<BalanceApplyOptions>());
    });
  balance
    .command('remove')
    .description('Send nothing to a backend any longer')
    .argument('<backend>', 'its address')
    .option('-I, --iface <name>', 'interface, if several have a balancer')
    .option('--dry-run', 'only show what would change')
    .option('--yes', 'do not ask; required without a terminal')
    .addHelpText('after', REMOVE)
    .action(async (backend: string, _options: unknown, command: Command) => {
      const { runBalanceRemove } = await import('./remove-run.ts');
      await runBalanceRemove(backend, command.optsWithGlobals<BalanceRemoveOptions>());
    });
  balance
    .command('detach')
    .description('Detach the balancer, and restore what was changed for it')
    .option('-I, --iface <name>', 'interface, if several have a balancer')
    .option('--dry-run', 'only show what would be detached')
    .option('--yes', 'do not ask; required without a terminal')
    .action(async (_options: unknown, command: Command) => {
      const { runBalanceDetach } = await import('./detach-run.ts');
      await runBalanceDetach(command.optsWithGlobals<BalanceDetachOptions>());
    });
}

function registerHealth(balance: Command): void {
  balance
    .command('health')
    .description('Ask the backends, and send nothing to those that do not answer')
    .argument('[file]', 'file of the balancer, for the checks in it (default: TCP connections)')
    .option('-I, --iface <name>', 'interface, if several have a balancer')
    .option('-i, --interval <seconds>', 'seconds between two rounds', seconds('--interval', 3600, 0.1), 2)
    .option('--timeout <seconds>', 'wait for an answer for SECONDS', seconds('--timeout', 60, 0.01), 1)
    .option('--fall <n>', 'take a backend away after N failures in a row', integer('--fall', 1, 100), 3)
    .option('--rise <n>', 'bring it back after N answers in a row', integer('--rise', 1, 100), 2)
    .option(
      '--keep <percent>',
      "keep at least PERCENT of a VIP's weight, however many fail",
      integer('--keep', 1, 100),
      50,
    )
    .option('-c, --count <n>', 'end after N rounds', integer('--count', 1, 1_000_000))
    .addHelpText('after', HEALTH)
    .action(async (file: string | undefined, _options: unknown, command: Command) => {
      const { runBalanceHealth } = await import('./health-run.ts');
      await runBalanceHealth(file ?? null, command.optsWithGlobals<BalanceHealthOptions>());
    });
}

function registerViews(balance: Command): void {
  balance
    .command('status')
    .description('Show the digest, and rows, packets and bytes of each backend')
    .option('-I, --iface <name>', 'only this interface')
    .option('--file <file>', 'also show what differs from this file')
    .addHelpText('after', STATUS)
    .action(async (_options: unknown, command: Command) => {
      const { runBalanceStatus } = await import('./status-run.ts');
      await runBalanceStatus(command.optsWithGlobals<BalanceStatusOptions>());
    });
  balance
    .command('live')
    .description('Show the same again and again, with packets per second')
    .option('-I, --iface <name>', 'only this interface')
    .option('-i, --interval <seconds>', 'seconds between two readings', integer('--interval', 1, 3600), 1)
    .option('-c, --count <n>', 'end after N readings', integer('--count', 1, 1_000_000))
    .action(async (_options: unknown, command: Command) => {
      const { runBalanceLive } = await import('./status-run.ts');
      await runBalanceLive(command.optsWithGlobals<BalanceLiveOptions>());
    });
}
