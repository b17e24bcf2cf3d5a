/** `locality-tune watch`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { ALL_KINDS, KINDS, type Kind } from '../../tune/types.ts';
import { usage } from '../errors.ts';
import { listenAddress, schedule } from '../export/export-options.ts';
import { collect, port } from '../options.ts';
import type { WatchCommandOptions } from './watch-options.ts';

const HELP = `
Compares the machine with a baseline whenever the kernel reports a change, and at least twice a
minute. It prints one line for each setting that drifts, with who changed it if the kernel says so,
for links that go up or down, for servers that reload, and for new findings.

The baseline is what apply, tune and attach have put in force (applied, the default), the machine as
it is now (now), or a file: a plan that \`apply --persist\` saved, or a snapshot.

Nothing is repaired unless --repair names its kind. A repair restores a value of the baseline, never
more, and is recorded like any apply. After a reload with another number of workers, the program is
attached for the new number. Repairs wait until a link has settled, and wait longer each time. A
setting that the same process changes back twice is left alone, and its line names the process.

Examples:
  locality-tune watch                                     report drift of what was applied
  locality-tune watch --repair irq,xps,program
  locality-tune watch --baseline now --iface eth0 -j      one JSON object per event
  locality-tune watch --once                              a check for a monitoring system
  locality-tune watch --pause 30m                         during maintenance
  locality-tune watch --repair all --install              as a service

The exit status of --once is 0 as planned, 1 drift, 3 if it cannot tell.`;

export function register(program: Command): void {
  program
    .command('watch')
    .description('Watch for drift from what was applied, and repair it if asked to')
    .option('-I, --iface <name>', 'watch only this interface (repeatable)', collect)
    .option('--port <port>', 'watch only the groups on this port (repeatable)', ports)
    .option('--baseline <applied|now|file>', 'what the machine should be like', 'applied')
    .option('--repair <kinds>', `repair these settings: none, all, or ${KINDS.join(',')}`, kinds)
    .option('--on-stop <leave|undo>', 'when it stops, leave or undo what was applied', onStop, 'leave')
    .option('--listen <address:port>', 'serve metrics for Prometheus here, as export does', listenAddress)
    .option('--sample <seconds/period>', 'measure for them as export does, such as 5/60', schedule)
    .option('--once', 'check once, print one line, and exit')
    .option('--explain-sources', 'say how each kind of change is noticed on this kernel')
    .option('--pause <duration>', 'stop repairs of the running watcher for DURATION, such as 30m', duration)
    .option('--resume', 'let the running watcher repair again, also settings that it gave up')
    .option('--install', 'write a systemd unit that watches with these options, and start it')
    .option('--uninstall', 'stop and remove that unit')
    .option('--dry-run', 'only print the unit of --install')
    .option('--yes', 'do not ask')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runWatch } = await import('./watch-run.ts');
      await runWatch(command.optsWithGlobals<WatchCommandOptions>());
    });
}

const ports = (text: string, previous: readonly number[] = []): readonly number[] => [
  ...new Set([...previous, port(text)]),
];

/** `all` leaves out what `locality-tune xdp` and `balance` set: attaching an XDP program may reset a NIC. */
function kinds(text: string): readonly Kind[] {
  if (text === 'none') return [];
  if (text === 'all') return KINDS;
  return text.split(',').map((word) => {
    const kind = ALL_KINDS.find((known) => known === word);
    if (kind === undefined)
      throw usage(`--repair '${word}': must be none, all, or some of ${ALL_KINDS.join(', ')}`);
    return kind;
  });
}

function onStop(text: string): 'leave' | 'undo' {
  if (text === 'leave' || text === 'undo') return text;
  throw usage(`--on-stop '${text}': must be leave or undo`);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const MOST_SECONDS = 7 * 86_400;

/** `90s`, `30m`, `2h`, `1d` -> seconds. */
export function duration(text: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (seconds >= 1 && seconds <= MOST_SECONDS) return seconds;
  throw usage(`--pause '${text}': must be a time such as 90s, 30m or 2h, 7d at most`);
}
