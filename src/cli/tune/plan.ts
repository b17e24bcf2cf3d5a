/** `locality-tune plan`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { addFrom } from '../options.ts';
import { addPlanOptions } from './plan-options.ts';
import type { PlanCommandOptions } from './plan-run.ts';

const EXAMPLES = `
Prints a shell script with all changes that make packets local: for each the current value, the new
value, and the reason. It changes nothing. The plan keeps pinned workers where they are; others get
CPUs of the interface's NUMA node first. Settings that are right already are not in the plan.

Examples:
  locality-tune plan --iface eth0 --port 8080 >plan.sh        read it; sudo sh plan.sh
  locality-tune plan --iface bond0 --port 443 --udp           a bond and its devices, for QUIC
  locality-tune plan --iface eth0 --only irq,xps              only the interface
  locality-tune plan --iface eth0 --port 8080 --cpus 0-7 -j   as JSON
  locality-tune plan --iface eth0 --port 8080 --save web.json   for apply --saved web.json
  locality-tune apply --iface eth0 --port 8080                apply the same plan, with undo`;

export function register(program: Command): void {
  const command = program
    .command('plan')
    .description('Show all changes that make packets local, as a shell script');
  addFrom(addPlanOptions(command))
    .option('--save <file>', 'write the plan to FILE, for `apply --saved`, instead of printing a script')
    .option('--force', 'with --save: overwrite an existing file')
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) => {
      const { runPlan } = await import('./plan-run.ts');
      await runPlan(command.optsWithGlobals<PlanCommandOptions>());
    });
}
