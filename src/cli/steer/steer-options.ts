/** The options of attach and detach that select a group. */
import type { Command } from 'commander';
import type { GroupChoice } from '../../steer/select.ts';
import { usage } from '../errors.ts';
import { type Globals, integer, port } from '../options.ts';

export interface SteerOptions extends Globals {
  readonly pid?: number;
  readonly fd?: number;
  readonly port?: number;
  readonly udp?: true;
  readonly allGroups?: true;
  readonly force?: true;
  readonly dryRun?: true;
}

/** Largest pid of Linux (PID_MAX_LIMIT) and largest descriptor (fs.nr_open's upper bound). */
const PID_MAX = 4_194_304;
const FD_MAX = 2_147_483_584;

export function addSelector(command: Command): Command {
  return command
    .option('--pid <pid>', 'a process that holds a socket of the group', integer('--pid', 1, PID_MAX))
    .option('--fd <fd>', 'the file descriptor of that socket', integer('--fd', 0, FD_MAX))
    .option('--port <port>', 'the group on this port (instead of --pid and --fd)', port)
    .option('--udp', 'with --port: UDP, not TCP')
    .option('--all-groups', 'with --port: all groups on this port (IPv4 and IPv6, several addresses)');
}

export function selectorOf({ pid, fd, port, udp, allGroups }: SteerOptions): GroupChoice {
  if (port !== undefined) {
    if (pid !== undefined || fd !== undefined)
      throw usage('--port: cannot be combined with --pid and --fd', 'use one or the other');
    return { port, protocol: udp ? 'udp' : 'tcp', allGroups: allGroups === true };
  }
  if (pid === undefined) throw usage('no group is given', 'give --port PORT [--udp], or --pid PID --fd FD');
  if (fd === undefined)
    throw usage(`--pid ${pid}: --fd is missing`, `see /proc/${pid}/fd, or locality-tune inspect`);
  if (udp || allGroups) throw usage('--udp, --all-groups: need --port', 'omit them');
  return { pid, fd };
}
