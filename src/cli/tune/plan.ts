/** `locality-tune plan`: its options and help. What it does is loaded when it runs. */
import type { Command } from 'commander';
import { addFrom } from '../options.ts';
import { addPlanOptions } from './plan-options.ts';
import type { PlanCommandOptions } from './plan-run.ts';

const EXAMPLES = `
Prints a shell script of what has to change so that packets meet their worker on the CPU that received
them: each change with what is, what is to be, and why. Nothing is changed. The plan follows workers
that are pinned; others get CPUs of the interface's NUMA node first. What is right is left out.

Examples:
  locality-tune plan --iface eth0 --port 8080 >plan.sh        read it; sudo sh plan.sh
  locality-tune plan --iface bond0 --port 443 --udp           all ports of a bond, a QUIC server
  locality-tune plan --iface eth0 --only irq,xps              the interface alone
  locality-tune plan --iface eth0 --port 8080 --cpus 0-7 -j   as JSON
  locality-tune apply --iface eth0 --port 8080                the same, done with a way back`;

export function register(program: Command): void {
  const command = program
    .command('plan')
    .description('Show all that has to change, as a shell script, from channels to the program');
  addFrom(addPlanOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) => {
      const { runPlan } = await import('./plan-run.ts');
      await runPlan(command.optsWithGlobals<PlanCommandOptions>());
    });
}
