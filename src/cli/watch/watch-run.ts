/** `locality-tune watch`: watches until it is stopped. What a watcher does not need for months is not loaded by it. */
import { statSync } from 'node:fs';
import { release } from 'node:os';
import type { NamedNetns } from '../../host/netns-target.ts';
import { type Column, table } from '../../report/table.ts';
import { eventLine } from '../../report/watch.ts';
import { GIVE_BACK_MS, giveBack } from '../../system/give-back.ts';
import { netnsFile } from '../../system/netns.ts';
import { passedSockets } from '../../system/service-manager.ts';
import { readTrusted } from '../../system/trusted.ts';
import { parseSaved } from '../../tune/saved.ts';
import { type LiveMachine, openMachine, requireRoot } from '../../use-cases/machine.ts';
import { type Daemon, startDaemon } from '../../watch/daemon.ts';
import { type Explained, explainSources } from '../../watch/explain-sources.ts';
import {
  type BaselineChoice,
  type Opened,
  openWatched,
  requirePorts,
  requireSettings,
} from '../../watch/live-machine.ts';
import { DEFAULTS } from '../../watch/policy.ts';
import { clockTime, EventLog, type Service, serve, type TimedEvent } from '../../watch/service.ts';
import { sentence } from '../../watch/summary.ts';
import { TIMES } from '../../watch/times.ts';
import type { WatchEvent } from '../../watch/types.ts';
import { count } from '../../words/phrase.ts';
import { asFailure, during, EXIT, usage } from '../errors.ts';
import { checkInterfaces } from '../host-source.ts';
import { printDocument, printLines, progress, say, styleOf } from '../output.ts';
import { untilInterrupted } from '../signals.ts';
import { inJournal, prefixed } from './journald.ts';
import { SCHEMA, type WatchCommandOptions } from './watch-options.ts';

const MOST_BYTES = 64 * 1024 * 1024;
/** 128 and the number of SIGHUP. */
const EXIT_HUNG_UP = 129;

export async function runWatch(options: WatchCommandOptions): Promise<void> {
  if (options.listen !== undefined && options.once)
    throw usage('--listen: cannot be combined with --once', 'use `locality-tune metrics` for metrics once');
  if (options.sample !== undefined && options.listen === undefined)
    throw usage('--sample: is for the metrics of --listen', 'add --listen 127.0.0.1:9884');
  contradictions(options);
  if (options.install || options.uninstall)
    return (await import('./watch-install.ts')).installOrRemove(options);
  if (options.pause !== undefined || options.resume) {
    requireRoot('watch', 'only root can speak to a running watcher');
    return (await import('./watch-ask.ts')).askWatcher(options);
  }
  requireRoot('watch', 'only root can read the journals, and the slots and workers of every server');
  if (!options.once) return watch(options);
  try {
    await watch(options);
  } catch (error) {
    (await import('./watch-check.ts')).cannotTell(error, options);
  }
}

/** Throws CliError usage. */
function contradictions(options: WatchCommandOptions): void {
  const jobs = [
    ...(options.once ? ['--once'] : []),
    ...(options.pause === undefined ? [] : ['--pause']),
    ...(options.resume ? ['--resume'] : []),
    ...(options.install ? ['--install'] : []),
    ...(options.uninstall ? ['--uninstall'] : []),
  ];
  if (jobs.length > 1) throw usage(`${jobs[0]}: cannot be combined with ${jobs[1]}`, 'omit one of them');
}

async function watch(options: WatchCommandOptions): Promise<void> {
  const machine = openMachine();
  const scope = { ifaces: options.iface ?? [], ports: options.port ?? [] };
  const choice = await baselineOf(options, machine);
  // Of a service SIGHUP means to read again, on a terminal that the terminal is gone.
  const isAttended = process.stdin.isTTY === true || process.stdout.isTTY === true;
  const hangUp = new AbortController();
  const homeless = new AbortController();
  const isGone = whetherGone(options.netns, machine.netns.inode);
  const stop = AbortSignal.any([untilInterrupted(), hangUp.signal, homeless.signal]);
  const log = new EventLog();
  const print = printer(options);
  const done = progress('reading the machine ...');
  const report = (event: WatchEvent): void => {
    const timed = { ...event, time: new Date().toISOString() };
    log.add(timed);
    print(timed);
  };
  // At boot an interface may come later.
  if (process.env['NOTIFY_SOCKET'] === undefined) checkInterfaces(machine.files, scope.ifaces);
  const opened = await openWatched(machine, choice, scope, stop, report).finally(done);
  if (options.once) return (await import('./watch-check.ts')).check(opened, choice, scope, options);
  // A service starts at boot, perhaps before anything is applied.
  if (process.env['NOTIFY_SOCKET'] === undefined) {
    requireSettings(opened.baseline, choice);
    requirePorts(opened, scope);
  }
  const policy = { ...DEFAULTS, kinds: new Set(options.repair ?? []) };
  let service: Service | null = null;
  let givenBackAt = Number.NEGATIVE_INFINITY;
  const tidyUp = (looks: number): void => {
    const now = performance.now();
    if (looks < 2 || now - givenBackAt < GIVE_BACK_MS) return;
    giveBack();
    givenBackAt = now;
  };
  const daemon: Daemon = await startDaemon(
    machine,
    opened,
    { ...TIMES, policy },
    {
      looked: (watcher) => {
        service?.tell();
        tidyUp(watcher.summary().checks);
        if (!isGone()) return;
        report(goneEvent(options.netns?.asked ?? ''));
        homeless.abort();
      },
      trouble: (message) => say(`locality-tune: ${message}; trying again\n`),
    },
  );
  if (options.explainSources) {
    printSources(explainSources(daemon.sources, release()), options);
    process.exit();
  }
  service = await serve(() => daemon, {
    scope: { netns: machine.netns.inode, interfaces: scope.ifaces, ports: scope.ports },
    repairs: options.repair ?? [],
    log,
    environment: process.env,
  });
  process.on('SIGHUP', () => {
    if (!isAttended) void reload(options, machine, opened, daemon, service);
    else hangUp.abort();
  });
  const metrics = await metricsOf(daemon, options, stop);
  // Only now: another watcher may have refused this one.
  await daemon.look();
  announce(daemon, options);
  service.tell();
  await Promise.all([daemon.run(stop), metrics?.ended]);
  await service.stop();
  if (hangUp.signal.aborted) process.exitCode = EXIT_HUNG_UP;
  if (homeless.signal.aborted) process.exitCode = EXIT.failed;
  if (options.onStop === 'undo') await undoAll(machine, options);
  say(`${sentence(daemon.watcher.summary(), clockTime)}\n`);
}

/**
 * A namespace lives as long as a process in it, such as this one: it is gone when its name is, or the process that it was
 * called by.
 */
function whetherGone(netns: NamedNetns | undefined, inode: number): () => boolean {
  const file = netns === undefined ? null : netnsFile(netns.pid === null ? netns.asked : `${netns.pid}`);
  return () => file !== null && statSync(file.path, { throwIfNoEntry: false })?.ino !== inode;
}

const goneEvent = (netns: string): WatchEvent => ({
  kind: 'link',
  subject: `network namespace ${netns}`,
  from: 'there',
  to: null,
  cause: 'it was deleted, so nothing is left to watch',
  by: null,
  action: 'none',
  why: '',
});

async function metricsOf(daemon: Daemon, options: WatchCommandOptions, stop: AbortSignal) {
  const passed = passedSockets(process.env, process.pid).map(({ fd }) => ({ fd }));
  const addresses = options.listen === undefined ? passed : [options.listen];
  if (addresses.length === 0) return null;
  const { serveMetricsOf } = await import('./watch-metrics.ts');
  return serveMetricsOf(daemon, addresses, options, stop);
}

/** Reads the baseline again, if it is no moment of the machine, and tries again what was given up. */
async function reload(
  options: WatchCommandOptions,
  machine: LiveMachine,
  opened: Opened,
  { watcher, wake }: Daemon,
  service: Service | null,
): Promise<void> {
  service?.reloading();
  try {
    const choice = await baselineOf(options, machine);
    if (choice !== 'now') watcher.replace(await opened.again(choice));
  } catch (error) {
    const { message } = asFailure(error, 'reload');
    say(`locality-tune: ${message}; the former baseline stays in force\n`);
  }
  watcher.resume();
  wake();
  service?.reloaded();
}

/** `--on-stop undo`: as `undo --all --yes` would. */
async function undoAll(machine: LiveMachine, options: WatchCommandOptions): Promise<void> {
  const { chooseJournals, journalsOf, takeBack, UNASKED } = await import('../../use-cases/undo.ts');
  const { undoneLines } = await import('../../report/tune.ts');
  const style = styleOf(options.color, process.stderr, process.env);
  const undone = await takeBack(machine, chooseJournals(journalsOf(machine), 'all'), UNASKED);
  for (const each of undone)
    for (const line of undoneLines(each, style)) say(`${line.map(({ text }) => text).join('')}\n`);
}

function announce({ watcher }: Daemon, options: WatchCommandOptions): void {
  const { source } = watcher.baseline;
  const { settings } = watcher.summary();
  if (options.json || options.pretty)
    printDocument({ schema: SCHEMA, watching: settings, baseline: source }, options);
  else say(`watching ${count(settings, 'setting')}; baseline: ${source}. Ctrl-C ends it.\n`);
}

function printer(options: WatchCommandOptions): (event: TimedEvent) => void {
  const style = styleOf(options.color, process.stdout, process.env);
  const isForJournal = inJournal(process.env);
  return (event) => {
    const prefix = isForJournal ? prefixed(event) : '';
    if (options.json || options.pretty) printDocument({ schema: SCHEMA, ...event }, options, prefix);
    else printLines([eventLine(event, isForJournal ? null : localTime(event), prefix)], style);
  };
}

const localTime = ({ time }: TimedEvent): string => new Date(time).toTimeString().slice(0, 8);

function printSources(explained: readonly Explained[], options: WatchCommandOptions): void {
  if (options.json || options.pretty) {
    printDocument({ schema: SCHEMA, sources: explained }, options);
    return;
  }
  const style = styleOf(options.color, process.stdout, process.env);
  const rows = explained.map(({ what, how, why }) => [what, how, why ?? '']);
  printLines(table(COLUMNS, rows, style), style);
}

const COLUMNS: readonly Column[] = [
  { head: 'what changes', align: 'left' },
  { head: 'how it is noticed', align: 'left' },
  { head: 'why not sooner', align: 'left' },
];

async function baselineOf(
  { baseline: text, repair = [] }: WatchCommandOptions,
  machine: LiveMachine,
): Promise<BaselineChoice> {
  if (text === 'applied' || text === 'now') return text;
  const choice = await readBaseline(text);
  if (repair.length === 0) return choice;
  const { requireMadeHere } = await import('../../use-cases/at-boot.ts');
  // Others may be compared with this machine, but not made of it.
  if ('saved' in choice) {
    const { machine: madeFor } = choice.saved;
    if (madeFor !== undefined) await requireMadeHere(machine, madeFor, `${text} is a plan for`);
  } else {
    const { machine: then, nics } = choice.host;
    await requireMadeHere(machine, { hostname: then.hostname, id: null, nics }, `${text} is a snapshot of`);
  }
  return choice;
}

async function readBaseline(text: string): Promise<Exclude<BaselineChoice, string>> {
  const content = await during(`--baseline ${text}`, 'read access to it', () =>
    readTrusted(text, MOST_BYTES),
  );
  if (content.includes('"locality-tune.snapshot/')) {
    const { parseSnapshot } = await import('../../snapshot/parse.ts');
    return { path: text, host: parseSnapshot(content).host };
  }
  if (content.includes('"locality-tune.saved/')) return { path: text, saved: parseSaved(content, text) };
  throw usage(
    `--baseline ${text}: is neither a saved plan nor a snapshot`,
    'use applied, now, or such a file',
  );
}
