/**
 * `locality-tune measure udp`: by the probe if it runs, otherwise from the counters of sockets, drivers and interrupts.
 */
import { machine } from 'node:os';
import { readInterrupts } from '../../host/interrupts.ts';
import { cpuMapMeasureNotes, readKernelThreads } from '../../host/kernel-threads.ts';
import { readNics } from '../../host/nics.ts';
import { readMachine } from '../../host/topology.ts';
import { incompleteness } from '../../measure/completeness.ts';
import { pause } from '../../measure/pause.ts';
import { commOf, withOwner } from '../../measure/process.ts';
import { type QueueTotals, queueRates, readQueueTotals } from '../../measure/queue-rates.ts';
import { startSession } from '../../measure/session.ts';
import type { Session } from '../../measure/types.ts';
import { type Reads, toReads, toUdpSockets, udpQuestion } from '../../measure/udp.ts';
import { NO_OWNERS, readUdpFacts, type UdpOwners } from '../../measure/udp-facts.ts';
import { udpLines } from '../../report/udp.ts';
import { type Failure, isFailure } from '../../system/errors.ts';
import { openFiles } from '../../system/files.ts';
import { openKernel } from '../../system/kernel.ts';
import type { OwnedSocket, UdpInterval } from '../documents/measure.ts';
import { createNotePrinter, printDocument, printLines, styleOf, toMilliseconds } from '../output.ts';
import { untilInterrupted } from '../signals.ts';
import { checkSubject, filterOf, type MeasureOptions, only, showingStart } from './measure-options.ts';

export async function runMeasureUdp(options: MeasureOptions): Promise<void> {
  checkSubject(options.pid, options.port, 'udp');
  const signal = untilInterrupted();
  const session = await showingStart(() => startOrWhy(options, signal));
  const look = await createLooker(options);
  if (!('intervals' in session)) return count(session, options, look, signal);
  const show = printer(options);
  const redirected = cpuMapMeasureNotes(readKernelThreads(openFiles('/')), 'delivered');
  for await (const interval of session.intervals) {
    const { time, seconds, lost } = interval;
    const sockets = await look(toReads(interval.counts), seconds);
    const notes = [...session.variant.notes, ...redirected, ...incompleteness(interval)];
    show({ time, seconds, coverage: session.variant.name, sockets, queues: null, lost, notes });
  }
}

async function startOrWhy(options: MeasureOptions, signal: AbortSignal): Promise<Session | Failure> {
  try {
    const question = udpQuestion(filterOf(options), options.interval);
    return await startSession(only(question, options), { count: options.count ?? null, signal });
  } catch (error) {
    if (!isFailure(error)) throw error;
    return error;
  }
}

/** Joins the counts with the present sockets; remembers who serves them, and how much they had dropped. */
async function createLooker(
  options: MeasureOptions,
): Promise<(reads: Reads | null, seconds: number) => Promise<OwnedSocket[]>> {
  const filter = filterOf(options);
  const nameOf = commOf(openFiles('/'));
  let served: UdpOwners = NO_OWNERS;
  let drops: ReadonlyMap<number, number | null> = new Map();
  const read = async (seen: ReadonlySet<number>) => {
    const system = { files: openFiles('/'), kernel: openKernel() };
    const read = await readUdpFacts(system, machine(), filter.port, seen, served);
    served = read.served;
    const before = drops;
    drops = new Map(read.facts.map((fact) => [fact.inode, fact.drops]));
    return { facts: read.facts, before };
  };
  await read(new Set());
  return async (reads, seconds) => {
    const { facts, before } = await read(new Set(reads?.keys()));
    const sockets = toUdpSockets(reads, facts, before, seconds, filter, nameOf).map(
      withOwner(openFiles('/')),
    );
    if (options.netns === undefined) return sockets;
    // Probes see every network namespace; a dump sees only ours.
    const ours = new Set(facts.map(({ inode }) => inode));
    return sockets.filter(({ inode }) => ours.has(inode));
  };
}

const NOT_COUNTED =
  'datagrams are not counted per socket: queue and drops are those of each socket; packets are those of each RX queue, of all protocols';

/** Without a probe: the counters that exist anyway. */
async function count(
  why: Failure,
  options: MeasureOptions,
  look: (reads: null, seconds: number) => Promise<OwnedSocket[]>,
  signal: AbortSignal,
): Promise<void> {
  const { interval, count = Number.POSITIVE_INFINITY } = options;
  const system = { files: openFiles('/'), kernel: openKernel() };
  const interrupts = readInterrupts(system.files);
  const nics = await readNics(system, readMachine(system, interrupts), interrupts);
  const show = printer(options);
  let before: QueueTotals = await readQueueTotals(system, nics);
  let began = performance.now();
  for (let given = 0; given < count && !signal.aborted; given++) {
    await pause(interval, signal);
    const after = await readQueueTotals(system, nics);
    const ended = performance.now();
    const seconds = (ended - began) / 1000;
    const sockets = await look(null, seconds);
    const queues = queueRates(nics, before, after, seconds);
    const notes = [`not measured: ${why.message} (${why.hint})`, NOT_COUNTED];
    show({ time: new Date(), seconds, coverage: 'counters', sockets, queues, lost: 0, notes });
    before = after;
    began = ended;
  }
}

function printer(options: MeasureOptions): (document: UdpInterval) => void {
  const style = styleOf(options.color, process.stdout, process.env);
  const printNotes = createNotePrinter();
  return (document) => {
    if (options.json || options.pretty)
      return printDocument(
        { schema: 'locality-tune.udp/1', ...document, seconds: toMilliseconds(document.seconds) },
        options,
      );
    printNotes(document.notes);
    printLines(udpLines(document, style), style);
  };
}
