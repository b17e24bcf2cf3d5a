/** The commands with their options and help, for the program itself, the shell's completion and the man pages. */
import { Command, type Option } from 'commander';
import { packageVersion } from '../system/package.ts';
import { register as registerBalance } from './balance/balance.ts';
import { register as registerCompletion } from './completion/completion.ts';
import { takeDefaults } from './config-defaults.ts';
import { register as registerDoctor } from './doctor/doctor.ts';
import { usage } from './errors.ts';
import { register as registerExport } from './export/export.ts';
import { register as registerMetrics } from './export/metrics.ts';
import { register as registerFleet } from './fleet/fleet.ts';
import { register as registerExplain } from './inspect/explain.ts';
import { register as registerFindings } from './inspect/findings.ts';
import { register as registerInspect } from './inspect/inspect.ts';
import { register as registerDemo } from './live/demo.ts';
import { register as registerLive } from './live/live.ts';
import { register as registerMeasure } from './measure/measure.ts';
import { addGlobals, type Globals } from './options.ts';
import { print, speakOutside } from './output.ts';
import { register as registerAsm } from './programs/asm.ts';
import { register as registerCheck } from './programs/check.ts';
import { register as registerDisasm } from './programs/disasm.ts';
import type { ProgramHelp } from './programs/program-options.ts';
import { register as registerPrograms } from './programs/programs.ts';
import { register as registerSim } from './programs/sim.ts';
import { register as registerProve } from './prove/prove.ts';
import { register as registerSchema } from './schema/schema.ts';
import { register as registerReport } from './snapshot/report.ts';
import { register as registerSnapshot } from './snapshot/snapshot.ts';
import { register as registerAttach } from './steer/attach.ts';
import { register as registerDetach } from './steer/detach.ts';
import { register as registerApply } from './tune/apply.ts';
import { register as registerPlan } from './tune/plan.ts';
import { register as registerStatus } from './tune/status.ts';
import { register as registerTune } from './tune/tune.ts';
import { register as registerUndo } from './tune/undo.ts';
import { register as registerWatch } from './watch/watch.ts';
import { register as registerXdp } from './xdp/xdp.ts';

const EXAMPLES = `
Examples:
  locality-tune inspect                     how local packets are on this machine, and how to fix it
  locality-tune inspect --port 8080 -j      the same for one server, as JSON
  locality-tune inspect --root capture/     another machine, from a copy of its /proc and /sys

Exit status: 0 success, 1 failure, 2 wrong usage, 3 a check cannot tell, 77 missing privilege.`;

/** In the order of the help. */
export const COMMANDS: ReadonlyMap<string, (program: Command, help: ProgramHelp | null) => void> = new Map([
  ['inspect', registerInspect],
  ['live', registerLive],
  ['explain', registerExplain],
  ['findings', registerFindings],
  ['attach', registerAttach],
  ['detach', registerDetach],
  ['measure', registerMeasure],
  ['plan', registerPlan],
  ['tune', registerTune],
  ['prove', registerProve],
  ['apply', registerApply],
  ['undo', registerUndo],
  ['status', registerStatus],
  ['watch', registerWatch],
  ['xdp', registerXdp],
  ['export', registerExport],
  ['metrics', registerMetrics],
  ['balance', registerBalance],
  ['asm', registerAsm],
  ['disasm', registerDisasm],
  ['check', registerCheck],
  ['sim', registerSim],
  ['programs', registerPrograms],
  ['snapshot', registerSnapshot],
  ['report', registerReport],
  ['fleet', registerFleet],
  ['demo', registerDemo],
  ['doctor', registerDoctor],
  ['schema', registerSchema],
  ['completion', registerCompletion],
]);

/** Commands whose help names programs. */
const ABOUT_PROGRAMS: ReadonlySet<string> = new Set(['attach', 'prove', 'sim', 'programs']);

/** Commands that only read, so that a captured tree can replace the machine. */
const LOOKING: ReadonlySet<string> = new Set([
  'inspect',
  'explain',
  'snapshot',
  'report',
  'plan',
  'check',
  'doctor',
]);

/** Commands that read the files or names that they are given, and no machine at all. */
const MACHINELESS: ReadonlySet<string> = new Set([
  'findings',
  'balance check',
  'asm',
  'disasm',
  'sim',
  'programs',
  'fleet',
  'schema',
  'completion',
]);

/** Commands that take defaults from the configuration file. */
const CONFIGURED: ReadonlySet<string> = new Set([
  'inspect',
  'live',
  'plan',
  'apply',
  'tune',
  'watch',
  'export',
  'metrics',
]);

/** @param argv only the commands that it mentions are registered, or all if it mentions none */
export async function createProgram(argv: readonly string[]): Promise<Command> {
  return (await commandTree(argv)).hook('preAction', (_, command) => prepare(command));
}

/** The same without what commands check, read and enter before they run. */
export async function commandTree(argv: readonly string[]): Promise<Command> {
  const program = new Command('locality-tune')
    .description(
      'See, measure and tune the CPU locality of packets: NIC queue, IRQ, reuseport socket, worker.',
    )
    .version(packageVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: true, helpWidth: 100, visibleGlobalOptions })
    // The only text left for the error output is the help without a command, which is not an error.
    .configureOutput({ outputError: () => {}, writeOut: print, writeErr: print })
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  addGlobals(program);
  // Each takes half a millisecond, so only commands that are mentioned are registered, and none for the version alone.
  const isCompletion = argv[0] === 'completion';
  const mentioned = (isCompletion ? argv.slice(argv.indexOf('--')) : argv).filter((word) =>
    COMMANDS.has(word),
  );
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) return program;
  const needsHelp = !isCompletion && mentioned.some((word) => ABOUT_PROGRAMS.has(word));
  const help = needsHelp ? await import('./programs/program-help.ts') : null;
  for (const [name, register] of COMMANDS)
    if (mentioned.length === 0 || mentioned.includes(name) || (isCompletion && name === 'completion'))
      register(program, help);
  return program;
}

/** A command's help shows only the options that it takes. */
function visibleGlobalOptions(command: Command): Option[] {
  const refused = [
    ...(LOOKING.has(nameOf(command)) ? [] : ['--root']),
    ...(nameOf(command) === 'measure skb' ? ['--netns'] : []),
    ...(CONFIGURED.has(nameOf(command)) || nameOf(command) === 'doctor' ? [] : ['--config']),
  ];
  // The program's own help lists them as its options.
  if (command.parent === null) return [];
  return program(command).options.filter(({ long }) => long !== null && !refused.includes(long ?? ''));
}

const program = (command: Command): Command => (command.parent === null ? command : program(command.parent));

/** With the command above it: `measure skb`, `balance plan`. */
const nameOf = (command: Command): string =>
  command.parent?.parent ? `${command.parent.name()} ${command.name()}` : command.name();

/** Checks for every command, before it reads anything. */
async function prepare(command: Command): Promise<void> {
  const { root, netns, config } = command.optsWithGlobals<Globals>();
  const name = nameOf(command);
  if (root !== undefined && !LOOKING.has(name)) {
    const why = MACHINELESS.has(name) ? 'reads neither /proc nor /sys' : 'works only on the live machine';
    throw usage(`--root: ${name} ${why}`, 'omit --root');
  }
  if (root !== undefined && netns !== undefined) {
    throw usage('--netns: a captured tree has no network namespaces', 'use either --netns or --root');
  }
  if (CONFIGURED.has(name)) await takeDefaults(command, name);
  else if (config !== undefined && name !== 'doctor')
    throw usage(`--config: ${name} takes no defaults from a file`, 'omit --config');
  if (netns !== undefined) await enter(netns.asked, command);
}

/** Enters the network namespace; from then on the option also tells a process in it. */
async function enter(asked: string, command: Command): Promise<void> {
  const { netnsTarget } = await import('../host/netns-target.ts');
  const { openFiles } = await import('../system/files.ts');
  const { path, ...netns } = netnsTarget(openFiles('/'), asked);
  (await import('../system/netns.ts')).enterNetns(path, asked);
  let program = command;
  while (program.parent !== null) program = program.parent;
  program.setOptionValue('netns', netns);
  speakOutside(netns);
}
