/** `locality-tune xdp drops`: what XDP loses on the interfaces of this network namespace, and why. */
import { constants } from 'node:os';
import { incompleteness } from '../../measure/completeness.ts';
import { startSession } from '../../measure/session.ts';
import { toXdpDrops, type XdpDrops, xdpDropsQuestion } from '../../measure/xdp-drops.ts';
import { dropsLines, type InterfaceDrops } from '../../report/xdp-drops.ts';
import { openFiles } from '../../system/files.ts';
import { type AttachedProgram, xdpStates } from '../../xdp/state.ts';
import { during } from '../errors.ts';
import { checkInterfaces } from '../host-source.ts';
import { showingStart } from '../measure/measure-options.ts';
import type { Globals } from '../options.ts';
import { createNotePrinter, printDocument, printLines, styleOf, toMilliseconds } from '../output.ts';
import { untilInterrupted } from '../signals.ts';

export interface XdpDropsOptions extends Globals {
  readonly iface?: readonly string[];
  /** Seconds. */
  readonly interval: number;
  readonly count?: number;
}

export async function runXdpDrops(options: XdpDropsOptions): Promise<void> {
  const ifaces = options.iface ?? [];
  checkInterfaces(openFiles('/'), ifaces);
  const signal = untilInterrupted();
  const session = await showingStart(() =>
    startSession(xdpDropsQuestion(options.interval), { count: options.count ?? null, signal }),
  );
  const style = styleOf(options.color, process.stdout, process.env);
  const printNotes = createNotePrinter();
  for await (const interval of session.intervals) {
    const { time, seconds, lost } = interval;
    // A program may have been replaced since.
    const states = await during('xdp drops', 'CAP_BPF and CAP_SYS_ADMIN', xdpStates);
    const all = states.flatMap(({ name, programs }) => programs.map((each) => [name, each] as const));
    const drops = toXdpDrops(interval.counts);
    const found = all.map(([name, program]) => of(name, program, drops));
    const report = {
      seconds: toMilliseconds(seconds),
      interfaces: found.filter(({ iface }) => ifaces.length === 0 || ifaces.includes(iface)),
      elsewhere: elsewhere(
        drops,
        all.map(([, program]) => program),
      ),
    };
    const notes = incompleteness(interval);
    if (options.json || options.pretty)
      printDocument({ schema: 'locality-tune.xdp-drops/1', time, ...report, lost, notes }, options);
    else {
      printNotes(notes);
      printLines(dropsLines(report, style), style);
    }
  }
}

const ACTION = { aborted: 0, tx: 3, redirect: 4 } as const;

function of(iface: string, program: AttachedProgram, { programs, ways }: XdpDrops): InterfaceDrops {
  const own = programs.filter(({ programId }) => programId === program.programId);
  const maps = new Set(program.info?.mapIds);
  const by = (wanted: number) =>
    own.reduce((sum, { action, count }) => sum + (action === wanted ? count : 0), 0);
  const on = (wanted: 'queue' | 'memory') =>
    ways
      .filter(({ mapId, why }) => maps.has(mapId) && why === wanted)
      .map(({ cpu, count }) => ({ cpu, dropped: count }))
      .sort((a, b) => a.cpu - b.cpu);
  return {
    iface,
    program: { id: program.programId, name: program.info?.name ?? null },
    aborted: by(ACTION.aborted),
    sendFailed: by(ACTION.tx),
    redirectFailed: by(ACTION.redirect),
    redirectErrors: own.flatMap(({ errno, count }) =>
      errno === null ? [] : [{ errno: nameOf(errno), count }],
    ),
    queues: on('queue'),
    memory: on('memory'),
  };
}

const nameOf = (errno: number): string =>
  Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;

/** Probes see every network namespace. */
function elsewhere({ programs, ways }: XdpDrops, here: readonly AttachedProgram[]): number {
  const ids = new Set(here.map(({ programId }) => programId));
  const maps = new Set(here.flatMap(({ info }) => info?.mapIds ?? []));
  const counts = [
    ...programs.filter(({ programId, errno }) => errno === null && !ids.has(programId)),
    ...ways.filter(({ mapId }) => !maps.has(mapId)),
  ];
  return counts.reduce((sum, { count }) => sum + count, 0);
}
