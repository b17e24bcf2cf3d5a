/** `locality-tune apply`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import type { ApplyCommandOptions } from './apply-run.ts';
import { addPlanOptions } from './plan-options.ts';

const HELP = `
Makes the same plan as \`locality-tune plan\` and applies it, one setting after the other. It writes
each change to a journal first and reads it back afterwards. If the kernel refuses a change, it says
so and continues. Ctrl-C restores what was changed. irqbalance is asked to leave these IRQs alone,
and keeps running. \`locality-tune undo\` restores everything.

A second apply finds everything as planned, writes nothing, and says "unchanged". -j has
\`changed\`, true or false. Exit status: 0 all settings are as planned, changed or not; 1 some were
refused, or you said no; 2 wrong usage; 77 missing privilege; 130 interrupted, and restored.

Examples:
  locality-tune apply --iface eth0 --port 8080 --dry-run
  locality-tune apply --iface eth0 --port 8080
  locality-tune apply --iface eth0 --port 8080 --only irq,xps --yes
  locality-tune apply --saved web.json --yes -j              from configuration management
  locality-tune apply --iface eth0 --port 8080 --persist     again at each boot, by systemd`;

export function register(program: Command): void {
  addPlanOptions(program.command('apply').description('Apply the plan, with a journal for undo'))
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would change')
    .option('--persist', 'also write a systemd unit that applies the plan at boot')
    .option('--saved <file>', 'apply the plan in FILE, from `plan --save` or --persist, instead of a new one')
    .option('--force', 'with --saved: apply a plan that was made for another machine')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runApply } = await import('./apply-run.ts');
      await runApply(command.optsWithGlobals<ApplyCommandOptions>());
    });
}
