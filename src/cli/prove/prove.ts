/** `locality-tune prove`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { ABOUT } from '../../prove/metrics.ts';
import { METRICS, type MetricName } from '../../prove/types.ts';
import { usage } from '../errors.ts';
import { collect, integer, port, seconds } from '../options.ts';
import { addProgramOptions, type ProgramHelp } from '../programs/program-options.ts';
import { addPlanLimits } from '../tune/plan-options.ts';
import type { ProveCommandOptions, Requirement } from './check-options.ts';
import { BLOCKS, MARGIN, ROUND, ROUND_OF_PLAN } from './defaults.ts';

const metricList = (): string =>
  deciding()
    .map((name) => `  ${name.padEnd(15)} ${ABOUT[name].label}`)
    .join('\n');

const deciding = (): readonly MetricName[] => METRICS.filter((name) => ABOUT[name].decides);

const helpText = (): string => `
Switches the program on and off in random order (blocks of four rounds, ABBA or BAAB), and compares
the CPU time that the workers need for a connection (UDP: for a datagram). It decides with an exact
95 % interval. While it runs it shows how much blocks differ, but not in which direction.

Afterwards the group has the program that it had before, however the experiment ends: its last
round, Ctrl-C, a closed terminal or SIGKILL. It stops if a worker or a socket is replaced, or if the
program harms the server. A foreign program is never replaced. Needs at least 200 connections in a
round. Connections of the other arm are waited for: four times their mean life before each round.

--change plan switches all changes of a plan (see \`locality-tune plan\`), which one journal records,
so \`undo\` also restores them. A plan with changes that cannot be undone exactly, or that take the
link down (channels), is refused: apply these first.

--command and --url add a number of your own to each round, such as the latency that a load
generator prints, or that the server reports. A command starts with the round and must end within
it; it is run without a shell, from the folders of the system or by its path. A URL is read at the
end of a round.
--latency adds at most 6 blocks, in which bpftrace runs, and shows how long connections wait to be
accepted (UDP: datagrams, and --per packet: data, until they are read). That decides nothing.
\`--metric number\` lets that number decide. The metrics that can decide:
${metricList()}

Examples:
  locality-tune prove --port 8080
  locality-tune prove --port 8080 --aa                     change nothing: it must find nothing
  locality-tune prove --port 8080 --blocks 20 --yes -j
  locality-tune prove --port 8080 --require gain --yes     exit 1 unless it pays
  locality-tune prove --port 8080 --change plan --iface eth0
  locality-tune prove --port 8080 --command '/opt/p99 --seconds 5' --metric number`;

const REQUIREMENTS: readonly Requirement[] = ['gain', 'no-loss'];

export function register(program: Command, help: ProgramHelp | null): void {
  const command = program
    .command('prove')
    .description('Find out under live traffic whether a program pays: a randomised experiment')
    .requiredOption('--port <port>', 'the reuseport group on this port', port)
    .option('--udp', 'the UDP group, not the TCP one')
    .option('--group <id>', "of several groups on the port, this one: 'tcp 0.0.0.0:8080'")
    .option('--all-groups', 'switch all groups on the port together; a plan always does')
    .option('--change <program|plan>', 'what to switch', change, 'program')
    .option(
      '--program <name|file>',
      'a name from `locality-tune programs`, or a file (default: cpu; of a plan, what fits best)',
    );
  addPlanLimits(
    addProgramOptions(command, help).option(
      '-I, --iface <name>',
      'of a plan: interface (repeatable)',
      collect,
    ),
  )
    .option('--blocks <n>', 'blocks of four rounds; a verdict needs 6', integer('--blocks', 1, 1_000), BLOCKS)
    .option('--until-clear', 'up to three times the blocks; end after each third if it is clear by then')
    .option('--metric <name>', 'what decides; a name from the list below', metric, 'worker-cpu')
    .option('--per <connection|packet>', 'divide the cost by connections or, of TCP, by packets', per)
    .option('--command <words>', 'run this in each round; it prints a number (see below)')
    .option('--url <url>', 'get this at the end of each round; it answers with a number', url)
    .option('--latency', 'also measure, in further rounds with bpftrace, the wait for a worker (see below)')
    .option('--better <lower|higher>', 'which number is better', better, 'lower')
    .option(
      '--round <seconds>',
      `measured seconds of each round (default: ${ROUND}; of a plan ${ROUND_OF_PLAN}, and at least that)`,
      seconds('--round', 3_600, 4),
    )
    .option('--margin <percent>', 'a difference below this does not matter', percentage, MARGIN)
    .option('--seed <n>', 'repeat the order of an earlier run', integer('--seed', 0, 2 ** 31 - 1))
    .option('--aa', 'change nothing, to see what the experiment finds then')
    .option('--require <verdict>', 'gain or no-loss: exit with 1 for any other verdict', requirement)
    .option('--keep', 'keep the change if the verdict is gain')
    .option('--html <file>', 'also write the result as one HTML page')
    .option('--csv', 'print the rounds as CSV')
    .option('--yes', 'do not ask; required without a terminal')
    .addHelpText('after', helpText)
    .action(async (_options: unknown, command: Command) => {
      const { runProve } = await import('./prove-run.ts');
      await runProve(command.optsWithGlobals<ProveCommandOptions>());
    });
}

function change(text: string): ProveCommandOptions['change'] {
  if (text === 'program' || text === 'plan') return text;
  throw usage(`--change '${text}': must be program or plan`);
}

function metric(text: string): MetricName {
  const known = deciding().find((each) => each === text);
  if (known === undefined) throw usage(`--metric '${text}': must be one of ${deciding().join(', ')}`);
  return known;
}

function per(text: string): 'connection' | 'packet' {
  if (text === 'connection' || text === 'packet') return text;
  throw usage(`--per '${text}': must be connection or packet`);
}

function better(text: string): 'lower' | 'higher' {
  if (text === 'lower' || text === 'higher') return text;
  throw usage(`--better '${text}': must be lower or higher`);
}

function url(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw usage(`--url '${text}': must be a URL of http or https`);
}

function percentage(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= 100) return value;
  throw usage(`--margin '${text}': must be a number of percent above 0, at most 100`);
}

function requirement(text: string): Requirement {
  const known = REQUIREMENTS.find((each) => each === text);
  if (known === undefined) throw usage(`--require '${text}': must be gain or no-loss`);
  return known;
}
