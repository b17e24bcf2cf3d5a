/** `locality-tune fleet`: reads one machine after the other, keeps what it compares, prints. */
import { fleetOf } from '../../fleet/fleet.ts';
import { machineOf } from '../../fleet/machine.ts';
import type { Fleet, Machine, Unread } from '../../fleet/types.ts';
import type { Host } from '../../host/types.ts';
import { parsePaper } from '../../snapshot/paper.ts';
import { readText } from '../../snapshot/read.ts';
import { failure } from '../../system/errors.ts';
import { packageVersion } from '../../system/package.ts';
import { count } from '../../words/phrase.ts';
import { asFailure, cliFailure, EXIT, failureText, usage } from '../errors.ts';
import { narrow } from '../host-source.ts';
import type { Globals, OutputOptions } from '../options.ts';
import { printDocument, printLines, save, say, styleOf } from '../output.ts';

export interface FleetCommandOptions extends Globals, OutputOptions {
  readonly port?: number;
  readonly all?: true;
  readonly html?: true;
  readonly prometheus?: string;
  readonly match?: string;
  readonly window?: string;
  readonly header?: readonly string[];
}

export async function runFleet(files: readonly string[], options: FleetCommandOptions): Promise<void> {
  refuseContradictions(files, options);
  const { machines, unread, source } = await readMachines(files, options);
  await show(fleetOf(machines, unread), source, options);
  if (unread.length > 0) process.exitCode = EXIT.failed;
}

function refuseContradictions(
  files: readonly string[],
  { html, json, pretty, output, netns, prometheus, port, match, window, header }: FleetCommandOptions,
): void {
  if (files.length === 0 && prometheus === undefined)
    throw usage(
      'fleet: no files',
      'name snapshots (locality-tune snapshot -o web-07.json), or give --prometheus',
    );
  if (files.length > 0 && prometheus !== undefined)
    throw usage('--prometheus: cannot be combined with files', 'omit one of them');
  if (port !== undefined && prometheus !== undefined)
    throw usage(
      '--port: cannot be combined with --prometheus',
      'use --match, such as --match \'job="edge"\'',
    );
  const [alone] = Object.entries({ match, window, header }).find(([, value]) => value !== undefined) ?? [];
  if (alone !== undefined && prometheus === undefined)
    throw usage(`--${alone}: needs --prometheus`, 'add --prometheus URL');
  if (netns !== undefined) throw usage('--netns: fleet reads files', 'omit --netns');
  if (html && (json || pretty)) throw usage('--html: cannot be combined with -j', 'omit one of them');
  if (output !== undefined && !html) throw usage('-o: needs --html', 'redirect other output: > FILE');
}

async function readMachines(files: readonly string[], options: FleetCommandOptions) {
  const { prometheus } = options;
  if (prometheus !== undefined) {
    const { machinesFrom } = await import('./from-prometheus.ts');
    return { machines: await machinesFrom({ ...options, prometheus }), unread: [], source: 'Prometheus' };
  }
  const { machines, unread } = readAll(files, options);
  if (machines.length === 0)
    throw cliFailure('nothing-read', `fleet: ${count(files.length, 'file')}, and none could be read`, null);
  return { machines, unread, source: count(files.length, 'file') };
}

/** One file at a time is in memory. Reasons go to stderr at once, because hundreds of files take seconds. */
function readAll(files: readonly string[], { port }: FleetCommandOptions) {
  const machines: Machine[] = [];
  const unread: Unread[] = [];
  for (const file of files)
    try {
      machines.push(readMachine(file, port));
    } catch (error) {
      const reason = asFailure(error, file, 'read access to the file');
      if (reason.code === 'bug') throw error;
      say(`${failureText(reason)}\n`);
      unread.push({ source: file, error: reason.message.replace(`${file}: `, '') });
    }
  return { machines, unread };
}

function readMachine(file: string, port: number | undefined): Machine {
  const paper = parsePaper(readText(file));
  const onPort = (host: Host) => narrow(host, port === undefined ? {} : { port });
  if (paper.kind === 'machine') {
    const { host, time } = paper.snapshot;
    return machineOf(onPort(host), { source: file, time, measured: null });
  }
  const { host, last, rx } = paper.measured;
  if (host === null)
    throw failure(
      'no-machine',
      'the measurement does not contain its machine',
      'record it with: locality-tune live --record FILE',
    );
  const measured = rx.percent === null ? null : rx.percent / 100;
  return machineOf(onPort(host), { source: file, time: last, measured });
}

async function show(fleet: Fleet, source: string, options: FleetCommandOptions): Promise<void> {
  if (options.json || options.pretty) {
    printDocument({ schema: 'locality-tune.fleet/1', ...fleet }, options);
    return;
  }
  if (options.html) {
    const { fleetPage } = await import('../../html/fleet.ts');
    const compared = `${source}, compared ${new Date().toISOString()}`;
    await save(fleetPage(fleet, compared, packageVersion()), options);
    return;
  }
  const { fleetLines } = await import('../../report/fleet.ts');
  const style = styleOf(options.color, process.stdout, process.env);
  printLines(fleetLines(fleet, { ...style, all: options.all === true }), style);
}
