/** `locality-tune balance`: its commands and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import type { BalancePlanOptions } from './plan-run.ts';

const HELP = `
FILE is JSON. Balancers with the same file behind one router decide alike.
  { "seed": "at least 16 characters, known to nobody else",
    "vips": [ { "address": "198.51.100.1", "port": 443, "protocol": "tcp",
                "backends": [ { "address": "10.0.0.1", "weight": 1, "mac": "02:00:00:00:00:01" },
                              { "address": "10.0.1.1", "weight": 2, "via": "ipip" } ] } ] }

Examples:
  locality-tune balance check web.json
  locality-tune balance plan new.json --against web.json     which connections would break`;

export function register(program: Command): void {
  const balance = program
    .command('balance')
    .description('Balance one address over machines by XDP, without state')
    .addHelpText('after', HELP);
  balance
    .command('check')
    .description('Check the file, and show the share of each backend')
    .argument('<file>', 'file of the balancer')
    .action(async (file: string, _options: unknown, command: Command) => {
      const { runBalancePlan } = await import('./plan-run.ts');
      await runBalancePlan(file, command.optsWithGlobals<BalancePlanOptions>());
    });
  balance
    .command('plan')
    .description('Show which rows move, and which connections break')
    .argument('<file>', 'the new file')
    .requiredOption('--against <file>', 'the file that is in force')
    .action(async (file: string, _options: unknown, command: Command) => {
      const { runBalancePlan } = await import('./plan-run.ts');
      await runBalancePlan(file, command.optsWithGlobals<BalancePlanOptions>());
    });
}
