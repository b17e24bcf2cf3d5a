/** `locality-tune doctor`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { collect } from '../options.ts';
import type { DoctorCommandOptions } from './doctor-run.ts';

const HELP = `
Checks the kernel, the privileges, bpftrace and the surroundings of this process, and says how to
fix what cannot work. As root it also loads a probe of each kind for a moment, which takes some
seconds. It changes nothing.

The exit status is 1 if something fails that a command needs; with --for only of that command.

Examples:
  sudo locality-tune doctor
  sudo locality-tune doctor --for measure --for attach    before a rollout
  locality-tune doctor -j | jq -r '.checks[] | select(.ok == false) | .fix'`;

export function register(program: Command): void {
  program
    .command('doctor')
    .description('Show what works on this machine, and how to fix the rest')
    .option('--for <command>', 'check only what this command needs (repeatable)', collect)
    .option('--no-probes', 'do not load probes with bpftrace')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runDoctor } = await import('./doctor-run.ts');
      await runDoctor(command.optsWithGlobals<DoctorCommandOptions>());
    });
}
