/** `locality-tune apply`: its options and help. What it does is loaded when it runs. */
import type { Command } from 'commander';
import type { ApplyCommandOptions } from './apply-run.ts';
import { addPlanOptions } from './plan-options.ts';

const HELP = `
Makes the plan of \`locality-tune plan\` and carries it out, one setting after the other, each written
into a journal before it is changed and read back afterwards. What the kernel refuses is named, and
the rest is carried on with. Ctrl-C takes back what was done. irqbalance is told to leave these IRQs
alone, and goes on. \`locality-tune undo\` takes everything back.

Examples:
  locality-tune apply --iface eth0 --port 8080 --dry-run
  locality-tune apply --iface eth0 --port 8080
  locality-tune apply --iface eth0 --port 8080 --only irq,xps --yes
  locality-tune apply --iface eth0 --port 8080 --persist     again at each boot, by systemd`;

export function register(program: Command): void {
  addPlanOptions(program.command('apply').description('Carry out the plan, with a journal to undo it'))
    .option('--yes', 'do not ask')
    .option('--dry-run', 'show what would be changed; change nothing')
    .option('--persist', 'write a systemd unit that applies it again at boot')
    .option('--saved <file>', 'the plan that --persist has saved, instead of a new one')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runApply } = await import('./apply-run.ts');
      await runApply(command.optsWithGlobals<ApplyCommandOptions>());
    });
}
