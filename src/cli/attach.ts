/** `locality-tune attach`: its options and help. What it does is loaded when it runs. */
import type { Command } from 'commander';
import type { ProgramName } from '../steer/choose.ts';
import { usage } from './errors.ts';
import { integer } from './options.ts';
import { addSelector, type SteerOptions } from './steer-options.ts';

export interface AttachCommandOptions extends SteerOptions {
  readonly program: ProgramName;
  readonly groupSize?: number;
}

const PROGRAMS: readonly ProgramName[] = ['cpu', 'map', 'rand', 'hash'];
/** The reuseport array stops growing at 32,768 sockets; a larger number is a slip. */
const SIZE_MAX = 32_768;

const EXAMPLES = `
Programs:
  cpu   slot = receiving CPU mod N: for workers pinned in slot order
  map   the slot whose worker is pinned to the receiving CPU: for any other order
  rand  any slot, for each packet: for stateless UDP from few sources, never for QUIC
  hash  as without a program

The program stays with the group until detach or until the server closes its sockets; this command
need not keep running. Nothing is lost while it is put there. Every check comes before the change.

Examples:
  locality-tune attach --port 8080 --dry-run
  locality-tune attach --port 8080
  locality-tune attach --port 8125 --udp --program rand
  locality-tune attach --pid 29333 --fd 6 --program map`;

export function register(program: Command): void {
  addSelector(
    program
      .command('attach')
      .description("Put a program on a running server's reuseport group, from outside"),
  )
    .option('--program <name>', `${PROGRAMS.join(', ')}`, programName, 'cpu')
    .option('--group-size <n>', "N, instead of the group's own size", integer('--group-size', 1, SIZE_MAX))
    .option('--dry-run', 'show assembler, bytecode and warnings; change nothing')
    .option('--force', 'replace a program that is not ours, or one that can not be seen')
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) => {
      const { runAttach } = await import('./steer-run.ts');
      await runAttach(command.optsWithGlobals<AttachCommandOptions>());
    });
}

function programName(text: string): ProgramName {
  const name = PROGRAMS.find((known) => known === text);
  if (name === undefined)
    throw usage(`--program '${text}': no such program`, `there are: ${PROGRAMS.join(', ')}`);
  return name;
}
